"""Opens a page and cleans it where necessary."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limner.drawings import Clean, Cleaned, clean
from limner.faces.detect import Detector, Face, score_of
from limner.faces.search import BEYOND_DOUBT, find_any_way

__all__ = ["LARGEST", "notes_of", "open_page"]

LARGEST = "the largest of"
"""Start of the note on a picture with several faces, of which one was asked for."""

_TURNS = {90: "90° anticlockwise", 180: "180°", 270: "90° clockwise"}


def open_page(
    picture: NDArray[np.uint8], detector: Callable[[], Detector], how: Clean = "auto"
) -> Cleaned:
    """Clean a drawing if necessary; if it may be a negative, its face decides.

    Args:
        picture: [H, W, 3] RGB or [H, W] grey.
        detector: returns the face detector; called only for dark pages.
        how: `off` leaves the picture as it is.
    """
    if how == "off":
        return Cleaned(picture)
    return clean(picture, lambda grey, negative: _is_surer(detector(), grey, negative))


def _is_surer(
    detector: Detector, first: NDArray[np.uint8], second: NDArray[np.uint8]
) -> bool | None:
    """Whether the second picture shows a face with more confidence; None if neither shows any."""
    before, after = score_of(detector(first)), score_of(detector(second))
    if max(before, after) < BEYOND_DOUBT:
        before, after = (
            max(score_of(find_any_way(one, detector)), score_of(detector(one, until=BEYOND_DOUBT)))
            for one in (first, second)
        )
    return None if before == after else after > before


def notes_of(cleaned: Cleaned, face: Face | None) -> tuple[str, ...]:
    """Changes made to a page, in words, its turn first; and whether other faces are left out."""
    if face is None:
        return cleaned.notes
    turn = (f"turned by {_TURNS[face.turned]}",) if face.turned else ()
    left_out = (f"{LARGEST} {1 + face.others} faces",) if face.others else ()
    return (*turn, *cleaned.notes, *left_out)
