"""Cycle consistency: can the sketch be reconstructed from the generated photo?

The model translates sketch to photo to sketch (Zhu, Park, Isola and Efros 2017, *Unpaired
Image-to-Image Translation using Cycle-Consistent Adversarial Networks*). The two sketches are
compared by mean absolute error (their L1 loss) and by SSIM (see `limner.metrics.likeness.ssim`).

A good reconstruction shows that no information was lost, not that it is visible in the photo: such
models can hide a sketch in a photo (Chu, Zhmoginov and Sandler 2017, *CycleGAN, a Master of
Steganography*). `strokes` evaluates what is visible.
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
"""Standard deviation, as a fraction of white, below which a sheet counts as blank."""


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures in grey, as a fraction of white: 0 to 1.

    Args:
        one: `[S, S, 3]` RGB.
        other: Of the same shape; the order does not matter.

    Raises:
        UsageError: The shapes do not match.
    """
    if one.shape != other.shape or one.ndim != 3:
        raise UsageError(
            f"pictures are {list(one.shape)} and {list(other.shape)}; expected the same [S, S, 3]"
        )
    return float(np.abs(grey(one) - grey(other)).mean(dtype=np.float64))


def _cycle(sketch: NDArray[np.uint8], back: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Difference, SSIM and the standard deviation of the reconstructed sketch: `[3]`."""
    found = (difference(sketch, back), ssim(sketch, back), grey(back).std())
    return np.array(found, np.float32)


CYCLE = Computed(name="cycle", version=1, function=_cycle)
"""`[3]`, of a sketch and its reconstruction."""


@dataclass(frozen=True)
class Cycle:
    """Errors of the sketches reconstructed from the generated photos."""

    name: ClassVar[str] = "cycle"
    title: ClassVar[str] = "Cycle consistency"
    question: ClassVar[str] = "Can the sketch be reconstructed from the generated photo?"
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
        f"{count} of {of} reconstructed sketches are blank, which scores well for a sketch of few "
        "strokes: check them"
    )
