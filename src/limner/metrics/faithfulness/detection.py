"""Face detection: is there a face, and is it where it should be?

limner's own detector looks for a face in the picture as it is framed. That needs no margin around:
in 471 photos that it had found a face in and framed it finds one again in all, in its place in
0.998 of them, and in none of the same photos when their parts are scrambled
(`benchmarks/face_measures.py`).
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
"""Eye distances by which the eyes may be off. In framed photos they are off by 0.8 % (median,
`benchmarks/face_measures.py`); what the detector takes for a face elsewhere is mostly far off."""


def found(picture: NDArray[np.uint8], detector: Detector) -> NDArray[np.float32]:
    """Look for a face in a framed picture.

    Args:
        picture: `[S, S, 3]` RGB.
        detector: What looks.

    Returns:
        `[3]`: 1 if there is a face, else 0; the detector's confidence in it, -1 without one; how
        far the outer eye corners are from the template on average, in the template's eye
        distances, 1 without a face and at most. Of several faces it is the one in place.
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
    """Share of generated photos in which a face is found, and found in its place."""

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
