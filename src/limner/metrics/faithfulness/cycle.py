"""Cycle: does a sketch come back from the photo that was made of it?

Sketch to photo to sketch again by the model itself: what Zhu, Park, Isola and Efros 2017, *Unpaired
Image-to-Image Translation using Cycle-Consistent Adversarial Networks*, call cycle consistency, as
the mean absolute difference (their L1 loss) and as SSIM (see `limner.metrics.likeness.ssim`).

A sketch that comes back says that nothing was lost on the way, not that the photo shows it: such
models can hide a sketch in a photo where no eye sees it (Chu, Zhmoginov and Sandler 2017,
*CycleGAN, a Master of Steganography*). What the eye sees is the matter of `strokes`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.likeness.ssim import ssim
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["CYCLE", "Cycle", "difference"]

_BLANK = 0.01
"""Standard deviation, as a share of white, below which a sheet is called blank."""


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures in grey, as a share of white: 0 to 1.

    Args:
        one: `[S, S, 3]` RGB.
        other: Of the same shape; which is which does not matter.

    Raises:
        UsageError: The shapes are others.
    """
    if one.shape != other.shape or one.ndim != 3:
        raise UsageError(
            f"pictures are {list(one.shape)} and {list(other.shape)}; expected the same [S, S, 3]"
        )
    return float(np.abs(grey(one) - grey(other)).mean(dtype=np.float64))


def _cycle(sketch: NDArray[np.uint8], back: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Difference, SSIM and the standard deviation of what came back: `[3]`."""
    found = (difference(sketch, back), ssim(sketch, back), grey(back).std())
    return np.array(found, np.float32)


CYCLE = Computed(name="cycle", version=1, function=_cycle)
"""`[3]`, of a sketch and what came back of it."""


@dataclass(frozen=True)
class Cycle:
    """Does the sketch come back from the generated photo?"""

    name: ClassVar[str] = "cycle"
    title: ClassVar[str] = "Cycle consistency"
    question: ClassVar[str] = "Does the sketch come back from the photo that was generated from it?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"pair": Input.of(CYCLE, "sketch", "back")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        pairs = features["pair"]
        blank = int((pairs[:, 2] < _BLANK).sum())
        warnings = (_blank(blank, len(pairs)),) if blank else ()
        yield Score(
            name="cycle.difference",
            title="mean absolute error of the reconstructed sketch",
            estimate=resampling.mean(pairs[:, 0]),
            better="lower",
            unit="%",
            digits=1,
            warnings=warnings,
        )
        yield Score(
            name="cycle.ssim",
            title="SSIM of the reconstructed sketch",
            estimate=resampling.mean(pairs[:, 1]),
            better="higher",
            warnings=warnings,
        )


def _blank(count: int, of: int) -> str:
    return (
        f"{count} of {of} sketches came back as blank sheets, which are near to a sketch of few "
        "strokes: look at them"
    )
