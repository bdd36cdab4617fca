"""Detect faces and their five landmarks, with dlib's HOG detector made fast.

The detector's cost is proportional to the number of pixels, and its window is 80 px wide. A picture
is therefore searched at a small size first, where a face that fills much of it is found in a few
milliseconds, and at larger sizes only if nothing was found. The last passes brighten the picture,
since gradients in the dark are small and dark faces would otherwise be missed more often.

The detector combines five: for faces from the front, turned to either side, and tilted to either
side. The first finds most faces by itself, in half the time, so it runs before all five.
"""

import dataclasses
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.faces.points import PointPredictor
from limner.faces.warp import apply

__all__ = ["Detector", "DlibDetector", "Face", "score_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Face:
    """A face in a picture."""

    box: tuple[int, int, int, int]
    """Left, top, right, bottom in px; may reach beyond the picture."""
    score: float
    """The detector's confidence: above 1 for a clear frontal face, above 0 for most, and below 0
    for a face that only the last passes found."""
    points: NDArray[np.float32]
    """[5, 2] (x, y) of the landmarks in px, in the order of dlib's 5-point model: outer and inner
    corner of the eye on the right of the picture, the same of the eye on the left, and the base of
    the nose. Right and left are those of the upright page."""
    turned: int = 0
    """Degrees counter-clockwise by which the page must be turned to be upright: 0, 90, 180, 270."""
    others: int = 0
    """Number of smaller faces in the picture, if only the largest was asked for."""

    @property
    def eyes(self) -> NDArray[np.float32]:
        """[2, 2] (x, y) of the outer eye corners, the one on the left of the upright page first."""
        return self.points[[2, 0]]

    @property
    def angle(self) -> float:
        """Roll in degrees, the angle of the eye line; positive if the head is rotated clockwise."""
        (x0, y0), (x1, y1) = self.eyes.tolist()
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    @property
    def tilt(self) -> float:
        """Roll in the upright page, in -180..180."""
        return (self.angle - self.turned + 180) % 360 - 180

    @property
    def eye_distance(self) -> float:
        """Inter-ocular distance in px, between the outer eye corners."""
        (x0, y0), (x1, y1) = self.eyes.tolist()
        return math.hypot(x1 - x0, y1 - y0)


class Detector(Protocol):
    """Anything that finds faces."""

    def __call__(
        self, image: NDArray[np.uint8], *, thorough: bool = False, until: float = -math.inf
    ) -> list[Face]:
        """Return the faces in [H, W, 3] RGB or [H, W] grey, the largest first.

        Unless `thorough`, the search may end as soon as a face with a score of at least `until` is
        found; if there is none, those with the best score are returned.
        """


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Settings of one detection pass."""

    side: int
    """Longer side in px to which the picture is resized."""
    angle: float = 0.0
    """Degrees that the picture is turned by, counter-clockwise."""
    brightened: bool = False
    """Whether dark tones are spread out first."""
    least_score: float = 0.0
    """Smallest score that counts as a face."""
    front: bool = False
    """Whether only frontal faces are searched for."""


_LOOKS = (
    _Look(side=160, front=True),
    _Look(side=160),
    _Look(side=320),
    _Look(side=240, angle=28),
    _Look(side=240, angle=-28),
    _Look(side=640),
    _Look(side=1280),
    # In 400 photos with scrambled faces these found one (`benchmarks/recall.py`).
    _Look(side=160, brightened=True, least_score=-0.3),
    _Look(side=320, brightened=True, least_score=-0.3),
)
_THOROUGH = (_Look(side=4096), _Look(side=1280), *_LOOKS[1:-3])
_PATIENT = _LOOKS[:6]
_BRIGHTER = [round(math.sqrt(255 * grey)) for grey in range(256)]
_MAX_ENLARGEMENT = 4.0
_SURE = 0.2
"""Score required by a thorough search: some of a large picture's many windows are false faces."""
_SAME = 0.4
"""Intersection over union from which on two boxes show the same face."""


class DlibDetector:
    """dlib's HOG detector (King, "Max-margin object detection", 2015) and a 5-point predictor.

    An object may be used by several threads; they take turns, as dlib's own objects must.

    Args:
        predictor: file of a 5-point predictor that `dlib.shape_predictor` reads; by default
            limner's own.
        brighten: whether the brightened picture is searched, too, if no face was found.
    """

    def __init__(self, predictor: Path | None = None, *, brighten: bool = True) -> None:
        import dlib

        # The detector of dlib.get_frontal_face_detector, which takes 0.4 s to unpack it each time,
        # and the first of its five parts.
        self._find, self._find_front = (_load(dlib, f"{name}.svm") for name in ("frontal", "front"))
        self._predict = PointPredictor(predictor)
        self._looks = tuple(look for look in _LOOKS if brighten or not look.brightened)
        self._turn = threading.Lock()

    def __call__(
        self, image: NDArray[np.uint8], *, thorough: bool = False, until: float = -math.inf
    ) -> list[Face]:
        """Return the faces in [H, W, 3] RGB or [H, W] grey, the largest first.

        The search ends with the first pass that finds a face with a score of at least `until`. If
        `until` is given, it searches at no more than 640 px, and returns the faces of the pass with
        the best score. A `thorough` search runs all passes, up to the picture's own size, and so
        finds small and turned faces next to large ones.
        """
        grey = Image.fromarray(image).convert("L")
        pixels = np.asarray(grey)
        looks = _THOROUGH if thorough else self._looks if until == -math.inf else _PATIENT
        faces: list[Face] = []
        for look in _distinct(looks, max(grey.size)):
            with self._turn:
                seen = self._look(grey, pixels, look)
            if thorough:
                seen = [face for face in seen if face.score > _SURE]
                faces += [face for face in seen if all(_overlap(face, f) < _SAME for f in faces)]
            elif score_of(seen) > score_of(faces):
                faces = seen
                if score_of(faces) >= until:
                    break
        return sorted(faces, key=lambda face: face.box[0] - face.box[2])

    def _look(self, grey: Image.Image, pixels: NDArray[np.uint8], look: _Look) -> list[Face]:
        small = _of_side(grey, look.side)
        turned, back = _turn(small, look.angle)
        back *= grey.width / small.width
        scale = math.hypot(*back[:, 0])
        shown = turned.point(_BRIGHTER) if look.brightened else turned
        find = self._find_front if look.front else self._find
        rectangles, scores, _ = find.run(np.asarray(shown), 0, look.least_score)
        faces = []
        for rectangle, score in zip(rectangles, scores, strict=True):
            centre = (
                (rectangle.left() + rectangle.right() + 1) / 2,
                (rectangle.top() + rectangle.bottom() + 1) / 2,
            )
            x, y = apply(back, np.array([centre]))[0].tolist()
            side = rectangle.width() * scale
            points = self._predict(pixels, (x, y), side, look.angle)
            half = side / 2
            faces.append(
                Face(
                    box=(round(x - half), round(y - half), round(x + half), round(y + half)),
                    score=float(score),
                    points=points.astype(np.float32),
                )
            )
        return faces


def score_of(faces: Sequence[Face]) -> float:
    """The best score among faces; minus infinity without faces."""
    return max((face.score for face in faces), default=-math.inf)


def _load(dlib: Any, name: str) -> Any:
    with resources.as_file(resources.files("limner.faces") / name) as file:
        return dlib.fhog_object_detector(str(file))


def _overlap(a: Face, b: Face) -> float:
    """Intersection over union of two faces' boxes."""
    left, top = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    right, bottom = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    shared = max(0, right - left) * max(0, bottom - top)
    areas = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in (a, b)]
    return shared / max(1, sum(areas) - shared)


def _distinct(looks: tuple[_Look, ...], longer_side: int) -> Iterator[_Look]:
    """Limit the enlargement of each pass; skip passes that would repeat an earlier one."""
    seen = set()
    for look in looks:
        side = min(look.side, int(longer_side * _MAX_ENLARGEMENT))
        capped = dataclasses.replace(look, side=side)
        if capped not in seen:
            seen.add(capped)
            yield capped


def _of_side(picture: Image.Image, side: int) -> Image.Image:
    """Resize the longer side to `side` px, anti-aliased."""
    factor = side / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _turn(picture: Image.Image, angle: float) -> tuple[Image.Image, NDArray[np.float64]]:
    """Turn a grey picture counter-clockwise on a canvas large enough for all of it.

    Returns:
        The turned picture, and the [2, 3] transform from its coordinates back to the picture's.
    """
    if angle == 0:
        return picture, np.eye(2, 3)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    width = math.ceil(abs(cos) * picture.width + abs(sin) * picture.height)
    height = math.ceil(abs(sin) * picture.width + abs(cos) * picture.height)
    linear = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([picture.width, picture.height]) / 2
    back = np.column_stack([linear, centre - linear @ (np.array([width, height]) / 2)])
    turned = picture.transform(
        (width, height),
        Image.Transform.AFFINE,
        tuple(back.ravel().tolist()),
        Image.Resampling.BILINEAR,
        fillcolor=255,
    )
    return turned, back
