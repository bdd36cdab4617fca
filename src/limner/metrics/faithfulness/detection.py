"""Face detection: is there a face, and is it where it should be?

limner's own detector is run on the aligned crop. It needs no margin around the face: in 471 photos
that were aligned by its detections, it finds a face again in all, in the right place in 0.998 of
them, and in none of the same photos with their parts scrambled (`benchmarks/face_metrics.py`).
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.faces import Detector, DlibDetector, Preprocessing
from limner.features.common import detector_model
from limner.features.feature import Extract, Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["DETECTION", "IN_PLACE", "DetectionFeature", "FaceDetection", "found"]

IN_PLACE = 0.2
"""Maximum error of the eyes, in inter-ocular distances. In aligned photos it is 0.8% (median,
`benchmarks/face_metrics.py`); false detections elsewhere are mostly far off."""


def found(picture: NDArray[np.uint8], detector: Detector) -> NDArray[np.float32]:
    """Detect a face in an aligned crop.

    Args:
        picture: `[S, S, 3]` RGB.
        detector: The face detector.

    Returns:
        `[3]`: 1 if there is a face, else 0; the detector's confidence in it, -1 without a face; the
        mean distance of the outer eye corners from the template, in inter-ocular distances of the
        template, at most 1, and 1 without a face. Of several faces, the one closest to its place.
    """
    template = np.array(Preprocessing().eyes)
    apart = template[1, 0] - template[0, 0]
    best = (0.0, -1.0, 1.0)
    for face in detector(picture):
        eyes = face.eyes / len(picture)
        off = float(np.linalg.norm(eyes - template, axis=1).mean() / apart)
        if not best[0] or off < best[2]:
            best = (1.0, face.score, min(off, 1.0))
    return np.array(best, np.float32)


@dataclass(frozen=True)
class DetectionFeature:
    """`[3]`: see `found`."""

    resize: ClassVar[str] = ""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"found/1/{self.model}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        return detector_model()

    def start(self) -> Extract:
        """See `Feature.start`."""
        return functools.partial(found, detector=DlibDetector())


DETECTION = DetectionFeature()


@dataclass(frozen=True, kw_only=True)
class FaceDetection:
    """Fraction of generated photos in which a face is detected, and detected in its place."""

    name: ClassVar[str] = "detection"
    title: ClassVar[str] = "Face detection"
    question: ClassVar[str] = "Is there a face where it should be?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"generated": Input.of(DETECTION, "generated")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        there, score, off = features["generated"].astype(np.float64).T
        in_place = (there > 0) & (off <= IN_PLACE)
        yield Score(
            name="detection.rate",
            title="photos with a detected face",
            estimate=resampling.share(there),
            better="higher",
            unit="%",
            digits=1,
            per_image=score,
            per_image_title="confidence of the detector",
        )
        yield Score(
            name="detection.in_place",
            title="photos with the face in its place",
            estimate=resampling.share(in_place),
            better="higher",
            unit="%",
            digits=1,
            per_image=off,
            per_image_title="distance of the eyes from their place, in inter-ocular distances",
            per_image_better="lower",
        )
