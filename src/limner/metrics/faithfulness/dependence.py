"""Dependence: does the sketch decide how generated photos differ?

A generator that ignores its sketch, and makes random faces or always the same face, can look good
picture by picture. So the generated photo is predicted from the sketch: by kernel ridge regression
between their thumbnails, with leave-one-out cross-validation. What can be predicted was decided by
the sketch.

Leave-one-out has a closed form (Allen 1974, PRESS; Hastie, Tibshirani and Friedman 2009, *The
Elements of Statistical Learning*, section 7.10). Beyond 500 pictures the Nyström approximation of
the kernel is used (Williams and Seeger 2001), which avoids a matrix of all pairs of pictures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.common import THUMBNAIL
from limner.features.feature import Features, Input
from limner.metrics.discrepancy import squared_distances
from limner.metrics.realism.collapse import squared_spread
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score
from limner.metrics.subsampling import thinned

__all__ = ["Dependence", "explained", "left_out"]

_LANDMARKS = 500
_RIDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, np.inf)
"""Candidates, of which the best is used; the last predicts the mean of the other photos."""
_WIDTH = 3.0
"""Width of the kernel, as a multiple of the median squared distance of two sketches."""
_ALIKE = 2 * 768 * (0.5 / 255) ** 2
"""Squared spread below which outputs differ by less than half a grey level: by rounding only."""
_FEW = 50


def left_out(
    sketches: NDArray[np.floating[Any]], generated: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared leave-one-out errors of predicting each generated photo: `[n]` and `[n]`.

    Args:
        sketches: Features `[n, D]`, n at least 3.
        generated: Features `[n, E]`.

    Returns:
        The squared error of the prediction from the sketch, and that of predicting the mean of the
        others. The sum of the former is at most that of the latter.

    Raises:
        UsageError: The shapes do not match.
    """
    fitting = sketches.ndim == generated.ndim == 2 and len(sketches) == len(generated)
    if not fitting or len(generated) < 3:
        raise UsageError(
            f"features are {list(sketches.shape)} and {list(generated.shape)}; expected [n, D] and "
            "[n, E] with the same n, at least 3"
        )
    count = len(generated)
    outputs = generated.astype(np.float64) - generated.mean(axis=0, dtype=np.float64)
    basis, power = _basis(sketches.astype(np.float64))
    inside = basis.T @ outputs
    best = plain = np.square(outputs * count / (count - 1)).sum(axis=1)
    for ridge in _RIDGES[:-1]:
        kept = power / (power + ridge)
        errors = outputs - basis @ (kept[:, None] * inside)
        leverage = 1 / count + np.square(basis) @ kept
        squared = np.square(errors / np.maximum(1 - leverage, 1e-6)[:, None]).sum(axis=1)
        if squared.sum() < best.sum():
            best = squared
    return best, plain


def _basis(inputs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal axes `[n, r]` of the inputs' centred Gaussian kernel, and their power."""
    landmarks = inputs[thinned(len(inputs), _LANDMARKS)]
    among = squared_distances(landmarks, landmarks)
    width = _WIDTH * max(float(np.median(among[np.triu_indices(len(among), 1)])), 1e-9)
    values, vectors = np.linalg.eigh(np.exp(-among / width))
    kept = values > 1e-9 * values[-1]
    whitening = vectors[:, kept] / np.sqrt(values[kept])
    mapped = np.exp(-squared_distances(inputs, landmarks) / width) @ whitening
    left, singular, _ = np.linalg.svd(mapped - mapped.mean(axis=0), full_matrices=False)
    return left, np.square(singular)


def explained(sketches: NDArray[np.floating[Any]], generated: NDArray[np.floating[Any]]) -> float:
    """Fraction of the variance of generated photos that their sketches explain, in 0..1.

    0 if they ignore their sketches, or are all alike.

    Args:
        sketches: As in `left_out`.
        generated: As in `left_out`.

    Raises:
        UsageError: The shapes do not match.
    """
    errors, plain = left_out(sketches, generated)
    if _all_alike(generated):
        return 0.0
    return float(1 - errors.sum() / plain.sum())


def _all_alike(generated: NDArray[np.floating[Any]]) -> bool:
    return bool(squared_spread(generated, np.ones((1, len(generated))))[0] < _ALIKE)


@dataclass(frozen=True)
class Dependence:
    """Fraction of the variance of generated photos that the sketches explain."""

    name: ClassVar[str] = "dependence"
    title: ClassVar[str] = "Dependence on the sketch"
    question: ClassVar[str] = "Does the sketch decide what the photo looks like?"
    min_pictures: ClassVar[int] = 3
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(THUMBNAIL, "generated"),
        "sketch": Input.of(THUMBNAIL, "sketch"),
        "real": Input.of(THUMBNAIL, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`.

        Confidence intervals resample the pictures with their errors, without fitting again: a
        picture that occurs twice would be predicted from its copy.
        """
        generated, real = features["generated"], features["real"]
        errors, plain = left_out(features["sketch"], generated)
        warnings = []
        if len(generated) < _FEW:
            warnings.append(
                f"{len(generated)} pictures are few for fitting a prediction: the score is too "
                "low; compare only at equal n"
            )
        if _all_alike(generated):
            warnings.append("the generated photos are all alike: there is no variance to explain")
            errors = plain = np.ones(len(generated))

        def fraction(weights: Weights) -> NDArray[np.float64]:
            left: NDArray[np.float64] = (weights @ errors) / np.maximum(weights @ plain, 1e-9)
            return 1 - left

        def decided(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            real_spread = np.maximum(squared_spread(real, real_weights), _ALIKE)
            diversity = squared_spread(generated, generated_weights) / real_spread
            return fraction(generated_weights) * np.minimum(diversity, 1)

        per_image = 1 - errors / max(float(plain.mean()), 1e-9)
        yield Score(
            name="dependence.explained",
            title="variance explained by the sketches (cross-validated R²)",
            estimate=resampling.of(fraction, len(generated)),
            better="higher",
            unit="%",
            digits=1,
            warnings=tuple(warnings),
            per_image=per_image,
        )
        yield Score(
            name="dependence.decided",
            title="the same, relative to the variance of real photos",
            estimate=resampling.of(decided, len(generated), len(real)),
            better="higher",
            unit="%",
            digits=1,
            warnings=tuple(warnings),
        )
