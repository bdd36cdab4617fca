"""Estimates how literally a drawing is meant, from its appearance."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["LEAST", "estimate_literal", "expand", "look_of", "regress"]

SIDE = 128
"""Side in px at which drawings are analysed."""
_CELL, _BLOCK = 4, 8
"""px."""
_FLAT = 0.02
"""Standard deviation of lightness below which a cell is empty."""
LEAST = 0.1
"""Smallest estimate: below it, random drawings have almost nothing of their photo."""

# Fitted by `benchmarks/literal.py`, which prints them.
_MEAN = (0.5189, 0.0733, 0.1272)
_SPREAD = (0.2665, 0.0246, 0.0624)
_WEIGHTS = (
    *(0.7036, -0.0624, -0.0561, 0.1326, -0.0252),
    *(-0.0635, 0.0535, -0.0111, 0.0316, -0.0342),
)


def look_of(drawing: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Three features of an aligned drawing `[S, S]`, 255 = paper, S at least 32 px.

    The fraction of empty cells of 4 px, the standard deviation over the cells of
    their contrast, and that of the lightness of blocks of 8 px, all at 128 px.
    """
    if drawing.shape != (SIDE, SIDE):
        picture = Image.fromarray(drawing).resize((SIDE, SIDE), Image.Resampling.BOX)
        drawing = np.asarray(picture)
    light = drawing.astype(np.float32) / np.float32(255)
    contrast = _cells(light, _CELL).std(axis=(1, 3))
    tone = _cells(light, _BLOCK).mean(axis=(1, 3))
    return np.array([(contrast < _FLAT).mean(), contrast.std(), tone.std()], np.float64)


def expand(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[N, 10]`: 1, the three standardised features of drawings `[N, 3]`, and their products."""
    one, two, three = figures.T
    terms = [one, two, three, one * one, one * two, one * three, two * two, two * three]
    return np.stack([np.ones_like(one), *terms, three * three], axis=1)


def regress(looks: NDArray[np.float64]) -> NDArray[np.float64]:
    """How literally drawings are meant `[N]`, from their features `[N, 3]`; unbounded."""
    found: NDArray[np.float64] = expand((looks - _MEAN) / np.array(_SPREAD)) @ np.array(_WEIGHTS)
    return found


def estimate_literal(drawing: NDArray[np.uint8]) -> float:
    """How literally an aligned drawing `[S, S]` is meant, 0.1 to 1.

    A regression from `look_of` to how far random drawings of photos were displaced, see
    `limner.sketching.random_drawing`: 1 for strokes in place, halved for each pixel of displacement
    at 128 px.
    """
    [found] = regress(look_of(drawing)[None])
    return float(np.clip(found, LEAST, 1))


def _cells(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    count = SIDE // side
    return picture.reshape(count, side, count, side)
