"""Memorisation: are generated photos copies of training faces?

A generated photo that is closer to a training photo than different people are to each other does
not show somebody new (Webster, Rabin, Simon and Jurie 2019, *Detecting Overfitting of Deep
Generative Networks via Latent Recovery*; Meehan, Chaudhuri and Dasgupta 2020, *A Non-Parametric
Test to Detect Data-Copying in Generative Models*). Distances are those of face descriptors, which
light, cropping and mirroring hardly change.

The distance to the nearest of many faces depends on their number. So the baseline is the distance
to the nearest of the same training faces, too: from other training faces, the ground-truth photos,
or other real photos. Other photos or copies of the same person would make that baseline blind to
copies, so they are left out. They stand out: they are much closer than the next faces, while
different people are at about equal distances, as is usual in many dimensions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.descriptor import DESCRIPTOR
from limner.features.feature import Features, Input, Role
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score
from limner.metrics.subsampling import thinned

__all__ = ["Memorisation", "nearest", "nearest_other"]

_ROWS, _COLUMNS = 1024, 8192
"""Block of distances computed at once."""
_NEIGHBOURS = 10
_SAME = 0.6
"""A neighbour closer than this fraction of the distance of the tenth is the same person."""
_BASELINE = 2000
"""Maximum number of baseline faces: more do not change the closest hundredth."""
_CLOSEST = 0.01
_FEW = 200


def nearest(
    faces: NDArray[np.floating[Any]], training: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each face the index of the nearest training face, and its distance: `[n]`, `[n]`.

    Args:
        faces: Descriptors `[n, D]`.
        training: Descriptors `[N, D]`.

    Raises:
        UsageError: The shapes do not match, or there are no training faces.
    """
    numbers, distances = _neighbours(faces, training, 1)
    return numbers[:, 0], distances[:, 0]


def nearest_other(
    faces: NDArray[np.floating[Any]], training: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distance to the nearest training face of another person, and if the same one is there: `[n]`.

    A training face closer than 0.6 times the distance of the tenth nearest is treated as the same
    person or picture and left out; so is the face itself, if it is in the training set. If the ten
    nearest are all of one person, as in datasets with dozens of photos per person, none stands out,
    and the nearest is used: a copy of a picture is still closer than that, another photo of the
    person is not.

    Args:
        faces: Descriptors `[n, D]`.
        training: Descriptors `[N, D]`.

    Returns:
        The distances, and for which faces the same person is among the training faces.

    Raises:
        UsageError: The shapes do not match, or there are no training faces.
    """
    _, distances = _neighbours(faces, training, min(_NEIGHBOURS, len(training)))
    same = distances < _SAME * distances[:, -1:]
    first = np.argmin(same, axis=1)  # the last is never the same person
    return distances[np.arange(len(distances)), first], same[:, 0]


def _neighbours(
    faces: NDArray[np.floating[Any]],
    training: NDArray[np.floating[Any]],
    count: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices and distances of the nearest training faces, nearest first: `[n, count]` each."""
    fitting = faces.ndim == training.ndim == 2 and faces.shape[1] == training.shape[1]
    if not fitting or not 1 <= count <= len(training):
        raise UsageError(
            f"descriptors are {list(faces.shape)} and {list(training.shape)}; expected [n, D] and "
            "[N, D], N at least 1"
        )
    numbers = np.empty((len(faces), count), np.intp)
    for start in range(0, len(faces), _ROWS):
        rows = slice(start, start + _ROWS)
        numbers[rows] = _nearest_few(faces[rows], training, count)
    # Computed again without cancellation of equal squares, so that a copy is at distance 0.
    distances = np.empty(numbers.shape)
    for place in range(count):
        distances[:, place] = np.linalg.norm(faces - training[numbers[:, place]], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(numbers, order, 1), np.take_along_axis(distances, order, 1)


def _nearest_few(
    faces: NDArray[np.floating[Any]],
    training: NDArray[np.floating[Any]],
    count: int,
) -> NDArray[np.intp]:
    """Indices of the nearest training faces, unordered, computed in blocks."""
    numbers = np.empty((len(faces), 0), np.intp)
    squares = np.empty((len(faces), 0), np.float32)
    x = faces.astype(np.float32)
    for start in range(0, len(training), _COLUMNS):
        y = training[start : start + _COLUMNS].astype(np.float32)
        part = np.square(y).sum(axis=1) - 2 * x @ y.T  # without the face's own square
        candidates = np.broadcast_to(np.arange(start, start + len(y)), part.shape)
        squares = np.concatenate([squares, part], axis=1)
        numbers = np.concatenate([numbers, candidates], axis=1)
        kept = np.argpartition(squares, min(count, squares.shape[1]) - 1, axis=1)[:, :count]
        squares = np.take_along_axis(squares, kept, 1)
        numbers = np.take_along_axis(numbers, kept, 1)
    return numbers


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """Distances of generated photos to the training photos, compared with a baseline."""

    against: Literal["training", "ground_truth", "real"] = "training"
    """The baseline: distances of the training faces to each other, or of the ground-truth or other
    real photos to them. The ground-truth photos are the best baseline, since they show the same
    kind of people in the same light: if the training faces are of other people than the sketches,
    generated photos should be as far from them as the ground truth."""
    name: ClassVar[str] = "memorisation"
    title: ClassVar[str] = "Memorisation"
    question: ClassVar[str] = "Are generated photos memorised training faces?"
    min_pictures: ClassVar[int] = 2
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        roles: tuple[Role, ...] = ("generated", "training", self.against)
        object.__setattr__(self, "inputs", {role: Input.of(DESCRIPTOR, role) for role in roles})

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`.

        By chance 1% of the generated faces are as close, or slightly more: in the baseline, a
        stranger who happens to be very close is left out as the same person. Confidence intervals
        resample the generated and the baseline faces, but not the training faces, which are fixed.
        """
        generated, training = features["generated"], features["training"]
        whose, away = nearest(generated, training)
        usual, warnings = self._baseline(features)
        steps = np.sort(usual)
        order = np.argsort(usual, kind="stable")
        ranks, distances = np.argsort(away, kind="stable"), np.sort(away)

        def fraction(generated_weights: Weights, baseline_weights: Weights) -> NDArray[np.float64]:
            limits = _quantile(steps, baseline_weights[:, order], _CLOSEST)
            nearer = generated_weights * (away < limits[:, None])
            fractions: NDArray[np.float64] = nearer.sum(axis=1) / generated_weights.sum(axis=1)
            return fractions

        def ratio(generated_weights: Weights, baseline_weights: Weights) -> NDArray[np.float64]:
            median = _quantile(distances, generated_weights[:, ranks], 0.5)
            baseline = _quantile(steps, baseline_weights[:, order], 0.5)
            return median / np.maximum(baseline, 1e-6)

        suffix = "" if self.against == "training" else f"_{self.against}"
        whom = {
            "training": "other training faces",
            "ground_truth": "the ground-truth photos",
            "real": "other real photos",
        }[self.against]
        yield Score(
            name=f"memorisation.share{suffix}",
            title=f"photos closer to a training face than all but 1% of {whom}",
            estimate=resampling.unsure(resampling.of(fraction, len(generated), len(usual))),
            better="lower",
            unit="%",
            digits=1,
            warnings=warnings,
            per_image=away,
            per_image_title="distance to the nearest training face",
            beside=whose,
            per_image_better="higher",
        )
        yield Score(
            name=f"memorisation.ratio{suffix}",
            title=f"median distance to the nearest training face, as a multiple of that of {whom}",
            estimate=resampling.of(ratio, len(generated), len(usual)),
            better="nearer",
            target=1,
            digits=2,
            warnings=warnings,
            per_image=away / max(float(np.median(usual)), 1e-6),
            per_image_title=(
                f"distance to the nearest training face, as a multiple of that of {whom}"
            ),
            per_image_better="higher",
        )

    def _baseline(self, features: Features) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """Distances of faces that are not copies, `[M]`, and warnings about them."""
        training, baseline = features["training"], features[self.against]
        chosen = baseline[thinned(len(baseline), _BASELINE)]
        usual, same = nearest_other(chosen, training)
        warnings = []
        if len(usual) < _FEW:
            warnings.append(
                f"the baseline has only {len(usual)} faces, too few for their closest 1%"
            )
        if self.against != "training" and same.mean() > 0.5:
            warnings.append(
                f"{same.mean():.0%} of the baseline photos show people in the training set: "
                "generated photos are close to it for that reason alone"
            )
        if not usual.any():
            warnings.append(
                "the baseline faces are all identical to training faces: nothing can be closer"
            )
        return usual, tuple(warnings)


def _quantile(values: NDArray[np.float64], weights: Weights, level: float) -> NDArray[np.float64]:
    """The quantile of the sorted values `[n]` in each resample: `[B]`."""
    reached = np.cumsum(weights, axis=1) >= level * weights.sum(axis=1, keepdims=True)
    found: NDArray[np.float64] = values[reached.argmax(axis=1)]
    return found
