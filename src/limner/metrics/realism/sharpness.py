"""Sharpness: are generated photos as sharp as real ones?

The mean squared gradient of an edge that is blurred by b px falls with the scale s at which it is
computed, as 1 / sqrt(b^2 + s^2). The ratio of the gradients at a fine and at a coarse scale
therefore shows how blurred a picture is, whatever its brightness, contrast and content. Zhuo and
Sim 2011, *Defocus map estimation from a single image*, estimate the blur of edges in this way.

Noise would count as sharpness. Its strength is estimated with the mask of Immerkær 1996, *Fast
noise variance estimation*, here by a median so that edges do not count (Donoho and Johnstone 1994),
and what white noise of that strength adds to the gradients is subtracted. Noise that is not white,
as in an enlarged picture, still counts as sharpness, and so do the halos of an oversharpened
picture.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling, Weights, means
from limner.metrics.score import Score

__all__ = ["SHARPNESS", "Sharpness", "sharpness"]

_SCALES = (0.7, 2.8)
"""Scales in px of the aligned crop: of an edge's finest detail, and of the edge itself."""
_FACE = (0.15, 0.85, 0.2, 0.8)
"""Top, bottom, left, right of the face, as fractions of the side: no background."""
_MASK = np.array([1, -2, 1]) / np.sqrt(6)
"""Along both axes: white noise keeps its strength; flat parts, slopes and straight edges vanish."""
_NORMAL = 0.6745
"""Median of the absolute value of a standard normal variable."""
_LEAST = (0.05 / 255) ** 2
"""Added to the gradient's square at the coarse scale, so that a flat picture has a sharpness."""
_CHANCE = 0.5
"""Minimum gradient at the coarse scale, as a fraction of what noise adds to it; below that it is
chance, and the ratio is arbitrary."""
_BLURRED = 1.5
_FEW = 20


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Ratio of a face's gradients at a fine and at a coarse scale.

    Edges on a plain background have from 1, very blurred, to 2, ideal: the root of the ratio of the
    scales. Hair and skin increase it, so that photos of faces have a little more than 2. A flat
    picture has 0, and so has pure noise.

    Args:
        picture: Aligned, `[S, S, 3]` RGB. Blur is in px of S: a picture that was enlarged to S is
            blurred.
    """
    light = grey(picture)
    noise = np.median(np.abs(_face(_filtered(light, _MASK, _MASK)))) / _NORMAL
    of_noise = [float(noise**2 * _gain(scale)) for scale in _SCALES]
    fine, coarse = (
        float(np.mean(_face(_squared_gradient(light, scale)))) - part
        for scale, part in zip(_SCALES, of_noise, strict=True)
    )
    if coarse < _CHANCE * of_noise[1]:
        return 0.0
    return float(np.sqrt(max(fine, 0.0) / (coarse + _LEAST)))


def _face(light: NDArray[np.float32]) -> NDArray[np.float32]:
    top, bottom, left, right = (round(share * len(light)) for share in _FACE)
    return light[top:bottom, left:right]


def _squared_gradient(light: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    smooth, slope = _kernels(scale)
    across, down = _filtered(light, slope, smooth), _filtered(light, smooth, slope)
    squared: NDArray[np.float32] = np.square(across) + np.square(down)
    return squared


def _filtered(
    light: NDArray[np.float32], across: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Correlated with a kernel along x and one along y; edge pixels are repeated as padding."""
    for kernel in (down, across):  # along the columns, and transposed after each
        rows = len(light)
        reach = len(kernel) // 2
        extended = np.pad(light, ((reach, reach), (0, 0)), mode="edge")
        parts = (np.float32(tap) * extended[i : i + rows] for i, tap in enumerate(kernel))
        light = functools.reduce(np.add, parts).T
    return light


@functools.cache
def _kernels(scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A Gaussian, and its derivative, scaled so that a slope of 1 per pixel gives 1."""
    reach = np.arange(-int(4 * scale + 0.5), int(4 * scale + 0.5) + 1)
    smooth = np.exp(-np.square(reach) / 2 / scale**2)
    slope = reach * smooth
    return smooth / smooth.sum(), slope / (slope @ reach)


@functools.cache
def _gain(scale: float) -> float:
    """Mean squared gradient of white noise of variance 1."""
    point = np.zeros((41, 41), np.float32)
    point[20, 20] = 1
    return float(_squared_gradient(point, scale).sum())


def _feature(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.array([sharpness(picture)], np.float32)


SHARPNESS = Computed(name="sharpness", version=2, function=_feature)
"""`[1]`: see `sharpness`."""


@dataclass(frozen=True)
class Sharpness:
    """Mean sharpness of generated photos, relative to that of real ones."""

    name: ClassVar[str] = "sharpness"
    title: ClassVar[str] = "Sharpness"
    question: ClassVar[str] = "Are generated photos as sharp as real ones?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(SHARPNESS, "generated"),
        "real": Input.of(SHARPNESS, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated, real = (
            features[role][:, 0].astype(np.float64) for role in ("generated", "real")
        )
        warnings = []
        if real.mean() < _BLURRED:
            warnings.append(
                f"the real photos have a sharpness of {real.mean():.2f}, but most photos have more "
                "than 2: they are not photos, or were enlarged from small ones"
            )
        if len(real) < _FEW:
            warnings.append(f"{len(real)} real photos are few to compare sharpness with")

        def ratio(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            return means(generated_weights, generated) / np.maximum(means(real_weights, real), 1e-6)

        yield Score(
            name="sharpness.ratio",
            title="sharpness, relative to real photos",
            estimate=resampling.of(ratio, len(generated), len(real)),
            better="nearer",
            target=1,
            digits=2,
            warnings=tuple(warnings),
            per_image=generated / max(float(real.mean()), 1e-6),
        )
