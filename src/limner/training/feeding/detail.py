"""Selection of the photos with enough detail for crops at full resolution."""

import numpy as np
from numpy.typing import NDArray

from limner.data.prepared import PreparedSet
from limner.training.config import Config

__all__ = ["count_of", "sharp_photos"]

_REFERENCE_SIZE = 256
"""Size of photos that `Fine.eye_distance` refers to."""


def sharp_photos(config: Config, prepared: PreparedSet) -> NDArray[np.bool_] | None:
    """Which photos of the split `train` have enough detail for crops at full resolution.

    Those whose eyes were at least as far apart in the original image as `config.fine.eye_distance`
    says, and those for which this is unknown. None if no crops are shown.
    """
    if not config.fine.crop:
        return None
    least = _least_eye_distance(config)
    found = prepared.column("eye_distance", "train", "photo")
    return np.array([distance is None or distance >= least for distance in found])


def count_of(config: Config, sharp: NDArray[np.bool_] | None) -> str:
    """How many photos have enough detail, as a line for the user; '' if no crops are shown."""
    if sharp is None:
        return ""
    return (
        f"crops at full resolution count for {sharp.sum():,} of {len(sharp):,} photos, whose outer "
        f"eye corners were at least {_least_eye_distance(config):g} px apart in the original"
    )


def _least_eye_distance(config: Config) -> float:
    """In px of the original, for photos of this size."""
    return config.fine.eye_distance * config.size / _REFERENCE_SIZE
