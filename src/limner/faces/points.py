"""The five landmarks of a face: outer and inner eye corners and the base of the nose.

The predictor is an ensemble of regression trees (Kazemi and Sullivan, "One millisecond face
alignment with an ensemble of regression trees", CVPR 2014), as dlib trains and runs it. limner
has its own small one, `points5.dat`: see `limner.face_training.points`.
"""

import importlib.util
import math
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.errors import MissingExtraError
from limner.faces.warp import apply, inverse, warp

__all__ = [
    "PATCH_BOX",
    "PointPredictor",
    "mirror",
    "patch_transform",
    "public_file",
    "public_predictor",
]

PATCH_BOX = 160
"""Side in px of the detector's box in a patch, the picture on which points are predicted."""

_PATCH_SIDE = 240  # px; the predictor needs nothing farther from the box
_LEVEL = 8.0  # degrees; predictions get worse with larger roll
_MAX_TURNS = 3
_MIRRORED = [2, 3, 0, 1, 4]  # index of each point in the mirrored face


def public_predictor() -> Path:
    """Path of dlib's public-domain 5-point predictor.

    Raises:
        MissingExtraError: the wheel `face_recognition_models` is not installed.
    """
    return public_file("shape_predictor_5_face_landmarks.dat")


def public_file(name: str) -> Path:
    """Path of one of dlib's public-domain models, in the wheel `face_recognition_models`.

    The files are read directly: importing that package needs an old setuptools.

    Raises:
        MissingExtraError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(f"dlib's {name}", "measure")
    return Path(spec.submodule_search_locations[0]) / "models" / name


def patch_transform(
    centre: tuple[float, float], side: float, angle: float = 0.0, *, patch_side: int = _PATCH_SIDE
) -> NDArray[np.float64]:
    """[2, 3] transform that brings a box into the middle of a patch, turned upright.

    Args:
        centre: (x, y) of the box in px.
        side: side of the box in px.
        angle: roll of the head in degrees, positive if clockwise.
        patch_side: side of the patch in px.
    """
    scale = PATCH_BOX / side
    cos = math.cos(math.radians(angle)) * scale
    sin = math.sin(math.radians(angle)) * scale
    linear = np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([linear, patch_side / 2 - linear @ np.array(centre)])


def mirror(points: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The points [5, 2] of a face in the mirrored picture of this width."""
    return points[_MIRRORED] * (-1.0, 1.0) + (width, 0.0)


class PointPredictor:
    """Predict five landmarks in a patch of fixed scale, so that the picture's size does not matter.

    Args:
        path: file that `dlib.shape_predictor` reads; by default limner's own.
    """

    def __init__(self, path: Path | None = None) -> None:
        import dlib

        self._rectangle: Any = dlib.rectangle
        if path is None:
            with resources.as_file(resources.files("limner.faces") / "points5.dat") as own:
                self._predict: Any = dlib.shape_predictor(str(own))
        else:
            self._predict = dlib.shape_predictor(str(path))

    def __call__(
        self,
        grey: NDArray[np.uint8],
        centre: tuple[float, float],
        side: float,
        angle: float = 0.0,
    ) -> NDArray[np.float64]:
        """Return [5, 2] (x, y) in px of `grey` [H, W] for a box as in `patch_transform`."""
        for _ in range(_MAX_TURNS):
            transform = patch_transform(centre, side, angle)
            points = self.in_patch(warp(grey, transform, (_PATCH_SIDE, _PATCH_SIDE)))
            x, y = (points[0] - points[2]).tolist()
            tilt = math.degrees(math.atan2(y, x))
            if abs(tilt) < _LEVEL:
                break
            angle += tilt
        return apply(inverse(transform), points)

    def in_patch(self, patch: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return [5, 2] (x, y) in px of a patch [S, S] whose middle is the box.

        Predictions on the patch and on its mirror image are averaged, so that the points of a
        mirrored picture are the mirrored points.
        """
        direct = self._points(patch)
        mirrored = self._points(np.ascontiguousarray(patch[:, ::-1]))
        return (direct + mirror(mirrored, patch.shape[1])) / 2

    def _points(self, patch: NDArray[np.uint8]) -> NDArray[np.float64]:
        first = (patch.shape[1] - PATCH_BOX) // 2
        last = first + PATCH_BOX - 1
        parts = self._predict(patch, self._rectangle(first, first, last, last)).parts()
        # dlib counts from the middle of the first pixel.
        return np.array([(part.x + 0.5, part.y + 0.5) for part in parts])
