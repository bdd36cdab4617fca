"""KID: do made pictures, as a crowd, look like real ones?

The Kernel Inception Distance of Bińkowski et al. 2018, *Demystifying MMD GANs*, section 4: the
squared maximum mean discrepancy between two crowds of features under a cubic kernel, estimated
without bias, so that it can be compared where pictures are few, and may be below 0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.measures.features import DESCRIPTOR
from limner.measures.figure import Figure
from limner.measures.measure import Feature, Features, Want
from limner.measures.resampling import Resampling, Weights

__all__ = ["Kid", "kid", "kid_of_each", "kid_of_weighted", "scale_of"]

_ROWS = 1024
"""Of the kernel, at once."""


@dataclass(frozen=True, kw_only=True)
class Kid:
    """KID between made photos and real ones, on features of one kind."""

    feature: Feature = DESCRIPTOR
    on: str = "face descriptors"
    """What the features are, in words."""
    suffix: str = ""
    """Follows the name, to tell one kind of features from another."""
    unit_scale: bool = False
    """Whether the features are those of the paper, for which its own scale is right."""
    name: ClassVar[str] = "kid"
    title: ClassVar[str] = "Kernel distance (KID)"
    question: ClassVar[str] = "Do made photos, as a crowd, look like real ones?"
    least: ClassVar[int] = 2
    wants: Mapping[str, Want] = field(init=False)

    def __post_init__(self) -> None:
        wants = {role: Want.of(self.feature, role) for role in ("made", "real")}
        object.__setattr__(self, "wants", wants)

    def figures(self, features: Features, resampling: Resampling) -> Iterable[Figure]:
        """See `Measure.figures`."""
        made, real = features["made"], features["real"]
        scale = None if self.unit_scale else scale_of(real)

        def statistic(made_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            return kid_of_weighted(made, real, made_weights, real_weights, scale=scale)

        yield Figure(
            name=f"kid{self.suffix}",
            title=f"KID on {self.on}",
            estimate=resampling.of(statistic, len(made), len(real)),
            better="lower",
            digits=4,
            each=kid_of_each(made, real, scale=scale),
        )


def kid(
    made: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> float:
    """The distance of two crowds; 0 is expected where both are of one kind.

    Args:
        made: Features `[N, D]`, N at least 2.
        real: Features `[M, D]`, M at least 2.
        scale: Factor of the inner products in the kernel `(scale * x.y + 1) ** 3`. By default
            `1 / D` as in the paper, whose features are of unit size; see `scale_of` for others.

    Raises:
        UsageError: The shapes are others.
    """
    return float(kid_of_each(made, real, scale=scale).mean())


def kid_of_each(
    made: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> NDArray[np.float64]:
    """What each made picture adds to `kid`: `[N]`, whose mean it is.

    Their spread says how sure the figure is, given these real pictures: it is the first-order
    term of the estimate's variance (Hoeffding 1948). Where two models made the same pictures, the
    differences picture by picture say how sure the difference of their figures is.

    Args:
        made: As in `kid`.
        real: As in `kid`.
        scale: As in `kid`.

    Raises:
        UsageError: The shapes are others.
    """
    fitting = made.ndim == real.ndim == 2 and made.shape[1] == real.shape[1]
    if not fitting or min(len(made), len(real)) < 2:
        raise UsageError(
            f"features are {list(made.shape)} and {list(real.shape)}; expected [N, D] and [M, D] "
            "with N and M at least 2"
        )
    scale = 1 / made.shape[1] if scale is None else scale
    x, y = made.astype(np.float64), real.astype(np.float64)
    among_made, among_real = _others(x, scale), _others(y, scale).mean()
    between = np.concatenate([part.mean(axis=1) for part in _kernel(x, y, scale)])
    shares: NDArray[np.float64] = 2 * among_made - among_made.mean() + among_real - 2 * between
    return shares


def scale_of(real: NDArray[np.floating]) -> float:
    """The scale under which real features have inner products of about 1, as the paper's have.

    With `1 / D`, features that are smaller, such as face descriptors, leave the kernel all but
    linear, and KID would then compare nothing but means: it would not see a collapse.

    Args:
        real: `[M, D]`.
    """
    return 1 / max(float(np.square(real, dtype=np.float64).sum(axis=1).mean()), 1e-12)


def _kernel(
    x: NDArray[np.float64], y: NDArray[np.float64], scale: float
) -> Iterator[NDArray[np.float64]]:
    """The kernel `[N, M]`, some rows at a time."""
    for start in range(0, len(x), _ROWS):
        part = scale * (x[start : start + _ROWS] @ y.T) + 1
        yield part * part * part  # a power takes ten times as long


def _own(x: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """The kernel of each picture with itself."""
    own: NDArray[np.float64] = (scale * np.square(x).sum(axis=1) + 1) ** 3
    return own


def _others(x: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """For each picture the mean of its kernel with all others."""
    sums = np.concatenate([part.sum(axis=1) for part in _kernel(x, x, scale)])
    means: NDArray[np.float64] = (sums - _own(x, scale)) / (len(x) - 1)
    return means


def kid_of_weighted(
    made: NDArray[np.floating],
    real: NDArray[np.floating],
    made_weights: Weights,
    real_weights: Weights,
    *,
    scale: float | None = None,
) -> NDArray[np.float64]:
    """KID of crowds in which each picture comes so often: `[B]`.

    Two copies of one picture are no pair: an unbiased estimate has no picture meet itself.

    Args:
        made: As in `kid`.
        real: As in `kid`.
        made_weights: `[B, N]`.
        real_weights: `[B, M]`.
        scale: As in `kid`.
    """
    scale = 1 / made.shape[1] if scale is None else scale
    x, y = made.astype(np.float64), real.astype(np.float64)

    def among(z: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
        squares = np.square(weights)
        sums = _mixed(z, z, weights, weights, scale) - squares @ _own(z, scale)
        pairs = np.square(weights.sum(axis=1)) - squares.sum(axis=1)
        means: NDArray[np.float64] = sums / np.maximum(pairs, 1)
        return means

    between = _mixed(x, y, made_weights, real_weights, scale)
    between = between / (made_weights.sum(axis=1) * real_weights.sum(axis=1))
    distance: NDArray[np.float64] = among(x, made_weights) + among(y, real_weights) - 2 * between
    return distance


def _mixed(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    x_weights: Weights,
    y_weights: Weights,
    scale: float,
) -> NDArray[np.float64]:
    """Sum of the kernel over all pairs, weighted: `[B]`."""
    total = np.zeros(len(x_weights))
    for number, part in enumerate(_kernel(x, y, scale)):
        rows = x_weights[:, number * _ROWS : (number + 1) * _ROWS]
        total += ((rows @ part) * y_weights).sum(axis=1)
    return total
