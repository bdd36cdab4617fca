"""Symbols for eyes, brows, nose, mouth and jaw of an aligned face, as children learn to draw them.

People who cannot draw what they see draw symbols. Each symbol is a few curves of random shape at
the feature's usual position: points `[n, 2]`, down and right, as fractions of the sheet.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["SYMBOLS", "ink"]

Curve = NDArray[np.float64]

_POINTS = 48  # per curve; half a pixel apart on the longest one at 128 px
_EYES = (0.365, 0.635)
_EYE_LEVEL = 0.295


def ink(curves: list[Curve], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The curves drawn on a sheet `[H, W]`, one pixel wide."""
    h, w = shape
    sheet = np.zeros(shape, bool)
    for curve in curves:
        # From point to point in steps of half a pixel.
        steps = np.abs(np.diff(curve * (h, w), axis=0)).max(initial=0)
        fine = np.linspace(0, len(curve) - 1, 1 + int(2 * math.ceil(steps)) * (len(curve) - 1))
        places = [np.interp(fine, np.arange(len(curve)), curve[:, axis]) for axis in (0, 1)]
        row, column = (
            np.floor(at * side).astype(np.intp) for at, side in zip(places, shape, strict=True)
        )
        seen = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        sheet[row[seen], column[seen]] = True
    return sheet


def _eye(side: int, rng: np.random.Generator) -> list[Curve]:
    """An almond, open or half shut, with a ring or a dot in it; `side` 0 is the left one."""
    wide, tall = rng.uniform(0.058, 0.085), rng.uniform(0.026, 0.046)
    lids = [_arc(_EYE_LEVEL, _EYES[side], wide, -tall), _arc(_EYE_LEVEL, _EYES[side], wide, tall)]
    if rng.random() < 0.15:
        lids.pop()
    radius = min(tall, rng.uniform(0.012, 0.022))
    if rng.random() < 0.5:
        return [*lids, _circle(_EYE_LEVEL, _EYES[side], radius)]
    # A dot is rings so close that the pen fills them.
    rings = np.arange(0.7 * radius, 0, -0.006)
    return [*lids, *(_circle(_EYE_LEVEL, _EYES[side], one) for one in rings)]


def _brow(side: int, rng: np.random.Generator) -> list[Curve]:
    """One arc above the eye, higher or lower at its outer end."""
    arc = _arc(0.215, _EYES[side], rng.uniform(0.06, 0.085), -rng.uniform(0, 0.035))
    outwards = (arc[:, 1] - _EYES[side]) * (-1 if side == 0 else 1)
    arc[:, 0] += rng.uniform(-0.2, 0.3) * outwards
    return [arc]


def _nose(rng: np.random.Generator) -> list[Curve]:
    """A ridge that turns in under the tip, or the tip alone."""
    facing, wide, tip = rng.choice((-1, 1)), rng.uniform(0.03, 0.05), rng.uniform(0.46, 0.5)
    bottom = _arc(tip, 0.5, wide, rng.uniform(0.005, 0.025))
    if rng.random() < 0.35:
        return [bottom]
    top = rng.uniform(0.28, 0.38)
    ridge = np.stack([np.linspace(top, tip, 9), 0.5 + facing * np.linspace(0.01, wide, 9)], axis=1)
    return [ridge, bottom]


def _mouth(rng: np.random.Generator) -> list[Curve]:
    """The line between the lips, with none, one or both lips. It neither smiles nor sulks."""
    wide = rng.uniform(0.07, 0.11)
    curves = [_arc(0.61, 0.5, wide, rng.uniform(-0.004, 0.004))]
    if rng.random() < 0.6:
        curves.append(_arc(0.61, 0.5, 0.9 * wide, rng.uniform(0.015, 0.035)))
    if rng.random() < 0.5:
        curves.append(_arc(0.61, 0.5, 0.9 * wide, -rng.uniform(0.01, 0.025)))
    return curves


def _jaw(rng: np.random.Generator) -> list[Curve]:
    """From temple to temple around the chin, round or pointed."""
    turn = np.linspace(-0.03, 1.03, _POINTS) * math.pi
    pointed, wide = rng.uniform(0.8, 1.15), rng.uniform(0.29, 0.34)
    across = np.cos(turn)
    right = 0.5 + wide * np.sign(across) * np.abs(across) ** pointed
    down = 0.34 + rng.uniform(0.43, 0.49) * np.sin(turn)
    return [np.stack([down, right], axis=1)]


def _arc(y: float, x: float, wide: float, sag: float) -> Curve:
    """A parabola from `wide` left of a place to `wide` right of it, its middle `sag` lower."""
    across = np.linspace(-1, 1, _POINTS)
    return np.stack([y + sag * (1 - across**2), x + wide * across], axis=1)


def _circle(y: float, x: float, radius: float) -> Curve:
    turn = np.linspace(0, 2 * math.pi, _POINTS)
    return np.stack([y + radius * np.sin(turn), x + radius * np.cos(turn)], axis=1)


SYMBOLS: Mapping[str, Callable[[np.random.Generator], list[Curve]]] = MappingProxyType(
    {
        "left eye": partial(_eye, 0),
        "right eye": partial(_eye, 1),
        "left brow": partial(_brow, 0),
        "right brow": partial(_brow, 1),
        "nose": _nose,
        "mouth": _mouth,
        "jaw": _jaw,
    }
)
"""Symbols by feature."""
