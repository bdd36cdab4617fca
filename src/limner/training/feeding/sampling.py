"""Sampling weights of photos, to balance a dataset."""

import numpy as np
from numpy.typing import NDArray

from limner.data.prepared import PreparedSet
from limner.errors import DataError, UsageError
from limner.faces.smile import SMILING
from limner.training.config import Config

__all__ = ["absent_sources", "photo_weights", "weighted_order"]


def photo_weights(config: Config, prepared: PreparedSet) -> NDArray[np.float64] | None:
    """How often each photo of the split `train` is shown, relative to the others.

    Returns:
        `[N]`, in the order of `PreparedSet.images`; None if all are shown equally often.

    Raises:
        UsageError: All weights are 0.
        DataError: `config.smiling` needs smile scores, and there are none.
    """
    if not config.sampling and config.smiling == 1:
        return None
    sources = prepared.column("source", "train", "photo")
    weights = np.array([config.sampling.get(source, 1.0) for source in sources])
    if config.smiling != 1:
        scores = prepared.column("smile", "train", "photo")
        if all(score is None for score in scores):
            raise DataError(
                f"smiling is {config.smiling}, and no photo of {prepared.path} has a smile score; "
                "prepare it again, or set smiling to 1"
            )
        smiles = np.array([score is not None and score > SMILING for score in scores])
        weights[smiles] *= config.smiling
    if not weights.any():
        raise UsageError("sampling and smiling give all photos the weight 0; set some above 0")
    return weights


def absent_sources(config: Config, prepared: PreparedSet) -> str:
    """Which sources of `config.sampling` the dataset lacks, as a line for the user; '' if none.

    Experiments have weights for the sources of their own dataset, so this is no error for others.
    """
    sources = set(prepared.column("source", "train", "photo"))
    absent = sorted(config.sampling.keys() - sources)
    if not absent:
        return ""
    return (
        f"sampling has no effect for {', '.join(absent)}: {prepared.path} has photos of "
        f"{', '.join(sorted(sources))} in its split 'train'"
    )


def weighted_order(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The order of an epoch of N images, each shown in proportion to its weight.

    Systematic resampling (Kitagawa 1996, *Monte Carlo Filter and Smoother for Non-Gaussian
    Nonlinear State Space Models*, appendix): an image that is due 2.3 times is shown two or three
    times, one that is due 0.3 times once or not at all. So the shares of an epoch are exact to one
    image, while independent draws would vary.

    Args:
        weights: `[N]`, at least 0, some above.
        rng: Of this epoch.

    Returns:
        `[N]`, indices of images.
    """
    count = len(weights)
    order = rng.permutation(np.flatnonzero(weights))
    due = np.cumsum(weights[order])
    at = (rng.random() + np.arange(count)) * (due[-1] / count)
    # Rounding of the sums may put the last one beyond `due`.
    shown = order[np.searchsorted(due, at, side="right").clip(max=len(order) - 1)]
    return rng.permutation(shown)
