"""SSIM: do brightness, contrast and structure match the ground truth at each pixel?

The structural similarity index of Wang, Bovik, Sheikh and Simoncelli 2004, *Image Quality
Assessment: From Error Visibility to Structural Similarity* (IEEE TIP 13(4)), with the constants of
the paper: grey pictures, Gaussian windows of 11x11 px with a standard deviation of 1.5 px, moments
of the window and not of a sample, K1 = 0.01, K2 = 0.03, only windows inside the picture.

The window is in pixels: do not compare scores of pictures of different sizes. A shift by a pixel
costs much and a blur little, so SSIM is not a metric of realism.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from limner.errors import UsageError
from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["SSIM", "Ssim", "ssim"]

_WINDOW = 11  # px


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean structural similarity of two pictures: 1 for equal ones, about 0 for unrelated ones.

    For two pictures of one tone each, it is the similarity of the tones.

    Args:
        one: `[S, S, 3]` RGB, S at least 11 px.
        other: Of the same shape; the order does not matter.

    Raises:
        UsageError: The shapes do not match.
    """
    if one.shape != other.shape or one.ndim != 3 or min(one.shape[:2]) < _WINDOW:
        raise UsageError(
            f"pictures are {list(one.shape)} and {list(other.shape)}; "
            f"expected the same [S, S, 3], S at least {_WINDOW}"
        )
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            grey(one),
            grey(other),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def _ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.array([ssim(one, other)], np.float32)


SSIM = Computed(name="ssim", version=1, function=_ssim)
"""`[1]`, of two pictures."""


@dataclass(frozen=True)
class Ssim:
    """SSIM between generated photos and the ground truth."""

    name: ClassVar[str] = "ssim"
    title: ClassVar[str] = "Structural similarity (SSIM)"
    question: ClassVar[str] = "Do brightness and structure match the ground truth at each pixel?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"pair": Input.of(SSIM, "generated", "ground_truth")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        yield Score(
            name="ssim.grey",
            title="SSIM with the ground truth",
            estimate=resampling.mean(features["pair"][:, 0]),
            better="higher",
        )
