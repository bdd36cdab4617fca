"""Operations on small masks and fields, in NumPy alone: dilate, blur, flood and fill in.

The page is analysed at about 512 px, so that each of these takes a millisecond or a few.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = [
    "EVEN",
    "EVEN_PART",
    "Field",
    "Mask",
    "box_blur",
    "closed_along",
    "dilate",
    "enlarge",
    "fill_in",
    "flood",
    "quantiles",
    "rim_of",
    "running_maximum",
]

Field = NDArray[np.float32]
"""[h, w]"""
Mask = NDArray[np.bool_]
"""[h, w]"""
T = TypeVar("T", bound=np.generic)

EVEN = 0.12
"""Largest difference in log lightness of the paper near the edge of an evenly lit page."""
EVEN_PART = (0.2, 0.9)
"""Quantiles between which it is measured: clothes that are drawn to the edge are not shadow."""
_RIM_WIDTH = 0.04
"""Width of the rim as a fraction of the page's longer side."""
_SWEEPS = 64
"""Largest number of passes of `flood`; each goes round one more corner of the region."""


def quantiles(values: NDArray[np.floating], *shares: float) -> list[float]:
    """Quantiles of values; NaN if there are none.

    `numpy.quantile` and `numpy.median` import masked arrays first, a tenth of a cold start.
    """
    flat = values.ravel()
    if not flat.size:
        return [math.nan] * len(shares)
    places = [round(share * (flat.size - 1)) for share in shares]
    ordered = np.partition(flat, sorted(set(places)))
    return [float(ordered[place]) for place in places]


def dilate(mask: Mask, radius: int) -> Mask:
    """Grow a mask by a square of `radius` px; a negative radius shrinks it."""
    if radius < 0:
        return ~dilate(~mask, -radius)
    grown = running_maximum(running_maximum(mask, radius, 0), radius, 1)
    return grown.astype(bool)


def running_maximum(values: NDArray[T], radius: int, axis: int) -> NDArray[T]:
    """The largest value within `radius` px along an axis, `[h, w]`; the edge is extended."""
    if radius < 1:
        return values
    pad = [(0, 0), (0, 0)]
    pad[axis] = (radius, radius)
    cut = np.pad(values, pad, mode="edge")
    # Maxima of 1, 2, 4, ... values; two that overlap make up the rest.
    width, reach = 2 * radius + 1, 1
    while reach * 2 <= width:
        cut = np.maximum(_without(cut, 0, reach, axis), _without(cut, reach, 0, axis))
        reach *= 2
    rest = width - reach
    if rest:
        cut = np.maximum(_without(cut, 0, rest, axis), _without(cut, rest, 0, axis))
    return cut


def _without(values: NDArray[T], first: int, last: int, axis: int) -> NDArray[T]:
    """Without `first` values at the start and `last` at the end of an axis."""
    cut = slice(first, values.shape[axis] - last)
    return values[cut] if axis == 0 else values[:, cut]


def closed_along(values: Field, radius: int, axis: int) -> Field:
    """Closing along one axis: removes what is dark and narrower than `2 radius + 1` px."""
    return -running_maximum(-running_maximum(values, radius, axis), radius, axis)


def rim_of(page: Field) -> Mask:
    """The pixels near the edge of a page."""
    wide = max(2, round(_RIM_WIDTH * max(page.shape)))
    rim = np.ones(page.shape, bool)
    rim[wide:-wide, wide:-wide] = False
    return rim


def flood(passable: Mask, seeds: Mask) -> Mask:
    """The pixels of `passable` that are 4-connected with `seeds` through it.

    Whole runs of a row or a column are filled at a time, so that a page takes a few passes.
    """
    reached = passable & seeds
    count = -1
    for _ in range(_SWEEPS):
        reached = _fill_runs(passable, reached)
        reached = _fill_runs(passable.T, reached.T).T
        before, count = count, int(reached.sum())
        if count == before:
            break
    return reached


def _fill_runs(passable: Mask, reached: Mask) -> Mask:
    """Fill each run of a row that contains a reached pixel."""
    passable = np.ascontiguousarray(passable)
    flat = passable.ravel()
    starts = flat.copy()
    starts[1:] &= ~flat[:-1]
    starts[:: passable.shape[1]] = flat[:: passable.shape[1]]
    run = np.cumsum(starts) - 1
    hit = np.zeros(int(run[-1]) + 1, bool)
    hit[run[np.ascontiguousarray(reached).ravel()]] = True
    return (hit[run] & flat).reshape(passable.shape) if hit.size else passable


def box_blur(values: Field, radius: int) -> Field:
    """Mean over a square of `radius` px, the edge extended `[h, w]`."""
    blurred = values.astype(np.float64)
    width = 2 * radius + 1
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(blurred, pad, mode="edge"), axis=axis)
        blurred = (_without(total, width, 0, axis) - _without(total, 0, width, axis)) / width
    return blurred.astype(np.float32)


def fill_in(values: Field, known: Mask) -> Field:
    """Spread the known values smoothly over the others: a pyramid, pulled and pushed.

    Gortler et al., "The lumigraph" (1996), section 3.4. Known values stay as they are.
    """
    weight = known.astype(np.float32)
    levels = []
    total = values * weight
    while min(total.shape) > 1:
        levels.append((total, weight))
        total, weight = _halve(total), _halve(weight)
        # A cell that is a quarter known counts in full, so that near values win over far ones.
        enough = np.minimum(weight * 4, 1) / np.maximum(weight, 1e-9)
        total = np.asarray(total * enough, np.float32)
        weight = np.asarray(weight * enough, np.float32)
    filled = np.asarray(total / np.maximum(weight, 1e-9), np.float32)
    for total, weight in reversed(levels):
        filled = enlarge(filled, total.shape[1], total.shape[0])
        filled = np.asarray(total + (1 - np.minimum(weight, 1)) * filled, np.float32)
    return filled


def _halve(values: Field) -> Field:
    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)))
    return np.asarray(
        even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean(axis=(1, 3)), np.float32
    )


def enlarge(values: Field, width: int, height: int) -> Field:
    """Enlarge a field, linearly between the centres of its cells."""
    picture = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32)
