"""Distance of two sets: the unbiased squared maximum mean discrepancy (MMD).

Gretton et al. 2012, *A Kernel Two-Sample Test*, lemma 6: the mean kernel among the generated, plus
that among the real, minus twice that between them; no picture is paired with itself. 0 is expected
where both come from one distribution, and the estimate may be below 0.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.metrics.resampling import Weights

__all__ = [
    "MOST_REAL",
    "Kernel",
    "by_image",
    "cubic",
    "minus_distance",
    "of_weighted",
    "squared_distances",
]

Kernel = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From features `[n, D]` and `[m, D]` to their similarity, `[n, m]`."""

MOST_REAL = 10_000
"""Maximum number of real photos to compare with: time grows with the square of their number, and
more do not make a score of as many or fewer generated photos more certain."""
_ROWS = 1024
"""Rows of the kernel computed at once."""


def cubic(scale: float) -> Kernel:
    """`(scale * x.y + 1) ** 3`, the kernel of KID (Bińkowski et al. 2018)."""

    def kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        part = scale * (x @ y.T) + 1
        return part * part * part  # a power takes ten times as long

    return kernel


def minus_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """`-|x - y|`: with it, the discrepancy is the energy distance (Székely and Rizzo 2013).

    It is in the units of the features and has no parameters (Sejdinovic et al. 2013,
    *Equivalence of distance-based and RKHS-based statistics in hypothesis testing*).
    """
    distances: NDArray[np.float64] = -np.sqrt(squared_distances(x, y))
    return distances


def squared_distances(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared Euclidean distances `[n, m]` of `[n, D]` and `[m, D]`; about 0 for equal rows."""
    squares = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1) - 2 * x @ y.T
    distances: NDArray[np.float64] = np.maximum(squares, 0)
    return distances


def by_image(
    generated: NDArray[np.floating], real: NDArray[np.floating], kernel: Kernel
) -> NDArray[np.float64]:
    """Contribution of each generated picture: `[N]`, whose mean is the discrepancy.

    Their variance shows how certain it is, given these real pictures: it is the first-order term
    of the estimate's variance (Hoeffding 1948). Where two models generated the same pictures, the
    differences picture by picture show how certain the difference of their scores is.

    Args:
        generated: Features `[N, D]`, N at least 2.
        real: Features `[M, D]`, M at least 2.
        kernel: Similarity of two pictures.

    Raises:
        UsageError: The shapes do not match.
    """
    fitting = generated.ndim == real.ndim == 2 and generated.shape[1] == real.shape[1]
    if not fitting or min(len(generated), len(real)) < 2:
        raise UsageError(
            f"features are {list(generated.shape)} and {list(real.shape)}; expected [N, D] and "
            "[M, D] with N and M at least 2"
        )
    x, y = generated.astype(np.float64), real.astype(np.float64)
    among_generated, among_real = _others(x, kernel), _others(y, kernel).mean()
    between = np.concatenate([part.mean(axis=1) for part in _parts(x, y, kernel)])
    contributions: NDArray[np.float64] = (
        2 * among_generated - among_generated.mean() + among_real - 2 * between
    )
    return contributions


def of_weighted(
    generated: NDArray[np.floating],
    real: NDArray[np.floating],
    generated_weights: Weights,
    real_weights: Weights,
    kernel: Kernel,
) -> NDArray[np.float64]:
    """The discrepancy of resampled sets: `[B]`.

    Two copies of one picture are not a pair.

    Args:
        generated: As in `by_image`.
        real: As in `by_image`.
        generated_weights: `[B, N]`.
        real_weights: `[B, M]`.
        kernel: As in `by_image`.
    """
    x, y = generated.astype(np.float64), real.astype(np.float64)

    def among(z: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
        squares = np.square(weights)
        sums = _mixed(z, z, weights, weights, kernel) - squares @ _own(z, kernel)
        pairs = np.square(weights.sum(axis=1)) - squares.sum(axis=1)
        means: NDArray[np.float64] = sums / np.maximum(pairs, 1)
        return means

    between = _mixed(x, y, generated_weights, real_weights, kernel)
    between = between / (generated_weights.sum(axis=1) * real_weights.sum(axis=1))
    distance: NDArray[np.float64] = (
        among(x, generated_weights) + among(y, real_weights) - 2 * between
    )
    return distance


def _parts(
    x: NDArray[np.float64], y: NDArray[np.float64], kernel: Kernel
) -> Iterator[NDArray[np.float64]]:
    """The kernel `[N, M]`, some rows at a time."""
    for start in range(0, len(x), _ROWS):
        yield kernel(x[start : start + _ROWS], y)


def _own(x: NDArray[np.float64], kernel: Kernel) -> NDArray[np.float64]:
    """The kernel of each picture with itself."""
    return np.concatenate([kernel(row[None], row[None])[0] for row in x])


def _others(x: NDArray[np.float64], kernel: Kernel) -> NDArray[np.float64]:
    """The mean kernel of each picture with all others."""
    sums = np.concatenate([part.sum(axis=1) for part in _parts(x, x, kernel)])
    means: NDArray[np.float64] = (sums - _own(x, kernel)) / (len(x) - 1)
    return means


def _mixed(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    x_weights: Weights,
    y_weights: Weights,
    kernel: Kernel,
) -> NDArray[np.float64]:
    """Weighted sum of the kernel over all pairs: `[B]`."""
    total = np.zeros(len(x_weights))
    for number, part in enumerate(_parts(x, y, kernel)):
        rows = x_weights[:, number * _ROWS : (number + 1) * _ROWS]
        total += ((rows @ part) * y_weights).sum(axis=1)
    return total
