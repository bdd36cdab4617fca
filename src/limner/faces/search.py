"""Find the face on a page that may be turned, or much larger than the face.

Nearly all faces are upright and are found at once with a score above `CONVINCING`: they cost
nothing more. Only then is the page turned, and searched in the part where anything is drawn.
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
"""Score of an upright face for which nothing else is looked at. Of 221 drawings 2 stay below it;
the best false face in one that was turned has 0.75 (`benchmarks/pages.py --scores --data DIR`)."""

BEYOND_DOUBT = 1.5
"""The same where all was looked at more closely, which also makes false faces look better: 1.04."""
_TURNED = 0.5
"""Score that a face in a turned page needs."""
_AHEAD = 0.25
"""How much better it has to be than the upright one."""
_SURE = 0.2
"""Score that a face in a part of the page needs."""
_SMALL_PART = 0.5
"""A part of the page is looked at by itself if its sides are no larger share of the page's."""
_ALL_OF_IT = 1280
"""Longer side in px up to which the usual search looks at everything that there is."""
_INK = 24
"""Grey levels by which something on the page differs from the paper, at least."""
_SKETCHED = 256
"""px that the page is shrunk to when looking for where anything is drawn."""


def find(
    image: NDArray[np.uint8],
    detector: Detector,
    *,
    which: Literal["largest", "all"] = "largest",
    any_way: bool = False,
    name: str = "the picture",
) -> list[Face]:
    """Return the largest face of a picture, or all of them, largest first; never none.

    Args:
        image: [H, W, 3] RGB or [H, W] grey.
        detector: what finds faces in an upright picture.
        which: whether only the largest is wanted.
        any_way: whether the picture may be a page that is turned, or much larger than its face.
        name: what messages call the picture.

    Raises:
        NoFaceError: there is none.
    """
    if any_way:
        faces = find_any_way(image, detector, every_face=which == "all")
        tried = ", upright or turned by 90°, 180° and 270°, as a whole or where anything is drawn"
    else:
        faces, tried = detector(image, thorough=which == "all"), ""
    if not faces:
        raise NoFaceError(
            f"no face found in {name}{tried}; say where the outer eye corners are, or that the "
            "whole picture is the face"
        )
    return faces if which == "all" else faces[:1]


def find_any_way(
    image: NDArray[np.uint8], detector: Detector, *, every_face: bool = False
) -> list[Face]:
    """The faces of a page in the one direction that shows the surest of them, largest first.

    A convincing face ends the search. After the upright page come the part of it where anything is
    drawn, both turned, and a large page at up to 4096 px.
    """
    best = detector(image, thorough=every_face)
    if score_of(best) >= CONVINCING:
        return best
    part, corner = _drawn_part(image)

    def search(turns: int) -> list[Face]:
        """In the part where anything is drawn, turned counter-clockwise by quarters."""
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
    """A face of which only the outer eye corners are known.

    Args:
        eyes: x1, y1, x2, y2 in px: of the eye on the left, then of that on the right. Where the
            first is to the right of the second, they are taken the other way round.
        shape: of the picture, height and width first.

    Raises:
        UsageError: they are not four numbers, or not two places in the picture.
    """
    try:
        corners = np.array([float(value) for value in eyes]).reshape(2, 2)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"eyes are {eyes!r}; four numbers x1, y1, x2, y2 in px are expected"
        ) from error
    height, width = shape[:2]
    inside = (corners >= 0).all() and (corners <= (width, height)).all()
    if not (np.isfinite(corners).all() and inside):
        raise UsageError(
            f"eyes are {list(map(float, eyes))}; places in the picture of {width}x{height} px are "
            "expected"
        )
    across, down = corners[1] - corners[0]
    if across < 0 and abs(across) >= abs(down):
        corners = corners[::-1]
    left, right = corners
    line = right - left
    distance = float(np.hypot(*line))
    if distance < 1:
        raise UsageError("both eyes are at the same place; name the outer corner of each")
    upwards = np.array([line[1], -line[0]])
    # Where they are in a mean face: an eye is 0.3 of that distance wide.
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
    )


def _above(faces: list[Face], score: float) -> list[Face]:
    return [face for face in faces if face.score > score]


def _drawn_part(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The part of a page in which anything is drawn, and its left and top in px.

    The whole page if that is most of it.
    """
    height, width = image.shape[:2]
    step = max(1, round(max(height, width) / _SKETCHED))
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
    """A face found in a picture that was turned counter-clockwise, in that picture's own px."""
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
