"""Sensitivity tests: does each metric respond to its own corruption, and to no other?

Real photos are used as the output of a perfect model. They are their own ground truth, limner draws
the sketches of them, and they are corrupted step by step. Other photos are the reference set, and
others again the training set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.engines import Engine
from limner.features.evaluation_set import EvaluationSet, Picture
from limner.metrics.catalogue import standard
from limner.metrics.measuring import measure
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score
from limner.metrics.validation.corruptions import corrupted, drawn

if TYPE_CHECKING:
    from limner.features.feature import Role

__all__ = ["INVARIANT", "TARGET", "Photos", "SensitivityTest"]

TARGET: Mapping[str, str] = {
    "identity.rank1": "swap",
    "identity.genuine": "swap",
    "strokes.recall": "ignored",
    "hatching.kept": "hatched",
    "landmarks.error": "eyes",
    "dependence.explained": "ignored",
    "ssim.grey": "blur",
    "fsim.grey": "blur",
    "appearance.distance": "cast",
    "kid": "average",
    "fid": "average",
    "smile.drift": "smile",
    "smile_drawn.drift": "smile",
    "skin.error": "cast",
    "skin.chroma": "grey",
    "brightness.drift": "dark",
    "contrast.ratio": "flat",
    "detection.rate": "scrambled",
    "sharpness.ratio": "blur",
    "spectrum.distance": "noise",
    "checkerboard.period2": "grid",
    "checkerboard.common": "grid",
    "collapse.diversity": "collapsed",
    "collapse.average": "average",
    "memorisation.share": "copied",
}
"""For each score the corruption that it is meant to detect: it gets worse step by step."""

_FINE = ("grid", "hatched")
_OF_LIGHT = ("grey", "cast", "dark")
_OF_WHO = ("swap", "ignored")
_OF_PARTS = ("smile", "eyes")
INVARIANT: Mapping[str, Sequence[str]] = {
    "identity.rank1": ("noise", "jpeg", *_FINE, *_OF_PARTS, *_OF_LIGHT),
    "identity.genuine": ("grid", *_OF_LIGHT),
    "strokes.recall": ("noise", "jpeg", *_FINE, "smile", *_OF_LIGHT),
    "hatching.kept": ("noise", "grid", *_OF_PARTS, "grey", "cast"),
    "landmarks.error": ("noise", "jpeg", *_FINE, "smile", *_OF_LIGHT),
    "dependence.explained": ("blur", "noise", "jpeg", *_FINE, *_OF_PARTS, *_OF_LIGHT),
    "ssim.grey": ("smile", "grey", "cast"),
    "fsim.grey": ("grid", "smile", "grey", "cast"),
    "appearance.distance": (*_OF_WHO, "copied", *_OF_PARTS, "features"),
    "kid": ("blur", "noise", "jpeg", *_FINE, *_OF_WHO, "smile", "features", *_OF_LIGHT),
    "fid": ("blur", "noise", "jpeg", *_FINE, *_OF_WHO, "smile", "features", *_OF_LIGHT),
    "smile.drift": ("jpeg", *_FINE, *_OF_WHO, "eyes", "features", *_OF_LIGHT),
    "skin.error": ("blur", "noise", *_FINE, *_OF_PARTS, "features"),
    "skin.chroma": ("blur", "noise", "jpeg", *_FINE, *_OF_WHO, *_OF_PARTS, "features"),
    "brightness.drift": ("blur", "noise", "jpeg", *_FINE, "swap", *_OF_PARTS, "grey", "cast"),
    "contrast.ratio": ("noise", "jpeg", *_FINE, *_OF_WHO, *_OF_PARTS, "features", "grey", "cast"),
    "detection.rate": ("noise", "jpeg", *_FINE, *_OF_WHO, "copied", *_OF_PARTS, *_OF_LIGHT),
    "sharpness.ratio": ("noise", "jpeg", *_OF_WHO, *_OF_PARTS, "features", *_OF_LIGHT),
    "spectrum.distance": ("jpeg", *_OF_WHO, "copied", *_OF_PARTS, "features", *_OF_LIGHT),
    "checkerboard.period2": (
        "hatched",
        "blur",
        "noise",
        "jpeg",
        *_OF_WHO,
        *_OF_PARTS,
        *_OF_LIGHT,
        "average",
    ),
    "checkerboard.common": ("hatched", "blur", "noise", "jpeg", *_OF_WHO, *_OF_PARTS, *_OF_LIGHT),
    "collapse.diversity": ("blur", "noise", "jpeg", *_FINE, "swap", *_OF_PARTS, "features", "cast"),
    "collapse.average": ("blur", "noise", "jpeg", *_FINE, *_OF_WHO, *_OF_PARTS, *_OF_LIGHT),
    "memorisation.share": (
        "blur",
        "noise",
        "jpeg",
        *_FINE,
        "swap",
        "average",
        *_OF_PARTS,
        *_OF_LIGHT,
    ),
}
"""For each score the corruptions under which it hardly changes. Some of the others may rightly
change it: a blurred face is harder to recognise, a scrambled one has no skin."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Aligned photos `[n, S, S, 3]` of different people."""

    ground_truth: NDArray[np.uint8]
    real: NDArray[np.uint8]
    training: NDArray[np.uint8]


class SensitivityTest:
    """Scores corrupted photos; unchanged pictures are processed once."""

    def __init__(self, photos: Photos, cache: Path, *, engine: Engine | None = None) -> None:
        """Draw the sketches.

        Args:
            photos: The photos to corrupt, and the reference sets.
            cache: Folder in which features are cached.
            engine: Where features are extracted; by default in this process.
        """
        self._photos, self._cache, self._engine = photos, cache, engine
        self._truth, self._drawn = (
            _pictures(photos.ground_truth),
            _pictures(drawn(photos.ground_truth)),
        )
        self._unpaired: dict[Role, tuple[Picture, ...]] = {
            "real": _pictures(photos.real),
            "training": _pictures(photos.training),
        }
        self._known: dict[tuple[str, float], dict[str, Score]] = {}

    def scores(self, corruption: str = "", strength: float = 0.0) -> dict[str, Score]:
        """All scores of photos corrupted with this strength, 0 to 1; by default of clean photos."""
        key = (corruption, strength) if strength else ("", 0.0)
        if key not in self._known:
            self._known[key] = self._measured(*key)
        return self._known[key]

    def relative_loss(self, name: str, corruption: str, strength: float = 1.0) -> float:
        """How much worse a corruption makes a score, relative to its own corruption at strength 1.

        NaN if the score cannot be computed.
        """
        clean = self.scores()[name]
        changed = self.scores(corruption, strength).get(name)
        if changed is None:
            return float("nan")
        return _worse(changed, clean) / _worse(self.scores(TARGET[name], 1.0)[name], clean)

    def _measured(self, corruption: str, strength: float) -> dict[str, Score]:
        ground_truth, training = self._photos.ground_truth, self._photos.training
        generated = (
            corrupted(ground_truth, corruption, strength, others=training)
            if strength
            else ground_truth
        )
        rows: dict[str, dict[Role, Picture]] = {
            f"{number:04d}": {"generated": one, "ground_truth": true, "sketch": page}
            for number, (one, true, page) in enumerate(
                zip(_pictures(generated), self._truth, self._drawn, strict=True)
            )
        }
        evaluated = EvaluationSet(rows=rows, unpaired=self._unpaired, size=ground_truth.shape[1])
        resamples = Resampling(resamples=20)  # only the values are used
        found = measure(
            evaluated, standard(), resampling=resamples, engine=self._engine, cache=self._cache
        )
        return found.scores


def _worse(score: Score, before: Score) -> float:
    return score.loss(score.estimate.value) - before.loss(before.estimate.value)


def _pictures(crops: Iterable[NDArray[np.uint8]]) -> tuple[Picture, ...]:
    return tuple(
        Picture(name=str(number), source=images.encode(crop), framed=True)
        for number, crop in enumerate(crops)
    )
