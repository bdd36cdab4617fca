"""Displacement of inaccurate strokes, and how literally they are meant.

A displacement `[2, H, W]` gives for each pixel the offset, down and right in pixels, from which its
value is taken. Amplitudes are in reference pixels, like widths in `filters`.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.sketching.filters import Grey, scale_of, smooth_field

__all__ = ["FEATURES", "bend", "displace", "literalness", "move_features", "region"]

Displacement = NDArray[np.float32]
Ellipse = tuple[float, float, float, float]

FEATURES: dict[str, Ellipse] = {
    "left eye": (0.25, 0.36, 0.10, 0.12),
    "right eye": (0.25, 0.64, 0.10, 0.12),
    "left brow": (0.19, 0.36, 0.03, 0.11),
    "right brow": (0.19, 0.64, 0.03, 0.11),
    "nose": (0.44, 0.50, 0.09, 0.09),
    "mouth": (0.61, 0.50, 0.05, 0.14),
}
"""Middle (down, right) and radii of each in an aligned crop, as fractions of height and width. Eyes
include their brows: people who draw an eye too low draw its brow too low."""

_FREEDOM = {"left brow": 0.4, "right brow": 0.4, "mouth": 0.75}
"""Factors of the largest move of a feature, if not 1. A mouth that is moved or bent far seems to
smile or sulk, and a model would learn to change the face."""

_FALL = 0.07
"""Distance, as a fraction of the side, over which a feature's move falls to 0."""


def bend(
    shape: tuple[int, int], rng: np.random.Generator, amplitude: float, cells: int
) -> Displacement:
    """A smooth displacement of up to `amplitude` each way, on a grid of `cells` x `cells`.

    The mouth moves as a whole: its corners show whether somebody smiles.
    """
    reach = np.float32(amplitude * min(shape) / 128)
    field = np.stack([smooth_field(shape, cells, rng) * reach for _ in range(2)])
    mouth = region(shape, "mouth", 3 * _FALL)  # wide enough that nothing folds over
    carried = (field * mouth).sum(axis=(1, 2), keepdims=True) / np.maximum(mouth.sum(), 1e-6)
    kept: Displacement = field + mouth * (carried - field)
    return kept


def move_features(
    shape: tuple[int, int], rng: np.random.Generator, farthest: float = 4
) -> Displacement:
    """Move and resize eyes, brows, nose and mouth of an aligned crop independently.

    Nothing moves farther than `farthest`, and the rest of the face stays in place.
    """
    h, w = shape
    reach = farthest * min(shape) / 128
    down, right = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    field = np.zeros((2, h, w), np.float32)
    for name, (y, x, *_) in FEATURES.items():
        free = _FREEDOM.get(name, 1.0)
        angle, far = rng.uniform(0, 2 * math.pi), free * reach * math.sqrt(rng.random())
        grown = free * rng.uniform(-0.2, 0.25) if rng.random() < 0.5 else 0.0
        mask = region(shape, name)
        field[0] -= mask * (far * math.sin(angle) + grown * h * (down[:, None] - y))
        field[1] -= mask * (far * math.cos(angle) + grown * w * (right - x))
    length = np.hypot(field[0], field[1])
    capped: Displacement = field * np.minimum(1, np.float32(reach) / np.maximum(length, 1e-6))
    return capped


def displace(drawing: Grey, displacement: Displacement) -> Grey:
    """Displace the strokes of a drawing `[H, W]`, bilinearly; the edge of the sheet is extended."""
    h, w = drawing.shape
    y = np.clip(np.arange(h, dtype=np.float32)[:, None] + displacement[0], 0, h - 1)
    x = np.clip(np.arange(w, dtype=np.float32) + displacement[1], 0, w - 1)
    top, left = y.astype(np.intp), x.astype(np.intp)
    y -= top
    x -= left
    step = np.where(top < h - 1, w, 0)
    next_to = np.where(left < w - 1, 1, 0)
    source, at = drawing.ravel(), top * w + left
    upper = source[at]
    upper += x * (source[at + next_to] - upper)
    at += step
    lower = source[at]
    lower += x * (source[at + next_to] - lower)
    moved: Grey = upper + y * (lower - upper)
    return moved


def literalness(displacement: Displacement, drawing: Grey) -> float:
    """How literally displaced strokes are meant, in (0, 1]: `2 ** -d`.

    d is the mean displacement of the ink from the photo, in reference pixels: traced strokes have
    1, strokes 1 px off a half, and 2 px off a quarter. With this input, a model can keep to the
    strokes, or to what faces are like: the level of Yang et al. 2020, "Deep Plastic Surgery"
    (ECCV), here learnt from how far the drawing was bent.

    Args:
        displacement: `[2, H, W]`.
        drawing: `[H, W]` that was displaced, 1 = paper. Empty paper counts as ink all over.
    """
    ink = 1 - drawing
    length = np.hypot(displacement[0], displacement[1]) / scale_of(drawing)
    total = float(ink.sum())
    far = float((length * ink).sum()) / total if total > 0 else float(length.mean())
    return float(2**-far)


@lru_cache(maxsize=64)
def region(shape: tuple[int, int], name: str, fall: float = _FALL) -> Grey:
    """1 on a feature of an aligned crop, falling to 0 around it, `[H, W]`; read-only.

    Args:
        shape: H, W.
        name: A key of `FEATURES`.
        fall: Distance of the fall, as a fraction of the side.
    """
    y, x, tall, wide = FEATURES[name]
    h, w = shape
    down = np.maximum(np.abs((np.arange(h) + 0.5) / h - y) - tall, 0)
    right = np.maximum(np.abs((np.arange(w) + 0.5) / w - x) - wide, 0)
    away = np.minimum(np.hypot(down[:, None], right) / fall, 1)
    soft: Grey = (0.5 + 0.5 * np.cos(math.pi * away)).astype(np.float32)
    soft.flags.writeable = False
    return soft
