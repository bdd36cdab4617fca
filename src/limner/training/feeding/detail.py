"""Which photos have enough detail for crops at full size."""

import numpy as np
from numpy.typing import NDArray

from limner.data.prepared import PreparedSet
from limner.training.config import Config

__all__ = ["count_of", "sharp_photos"]

_REFERENCE_SIZE = 256
"""Size of the photos that `Fine.eye_distance` speaks of."""


def sharp_photos(config: Config, prepared: PreparedSet) -> NDArray[np.bool_] | None:
    """Which photos of the split `train` have detail enough for crops at full size to count.

    Those whose eyes were as far apart as `config.fine.eye_distance` says in the picture that they
    were cut from, and those of which it is not known. None where no crops are shown.
    """
    if not config.fine.crop:
        return None
    least = _least_eye_distance(config)
    found = prepared.column("eye_distance", "train", "photo")
    return np.array([distance is None or distance >= least for distance in found])


def count_of(config: Config, sharp: NDArray[np.bool_] | None) -> str:
    """How many photos have detail enough, as a line for the user; '' where no crops are shown."""
    if sharp is None:
        return ""
    return (
        f"crops at full size count for {sharp.sum():,} of {len(sharp):,} photos, whose outer eye "
        f"corners were at least {_least_eye_distance(config):g} px apart in the original"
    )


def _least_eye_distance(config: Config) -> float:
    """In px of the original, for photos of this size."""
    return config.fine.eye_distance * config.size / _REFERENCE_SIZE
