"""Find the face on a page that may be turned, or much larger than the face.

Nearly all faces are upright and are found at once with a score above `CONVINCING`. The page is
turned, and its drawn part searched by itself, only for the others.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import NoFaceError, UsageError
from limner.faces.detect import Detector, Face, score_of
from limner.faces.warp import apply

__all__ = ["BEYOND_DOUBT", "CONVINCING", "face_from_eyes", "find", "find_any_way"]

CONVINCING = 0.8
"""Score of an upright face that ends the search. Of 221 drawings 2 stay below it; the best false
face in one that was turned has 0.75 (`benchmarks/pages.py --scores --data DIR`)."""

BEYOND_DOUBT = 1.5
"""The same for the closer search, which also raises the scores of false faces, up to 1.04."""
_TURNED = 0.5
"""Score required of a face in a turned page."""
_AHEAD = 0.25
"""By how much it has to exceed the score of the upright one."""
_SURE = 0.2
"""Score required of a face in a part of the page, and of one that is mentioned only."""
_SMALL_PART = 0.5
"""A part is searched by itself if a side is at most this fraction of the page's."""
_ALL_OF_IT = 1280
"""Longer side in px up to which the usual search uses the full resolution."""
_INK = 24
"""Smallest difference of ink from the paper, in grey levels."""
_SKETCHED = 256
"""Longer side in px to which the page is shrunk to find the drawn part."""


def find(
    image: NDArray[np.uint8],
    detector: Detector,
    *,
    which: Literal["largest", "all"] = "largest",
    any_way: bool = False,
    name: str = "the picture",
    advice: str = "give the positions of the outer eye corners, or say that the whole picture is "
    "the face",
) -> list[Face]:
    """Return the largest face of a picture, or all of them, largest first; at least one.

    Beside a convincing upright face, one that is tilted by more than some 10 degrees may be missed.

    Args:
        image: [H, W, 3] RGB or [H, W] grey.
        detector: finds faces in an upright picture.
        which: whether to return only the largest face or all.
        any_way: whether the picture may be a page that is turned, or much larger than its face.
        name: the picture's name in messages.
        advice: what to do if no face is found.

    Raises:
        NoFaceError: no face was found.
    """
    if any_way:
        faces = find_any_way(image, detector, every_face=which == "all")
        tried = ", upright or turned by 90°, 180° and 270°, on the whole page or its drawn part"
    else:
        faces, tried = detector(image, thorough=which == "all"), ""
    if not faces:
        raise NoFaceError(f"no face found in {name}{tried}", advice)
    if which == "all":
        return faces
    others = sum(face.score > _SURE for face in faces[1:])
    return [dataclasses.replace(faces[0], others=others)]


def find_any_way(
    image: NDArray[np.uint8], detector: Detector, *, every_face: bool = False
) -> list[Face]:
    """The faces of a page in the orientation with the most confident one, largest first.

    A convincing face ends the search. After the upright page, its drawn part is searched, then that
    part turned, and at last a large page at up to 4096 px.
    """
    best = detector(image, thorough=every_face)
    if score_of(best) >= CONVINCING:
        return best
    part, corner = _drawn_part(image)

    def search(turns: int) -> list[Face]:
        """Search the drawn part, turned counter-clockwise by quarters."""
        shown = np.ascontiguousarray(np.rot90(part, turns))
        if every_face:
            found = detector(shown, thorough=True)
        else:
            found = detector(shown, until=BEYOND_DOUBT)
        faces = [_turned_back(face, turns, part.shape) if turns else face for face in found]
        return [_moved(face, corner) for face in faces]

    best = max(best, _above(search(0), _SURE), key=score_of)
    turned: list[Face] = []
    for turns in (2, 1, 3):
        if score_of([*best, *turned]) >= BEYOND_DOUBT:
            break
        turned = max(turned, search(turns), key=score_of)
    if score_of(turned) > max(_TURNED, score_of(best) + _AHEAD):
        best = turned
    if not best and not every_face and max(image.shape) > _ALL_OF_IT:
        return _above(detector(image, thorough=True), _SURE)
    return best


def face_from_eyes(eyes: Sequence[float], shape: tuple[int, ...]) -> Face:
    """A face from its outer eye corners.

    Args:
        eyes: x1, y1, x2, y2 in px: first the eye that is on the viewer's left when the face is
            upright, then the other. Their order tells which way up the face is: from right to
            left, it is upside down.
        shape: shape of the picture, height and width first.

    Raises:
        UsageError: they are not four numbers, or not two positions in the picture.
    """
    try:
        corners = np.array([float(value) for value in eyes]).reshape(2, 2)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"eyes are {eyes!r}; expected four numbers x1, y1, x2, y2 in px"
        ) from error
    height, width = shape[:2]
    inside = (corners >= 0).all() and (corners <= (width, height)).all()
    if not (np.isfinite(corners).all() and inside):
        raise UsageError(
            f"eyes are {', '.join(f'{value:g}' for value in corners.ravel())}; expected positions "
            f"in the picture, x from 0 to {width} and y from 0 to {height} px"
        )
    left, right = corners
    line = right - left
    distance = float(np.hypot(*line))
    if distance < 1:
        raise UsageError("both eyes are at the same position; give the outer corner of each")
    upwards = np.array([line[1], -line[0]])
    # As in a mean face: an eye is 0.3 of that distance wide.
    nose = (left + right) / 2 - 0.55 * upwards
    points = np.stack([right, right - 0.3 * line, left, left + 0.3 * line, nose])
    x, y = nose
    return Face(
        box=(
            round(x - 0.85 * distance),
            round(y - 0.85 * distance),
            round(x + 0.85 * distance),
            round(y + 0.85 * distance),
        ),
        score=CONVINCING,
        points=points.astype(np.float32),
        # To the nearest quarter: pages are rarely straight.
        turned=90 * (round(float(np.degrees(np.arctan2(line[1], line[0]))) / 90) % 4),
    )


def _above(faces: list[Face], score: float) -> list[Face]:
    return [face for face in faces if face.score > score]


def _drawn_part(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The drawn part of a page, with its left and top in px; the whole page if it is most of it."""
    height, width = image.shape[:2]
    step = max(1, round(max(height, width) / _SKETCHED))
    if min(height, width) < step:  # a strip in which no face can be
        return image, (0, 0)
    # The darkest pixel of each cell: thin lines are lost in a mean.
    rows, columns = height // step, width // step
    cells = images.to_grey(image)[: rows * step, : columns * step]
    cells = cells.reshape(rows, step, columns, step).min(axis=(1, 3))
    paper = int(np.quantile(cells, 0.75))
    ink = cells.astype(np.int16) < paper - _INK
    span = []
    for axis, size in ((0, width), (1, height)):
        total = np.cumsum(ink.sum(axis=axis))
        if not total[-1]:
            return image, (0, 0)
        first, last = np.searchsorted(total, [0.005 * total[-1], 0.995 * total[-1]])
        margin = 0.15 * (last - first + 1)
        span.append(
            (
                max(0, int((first - margin) * step)),
                min(size, int((last + 1 + margin) * step)),
            )
        )
    (left, right), (top, bottom) = span
    if right - left > _SMALL_PART * width and bottom - top > _SMALL_PART * height:
        return image, (0, 0)
    return np.ascontiguousarray(image[top:bottom, left:right]), (left, top)


def _moved(face: Face, by: tuple[int, int]) -> Face:
    left, top, right, bottom = face.box
    x, y = by
    return dataclasses.replace(
        face,
        box=(left + x, top + y, right + x, bottom + y),
        points=face.points + np.array(by, np.float32),
    )


def _turned_back(face: Face, turns: int, shape: tuple[int, ...]) -> Face:
    """A face found in a turned picture, in px of the picture before the turn."""
    height, width = shape[:2]
    back = np.array(
        {
            1: [[0, -1, width], [1, 0, 0]],
            2: [[-1, 0, width], [0, -1, height]],
            3: [[0, 1, 0], [-1, 0, height]],
        }[turns],
        float,
    )
    left, top, right, bottom = face.box
    corners = apply(back, np.array([[left, top], [right, bottom]], float))
    low, high = corners.min(axis=0).astype(int).tolist(), corners.max(axis=0).astype(int).tolist()
    return dataclasses.replace(
        face,
        box=(low[0], low[1], high[0], high[1]),
        points=apply(back, face.points).astype(np.float32),
        turned=90 * turns,
    )
