"""Memorisation: are generated photos copies of training faces?

A generated photo that lies nearer to a photo of the training set than different people lie to each
other is not of somebody new (Webster, Rabin, Simon and Jurie 2019, *Detecting Overfitting of Deep
Generative Networks via Latent Recovery*; Meehan, Chaudhuri and Dasgupta 2020, *A Non-Parametric
Test to Detect Data-Copying in Generative Models*). Nearness is that of face descriptors, which
light, framing and a mirror hardly change.

How near a face comes to the nearest of many depends on how many there are, and so the standard is
the nearest of the same training faces, too: to one of themselves, to the ground-truth photos, or to
other real photos. The same person or picture again would make that standard blind to copies. Such a
face stands out: it is much nearer than the next ones, while the next ones of different people are
about equally far, as distances in many dimensions are.
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
"""Of the distances, at once."""
_NEIGHBOURS = 10
_SAME = 0.6
"""A neighbour nearer than this share of the distance of the tenth is the same person."""
_STANDARD = 2000
"""Faces that set the standard: more say no more about its closest hundredth."""
_CLOSEST = 0.01
_FEW = 200


def nearest(
    faces: NDArray[np.floating[Any]], training: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each face the training face that is nearest to it, and how far that is: `[n]`, `[n]`.

    Args:
        faces: Descriptors `[n, D]`.
        training: Descriptors `[N, D]`.

    Raises:
        UsageError: The shapes are others, or there are no training faces.
    """
    numbers, distances = _neighbours(faces, training, 1)
    return numbers[:, 0], distances[:, 0]


def nearest_other(
    faces: NDArray[np.floating[Any]], training: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How far the nearest training face of another person is, and who is there: `[n]` each.

    A training face that is nearer than 0.6 times the distance of the tenth nearest is the same
    person or picture again, and passed over; so is a face itself, if it is of the training set.
    Where the ten nearest are all of one person, as in sets with dozens of photos of each, none
    stands out, and the nearest is taken: a copy of a picture is still nearer than that, another
    photo of the person is not.

    Args:
        faces: Descriptors `[n, D]`.
        training: Descriptors `[N, D]`.

    Returns:
        The distances, and of which faces the same person is among the training faces.

    Raises:
        UsageError: The shapes are others, or there are no training faces.
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
    """The nearest training faces of each, nearest first, and how far: `[n, count]` each."""
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
    # Taken again, without the cancellation of equal squares, so that a copy is at 0.
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
    """Numbers of the nearest training faces, in no order, some of these at a time."""
    numbers = np.empty((len(faces), 0), np.intp)
    squares = np.empty((len(faces), 0), np.float32)
    x = faces.astype(np.float32)
    for start in range(0, len(training), _COLUMNS):
        y = training[start : start + _COLUMNS].astype(np.float32)
        part = np.square(y).sum(axis=1) - 2 * x @ y.T  # less the face's own square
        candidates = np.broadcast_to(np.arange(start, start + len(y)), part.shape)
        squares = np.concatenate([squares, part], axis=1)
        numbers = np.concatenate([numbers, candidates], axis=1)
        kept = np.argpartition(squares, min(count, squares.shape[1]) - 1, axis=1)[:, :count]
        squares = np.take_along_axis(squares, kept, 1)
        numbers = np.take_along_axis(numbers, kept, 1)
    return numbers


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """How near generated photos come to the photos that the model learnt from."""

    against: Literal["training", "ground_truth", "real"] = "training"
    """What sets the standard: how near the training faces are to each other, or how near the true
    photos or other real ones are to them. The ground-truth photos are the best standard, for they
    are of the same kind of people, in the same light: where all training faces are of other people
    than those in the sketches, generated photos are as far from them as the ground truth are."""
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

        By chance 1% of the generated faces are as near, or somewhat more: of the standard a
        stranger who happens to be very near is passed over as the same person. Intervals draw the
        made faces and those of the standard again, not the training faces: the model learnt from
        these and no others.
        """
        generated, training = features["generated"], features["training"]
        whose, away = nearest(generated, training)
        usual, warnings = self._standard(features)
        steps = np.sort(usual)
        order = np.argsort(usual, kind="stable")
        ranks, made_order = np.argsort(away, kind="stable"), np.sort(away)

        def share(made_weights: Weights, standard_weights: Weights) -> NDArray[np.float64]:
            limits = _quantile(steps, standard_weights[:, order], _CLOSEST)
            nearer = made_weights * (away < limits[:, None])
            shares: NDArray[np.float64] = nearer.sum(axis=1) / made_weights.sum(axis=1)
            return shares

        def ratio(made_weights: Weights, standard_weights: Weights) -> NDArray[np.float64]:
            middle = _quantile(made_order, made_weights[:, ranks], 0.5)
            standard = _quantile(steps, standard_weights[:, order], 0.5)
            return middle / np.maximum(standard, 1e-6)

        suffix = "" if self.against == "training" else f"_{self.against}"
        whom = {
            "training": "other training faces",
            "ground_truth": "the ground-truth photos",
            "real": "other real photos",
        }[self.against]
        yield Score(
            name=f"memorisation.share{suffix}",
            title=f"photos nearer to a training face than all but 1% of {whom}",
            estimate=resampling.unsure(resampling.of(share, len(generated), len(usual))),
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

    def _standard(self, features: Features) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """How near faces are that are not copies, `[M]`, and what to know about them."""
        training, standard = features["training"], features[self.against]
        chosen = standard[thinned(len(standard), _STANDARD)]
        usual, same = nearest_other(chosen, training)
        warnings = []
        if len(usual) < _FEW:
            warnings.append(
                f"only {len(usual)} faces set the standard, too few for the closest 1% of them"
            )
        if self.against != "training" and same.mean() > 0.5:
            warnings.append(
                f"{same.mean():.0%} of the photos that set the standard are of people in the "
                "training set: generated photos are near to it for that reason alone"
            )
        if not usual.any():
            warnings.append(
                "the faces that set the standard are all on training faces: nothing can be nearer"
            )
        return usual, tuple(warnings)


def _quantile(values: NDArray[np.float64], weights: Weights, share: float) -> NDArray[np.float64]:
    """The least of the sorted values `[n]` up to which lies the share of each draw: `[B]`."""
    reached = np.cumsum(weights, axis=1) >= share * weights.sum(axis=1, keepdims=True)
    found: NDArray[np.float64] = values[reached.argmax(axis=1)]
    return found
