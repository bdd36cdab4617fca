"""Positions of the parts of a face in an aligned crop, and their colours in a photo.

Positions are fractions of the side of a crop with the outer eye corners at (0.3, 0.3) and
(0.7, 0.3), the default of `limner.faces.Preprocessing`. They cover small areas, so that they are
within their part for nearly every face: `benchmarks/hint_colours.py SET --sheet FILE` draws them.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARTS", "RGB", "Part", "colours_of", "middle", "pixels", "radii"]

Part = Literal["skin", "hair", "eyes", "lips", "background"]
"""A part of the picture that can be given a colour."""
PARTS: tuple[Part, ...] = get_args(Part)
RGB = tuple[int, int, int]
"""A colour, each channel in 0..255."""

_PLACES: dict[Part, tuple[tuple[float, float, float, float], ...]] = {
    "skin": ((0.31, 0.45, 0.045, 0.045), (0.69, 0.45, 0.045, 0.045), (0.5, 0.38, 0.02, 0.04)),
    "hair": (
        *((0.21, 0.04, 0.035, 0.035), (0.79, 0.04, 0.035, 0.035)),
        *((0.19, 0.12, 0.025, 0.045), (0.81, 0.12, 0.025, 0.045)),
    ),
    "eyes": ((0.356, 0.287, 0.024, 0.024), (0.644, 0.287, 0.024, 0.024)),
    "lips": ((0.5, 0.63, 0.05, 0.02),),
    "background": ((0.035, 0.1, 0.03, 0.09), (0.965, 0.1, 0.03, 0.09)),
}
"""x, y, and half the width and height of ellipses: cheeks and the ridge of the nose; the temples
and above; the irises; the lower lip, where no teeth show; both upper corners."""

_IRIS = (0.35, 0.8)
"""Quantiles of lightness between which an eye is iris, without pupil, lashes and highlight."""
_ALIKE = 40.0
"""Distance in RGB below which a place counts as skin or background, not hair."""
_UNEVEN = 60.0
"""Distance in RGB of both corners above which the background has more than one colour."""

_Pixels = NDArray[np.integer[Any]]
_Colour = NDArray[np.float64]


@lru_cache(maxsize=64)
def pixels(part: Part, size: int) -> tuple[NDArray[np.intp], ...]:
    """The pixels of each place of a part, numbered row by row in a crop of `size` px per side.

    Each has at least one, even in a small crop.
    """
    places = []
    for (x, y, _, _), radius in zip(_PLACES[part], radii(part, size), strict=True):
        inside = radius < 1
        inside[int(y * size), int(x * size)] = True
        places.append(np.flatnonzero(inside))
    return tuple(places)


def radii(part: Part, size: int) -> list[NDArray[np.float64]]:
    """For each place of a part, how far each pixel of a crop is from its centre: 1 at the edge.

    `[S, S]` each, for a crop of `size` px per side; `pixels` are those below 1.
    """
    centres = (np.arange(size) + 0.5) / size
    return [
        np.hypot((centres[:, None] - y) / down, (centres - x) / across)
        for x, y, across, down in _PLACES[part]
    ]


def colours_of(
    photo: NDArray[np.uint8], parts: Collection[Part] = PARTS
) -> dict[Part, tuple[int, int, int]]:
    """Median colours of an aligned photo `[S, S, 3]` at the places of the parts.

    For the lips, of the redder half; for the eyes, of the iris; for the hair, of the places that
    look neither like the skin nor like the background, if there are any.

    Args:
        photo: Aligned, RGB.
        parts: Parts to return. The background is left out if it has more than one colour.
    """
    size = len(photo)
    flat = photo.reshape(-1, 3)

    def seen(part: Part) -> list[_Pixels]:
        return [flat[place] for place in pixels(part, size)]

    found: dict[Part, _Colour] = {}
    for part in parts:
        if part == "hair":
            found[part] = _hair(seen(part), _median(seen("skin")), seen("background"))
        elif part == "eyes":
            found[part] = _iris(np.concatenate(seen(part)))
        elif part == "lips":
            found[part] = _redder(np.concatenate(seen(part)))
        elif part == "skin" or _apart(*map(middle, seen(part))) < _UNEVEN:
            found[part] = _median(seen(part))
    return {part: _rounded(colour) for part, colour in found.items()}


def _median(places: list[_Pixels]) -> _Colour:
    return middle(np.concatenate(places))


def middle(seen: NDArray[Any]) -> _Colour:
    """The upper median colour of pixels `[N, 3]`."""
    # NumPy's own median takes three times as long for so few pixels.
    found: _Colour = np.sort(seen, axis=0)[len(seen) // 2].astype(np.float64)
    return found


def _hair(places: list[_Pixels], skin: _Colour, background: list[_Pixels]) -> _Colour:
    """Dark hair in front of a dark wall looks like the wall: then all places count."""
    others = [skin, *map(middle, background)]
    surely = [
        place for place in places if min(_apart(middle(place), other) for other in others) > _ALIKE
    ]
    return _median(surely or places)


def _iris(seen: _Pixels) -> _Colour:
    """The iris is lighter than the pupil, and darker than the white and the highlight."""
    order = seen.sum(axis=1).argsort()
    first, last = (round(share * len(order)) for share in _IRIS)
    return middle(seen[order[first : max(last, first + 1)]])


def _redder(seen: _Pixels) -> _Colour:
    """Lips are redder than teeth, and than the skin around them."""
    order = (seen[:, 0].astype(np.int16) - seen[:, 1]).argsort()
    return middle(seen[order[len(order) // 2 :]])


def _apart(one: _Colour, other: _Colour) -> float:
    return float(np.linalg.norm(one - other))


def _rounded(colour: _Colour) -> RGB:
    red, green, blue = colour.astype(int).tolist()
    return red, green, blue
