"""Sampling weights and exposure of photos, to balance a dataset."""

import numpy as np
from numpy.typing import NDArray

from limner.data.prepared import PreparedSet
from limner.errors import DataError, UsageError
from limner.faces.smile import SMILING
from limner.training.config import Config

__all__ = ["expose", "lift", "photo_weights", "weighted_order"]

DARK = 125
"""Median grey level of a face below which it is lifted, of 0..255, ..."""
GREY = 150
"""... halfway to this one."""


def photo_weights(config: Config, prepared: PreparedSet) -> NDArray[np.float64] | None:
    """How often each photo of the split `train` is shown, relative to the others.

    Returns:
        `[N]`, in the order of `PreparedSet.images`; None where all are shown equally often.

    Raises:
        UsageError: `config.sampling` names a source that the set lacks, or leaves nothing to show.
        DataError: `config.smiling` needs to know who smiles, and nobody has judged it.
    """
    if not config.sampling and config.smiling == 1:
        return None
    sources = prepared.column("source", "train", "photo")
    if unknown := sorted(config.sampling.keys() - set(sources)):
        raise UsageError(
            f"sampling names the source '{unknown[0]}', of which {prepared.path} has no photos in "
            f"its split 'train'; its sources are {', '.join(sorted(set(sources)))}"
        )
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


def weighted_order(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """An epoch of as many pictures as there are, each shown in proportion to its weight.

    Systematic resampling (Kitagawa 1996, *Monte Carlo Filter and Smoother for Non-Gaussian
    Nonlinear State Space Models*, appendix): a picture that is due 2.3 times is shown two or three
    times, one that is due 0.3 times once or not at all. So the shares of an epoch are right to the
    picture, where independent draws would scatter.

    Args:
        weights: `[N]`, at least 0, some above.
        rng: Of this epoch.

    Returns:
        `[N]`, places of pictures.
    """
    count = len(weights)
    order = rng.permutation(np.flatnonzero(weights))
    due = np.cumsum(weights[order])
    at = (rng.random() + np.arange(count)) * (due[-1] / count)
    # The last one is beyond `due` if the sums were rounded so.
    shown = order[np.searchsorted(due, at, side="right").clip(max=len(order) - 1)]
    return rng.permutation(shown)


def lift(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a dark face halfway to mid-grey, by a gamma; leave others as they are.

    The median grey level of the middle of the crop, a quarter of the side away from its edges, goes
    from m to (m + 150) / 2 where it is below 125.

    Args:
        photo: An aligned crop, `[S, S, 3]`.
    """
    side = photo.shape[0]
    inner = slice(side // 4, side - side // 4)
    median = float(np.median(photo[inner, inner].mean(axis=2)))
    if median >= DARK:
        return photo
    # A face in the dark would be turned into noise by the gamma of its own level.
    gamma = np.log((median + GREY) / 2 / 255) / np.log(max(median, 8) / 255)
    return expose(photo, gamma)


def expose(photo: NDArray[np.uint8], gamma: float) -> NDArray[np.uint8]:
    """Show it lighter, by a gamma below 1, or darker; any shape, black and white stay."""
    levels: NDArray[np.uint8] = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return levels[photo]
