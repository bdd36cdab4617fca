"""Removes the spots that colours of the skin leave in a photo.

A model repeats a hint exactly where it is given, and takes it less literally around: a colour that
is darker or more saturated than skin in photos leaves visible spots on the cheeks and on the nose.
Here they get the colour of the skin around them. Strokes of the user stay as they were painted.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from limner.hints.parts import middle, radii
from limner.hints.placing import Picture

__all__ = ["without_spots"]

_CORE = 0.7
"""Radius within which a spot has one colour; 1 is the edge of a place."""
_FADING, _GONE = 1.3, 1.7
"""Radii between which the correction ends."""
_AROUND = 1.5, 2.2
"""Radii of the ring whose median is the colour of the skin around."""
_SMALLEST = 5
"""px of a neighbourhood below which nobody sees a spot."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Spot:
    """A place of the skin and its neighbourhood, `[h, w]`."""

    window: tuple[slice, slice]
    radius: NDArray[np.float64]
    rings: tuple[tuple[NDArray[np.intp], ...], ...]
    """Pixels of the core and of the ellipses around it, each 1 px wide."""
    distances: tuple[float, ...]
    """Their mean radii."""


def without_spots(photo: NDArray[np.uint8], hints: Picture) -> NDArray[np.uint8]:
    """Give the places where hints put the colour of the skin the colour of the skin around them.

    At each distance from the centre of a place, the median colour becomes that of the skin around.
    So the edge of a spot vanishes however wide the model drew it, while texture and lines stay. A
    place is left as it is unless the hints colour exactly this place and nothing next to it.

    Args:
        photo: `[S, S, 3]` RGB, generated with the hints.
        hints: `[S, S, 4]`.

    Returns:
        `[S, S, 3]`; the photo itself if it has no such spots.
    """
    spots = [spot for spot in _spots(len(photo)) if _is_alone(spot, hints)]
    if not spots:
        return photo
    corrected = photo.astype(np.float32)
    for spot in spots:
        here = corrected[spot.window]
        low, high = _AROUND
        around = middle(here[(spot.radius > low) & (spot.radius < high)])
        lacking = np.array([around - middle(here[ring]) for ring in spot.rings])
        weight = np.clip((_GONE - spot.radius) / (_GONE - _FADING), 0, 1)
        for channel in range(3):
            by_radius = np.interp(spot.radius, spot.distances, lacking[:, channel])
            here[..., channel] += weight * by_radius
    return np.rint(corrected).clip(0, 255).astype(np.uint8)


def _is_alone(spot: _Spot, hints: Picture) -> bool:
    here = hints[spot.window]
    inside, near = spot.radius < 1, spot.radius < _AROUND[1]
    colours = here[inside]
    is_placed = colours[:, 3].all() and (colours == colours[0]).all()
    return bool(is_placed and not here[near & ~inside, 3].any())


@lru_cache(maxsize=8)
def _spots(size: int) -> tuple[_Spot, ...]:
    """The places of the skin in a crop of `size` px per side, but for tiny ones."""
    found = []
    for full in radii("skin", size):
        window = _bounds(full < _AROUND[1])
        radius = full[window]
        if min(radius.shape) < _SMALLEST:
            continue
        # Along one axis a pixel is a step of this radius, along the other a smaller one.
        step = float(np.abs(np.diff(radius, axis=1)).max())
        edges = (0.0, *np.arange(_CORE, _GONE + step, step))
        rings = [np.nonzero((radius >= low) & (radius < high)) for low, high in pairwise(edges)]
        rings = [ring for ring in rings if len(ring[0])]
        found.append(
            _Spot(
                window=window,
                radius=radius,
                rings=tuple(rings),
                distances=tuple(float(radius[ring].mean()) for ring in rings),
            )
        )
    return tuple(found)


def _bounds(of: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest window that contains all of them."""
    rows, columns = np.nonzero(of)
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
