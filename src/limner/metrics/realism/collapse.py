"""Collapse: do generated photos differ as people do?

A generator can collapse in two ways. If it generates the same picture for every input, its pictures
are close to each other (`diversity`). If it generates the same face in many lights and colours,
they are not, but each is the average face; so each face is also compared with the average of the
others, without brightness and contrast.

Whether the differences follow the sketch is another question: see
`limner.metrics.faithfulness.dependence`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.common import THUMBNAIL
from limner.features.feature import Features, Input
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score

__all__ = ["Collapse", "average_face", "own_share", "squared_spread"]

_LIGHT = np.array([0.299, 0.587, 0.114])
_FACE = slice(3, 13)
"""Rows and columns of a thumbnail with the face, without hair and background."""
_FLAT = 1e-3
"""Standard deviation of a face, as a fraction of white, below which it counts as flat."""
_FEW = 20


def squared_spread(rows: NDArray[np.floating[Any]], weights: Weights) -> NDArray[np.float64]:
    """Mean squared Euclidean distance of two different pictures, for each resample: `[B]`.

    Two copies of one picture are not a pair, so that resampling does not lower it. It is computed
    without the distances, as twice the variance.

    Args:
        rows: `[n, D]`.
        weights: `[B, n]`: how often each resample contains each picture.
    """
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    total = weights.sum(axis=1)
    pairs = np.square(total) - np.square(weights).sum(axis=1)
    apart = total * (weights @ np.square(centred).sum(axis=1))
    apart = apart - np.square(weights @ centred).sum(axis=1)
    spread: NDArray[np.float64] = 2 * np.maximum(apart, 0) / np.maximum(pairs, 1)
    return spread


def own_share(thumbnails: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """How individual each face is, compared with the average of the others: `[n]` in 0..1.

    The sine of the angle between the face and the average, both without their mean: with r their
    correlation, sqrt(1 - r^2), and 1 where r is below 0. Blending faces towards the average by a
    factor lowers it by nearly that factor. A flat picture has 0.

    Args:
        thumbnails: `[n, 768]`, see `limner.features.common.thumbnail`; n at least 2.

    Raises:
        UsageError: There are fewer than 2, or the shape is wrong.
    """
    faces, flat = _faces(thumbnails)
    own: NDArray[np.float64] = _own(faces, flat, np.ones((1, len(faces))))[0]
    return own


def average_face(generated: NDArray[np.floating[Any]], real: NDArray[np.floating[Any]]) -> float:
    """Similarity of generated photos to the average face.

    0 if they are as individual as real photos, 1 if all are the average of the generated photos;
    below 0 if they are more individual than real photos.

    Args:
        generated: Thumbnails `[N, 768]`, N at least 2.
        real: Thumbnails `[M, 768]`, M at least 2.

    Raises:
        UsageError: There are fewer, or the shapes are wrong.
    """
    return float(1 - own_share(generated).mean() / max(float(own_share(real).mean()), _FLAT))


def _faces(
    thumbnails: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Faces `[n, 100]` without brightness and contrast, of unit length, and which are flat."""
    if thumbnails.ndim != 2 or thumbnails.shape[1] != 768 or len(thumbnails) < 2:
        raise UsageError(
            f"thumbnails are {list(thumbnails.shape)}; expected [N, 768], N at least 2"
        )
    light = thumbnails.astype(np.float64).reshape(-1, 16, 16, 3) @ _LIGHT
    faces = light[:, _FACE, _FACE].reshape(len(light), -1)
    faces = faces - faces.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(faces, axis=1, keepdims=True)
    flat = lengths[:, 0] < _FLAT * np.sqrt(faces.shape[1])
    return np.where(flat[:, None], 0, faces / np.maximum(lengths, 1e-12)), flat


def _own(
    faces: NDArray[np.float64], flat: NDArray[np.bool_], weights: Weights
) -> NDArray[np.float64]:
    """`own_share` in each resample, `[B, n]`; copies of a picture do not count as others.

    NaN where a resample contains only copies of the picture.
    """
    average = weights @ faces
    along = average @ faces.T
    length = np.square(average).sum(axis=1, keepdims=True)
    others = np.sqrt(np.maximum(length - 2 * weights * along + np.square(weights), 1e-12))
    alike = np.clip((along - weights) / others, 0, 1)
    own: NDArray[np.float64] = np.where(flat, 0, np.sqrt(1 - np.square(alike)))
    own[weights == weights.sum(axis=1, keepdims=True)] = np.nan
    return own


@dataclass(frozen=True)
class Collapse:
    """Diversity and similarity to the average face of generated photos, relative to real ones."""

    name: ClassVar[str] = "collapse"
    title: ClassVar[str] = "Collapse"
    question: ClassVar[str] = "Do generated photos differ as real people do?"
    min_pictures: ClassVar[int] = 2
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(THUMBNAIL, "generated"),
        "real": Input.of(THUMBNAIL, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`.

        `collapse.diversity` is that of `limner.metrics.realism.diversity`, with the root mean
        square distance instead of the mean distance; the two differ by a few per cent.
        """
        generated, real = features["generated"], features["real"]
        few = min(len(generated), len(real))
        warnings = [] if few >= _FEW else [f"{few} pictures are too few to compare diversity"]
        apart = np.sqrt(squared_spread(real, np.ones((1, len(real))))[0])
        if apart < 1e-3:
            warnings.append("the real photos are all alike: there is nothing to compare with")
            apart = np.float64(1e-3)

        def diversity(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            spreads = squared_spread(real, real_weights)
            ours: NDArray[np.float64] = squared_spread(generated, generated_weights)
            return np.sqrt(ours / np.maximum(spreads, 1e-6))

        own = own_share(real).mean()
        middle = generated.mean(axis=0, dtype=np.float64)
        yield Score(
            name="collapse.diversity",
            title="diversity, relative to real photos",
            estimate=resampling.of(diversity, len(generated), len(real)),
            better="nearer",
            target=1,
            digits=2,
            warnings=tuple(warnings),
            # Two pictures are sqrt(2) times as far from each other as from their mean.
            per_image=np.linalg.norm(generated - middle, axis=1) * np.sqrt(2) / apart,
            per_image_better="higher",
        )
        generated_faces, real_faces = _faces(generated), _faces(real)

        def average(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            shares = [
                (_own(*faces, weights) * weights).sum(axis=1) / weights.sum(axis=1)
                for faces, weights in (
                    (generated_faces, generated_weights),
                    (real_faces, real_weights),
                )
            ]
            likeness: NDArray[np.float64] = 1 - shares[0] / np.maximum(shares[1], _FLAT)
            return likeness

        yield Score(
            name="collapse.average",
            title="similarity to the average face: 0 as real people, 1 all the same",
            estimate=resampling.of(average, len(generated), len(real)),
            better="nearer",
            digits=2,
            warnings=tuple(warnings),
            per_image=1 - own_share(generated) / max(float(own), _FLAT),
            per_image_better="lower",
        )
