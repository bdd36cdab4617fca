"""Contrast: have generated faces the light and shade of the ground truth?

A washed-out photo, or one that is lit from everywhere, can have the right mean brightness and the
right skin, and still look flat. The contrast of a face is the standard deviation of its lightness
L* (CIE 15; sRGB, D65): the root-mean-square contrast of Peli 1990, *Contrast in complex images*,
in a unit that is even to the eye. A blur takes pores and strokes away first: they are measured by
`sharpness` and `hatching`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling, Weights, means
from limner.metrics.score import Score
from limner.sketching.filters import blur

__all__ = ["CONTRAST", "Contrast", "contrast"]

_FACE = (0.15, 0.85, 0.2, 0.8)
"""Top, bottom, left, right of the face, as fractions of the side: no background, little hair."""
_FINE = 2.0
"""Of the blur: px of a crop of 128 px."""
_LEAST = 1e-3
"""Minimum of the ground truth's contrast, in L*: a plain area has none."""


def contrast(picture: NDArray[np.uint8]) -> float:
    """Standard deviation of L* over the face of an aligned crop `[S, S, 3]`; 0 if it is plain."""
    lightness = blur(rgb2lab(picture)[..., 0].astype(np.float32), _FINE)
    top, bottom, left, right = (round(share * len(picture)) for share in _FACE)
    return float(lightness[top:bottom, left:right].std(dtype=np.float64))


def _contrast(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.array([contrast(picture)], np.float32)


CONTRAST = Computed(name="contrast", version=1, function=_contrast)


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Mean contrast of generated faces, relative to that of the ground truth."""

    name: ClassVar[str] = "contrast"
    title: ClassVar[str] = "Contrast"
    question: ClassVar[str] = "Have generated faces the light and shade of the ground truth?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(CONTRAST, "generated"),
        "ground_truth": Input.of(CONTRAST, "ground_truth"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated, truth = (
            features[role][:, 0].astype(np.float64) for role in ("generated", "ground_truth")
        )

        def ratio(weights: Weights) -> NDArray[np.float64]:
            return means(weights, generated) / np.maximum(means(weights, truth), _LEAST)

        yield Score(
            name="contrast.ratio",
            title="light and shade of the face, relative to the ground truth",
            estimate=resampling.of(ratio, len(generated)),
            better="nearer",
            target=1,
            digits=2,
            per_image=generated / np.maximum(truth, _LEAST),
        )
