"""Brightness: are generated photos as bright as the ground truth?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["BRIGHTNESS", "Brightness", "brightness"]


def brightness(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean luminance of a picture `[S, S, 3]`, as a fraction of white: `[1]`."""
    return np.array([grey(picture).mean(dtype=np.float64)], np.float32)


BRIGHTNESS = Computed(name="brightness", version=1, function=brightness)


@dataclass(frozen=True, kw_only=True)
class Brightness:
    """How much brighter generated photos are than the ground truth, including the background."""

    name: ClassVar[str] = "brightness"
    title: ClassVar[str] = "Brightness"
    question: ClassVar[str] = "Are generated photos as bright as the ground truth?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(BRIGHTNESS, "generated"),
        "ground_truth": Input.of(BRIGHTNESS, "ground_truth"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        lighter = (features["generated"] - features["ground_truth"])[:, 0].astype(np.float64)
        yield Score(
            name="brightness.drift",
            title="brightness, compared with the ground truth",
            estimate=resampling.mean(lighter),
            better="nearer",
            unit="%",
            digits=1,
        )
        yield Score(
            name="brightness.error",
            title="mean absolute brightness error",
            estimate=resampling.mean(np.abs(lighter)),
            better="lower",
            unit="%",
            digits=1,
        )
