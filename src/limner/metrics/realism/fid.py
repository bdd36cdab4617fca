"""FID: is the distribution of generated pictures close to that of real ones?

The Fréchet distance between the normal distributions that fit two sets of features best (Heusel
et al. 2017, *GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium*)::

    |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))

It is included because many papers report it. Few pictures bias it upwards: even for two sets from
one distribution it is above 0, the more the fewer pictures (Bińkowski et al. 2018, *Demystifying
MMD GANs*), and by how much depends on the model (Chong and Forsyth 2020, *Effectively Unbiased FID
and Inception Score*). KID has no such bias, see `limner.metrics.realism.kid`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.descriptor import DESCRIPTOR
from limner.features.feature import Feature, Features, Input
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score

__all__ = ["Contributions", "Fid", "fid", "fid_shares"]

_ENOUGH = 10_000
"""Minimum number of pictures that the authors of FID recommend."""


@dataclass(frozen=True, kw_only=True)
class Fid:
    """FID between generated photos and real ones, on features of one kind.

    Resamples are computed by `fid_shares`, to the first order: FID itself of a set with repeated
    pictures is far too large, and varies too much if pictures are few.
    """

    feature: Feature = DESCRIPTOR
    on: str = "face descriptors"
    """Name of the features in titles."""
    suffix: str = ""
    """Suffix of the score's name, to distinguish kinds of features."""
    name: ClassVar[str] = "fid"
    title: ClassVar[str] = "Fréchet distance (FID)"
    question: ClassVar[str] = "Is the distribution of generated photos close to that of real ones?"
    min_pictures: ClassVar[int] = 2
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        inputs = {role: Input.of(self.feature, role) for role in ("generated", "real")}
        object.__setattr__(self, "inputs", inputs)

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated, real = features["generated"], features["real"]
        found = fid_shares(generated, real)

        def statistic(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            changes = (generated_weights - 1) @ found.generated + (real_weights - 1) @ found.real
            return found.value + changes

        fewest = min(len(generated), len(real))
        yield Score(
            name=f"fid{self.suffix}",
            title=f"FID on {self.on}",
            estimate=resampling.of(statistic, len(generated), len(real)),
            better="lower",
            digits=4,
            per_image=len(generated) * found.generated,
            per_image_title="derivative of FID by the picture's weight",
            warnings=() if fewest >= _ENOUGH else (_few(fewest, generated.shape[1]),),
        )


def _few(pictures: int, numbers: int) -> str:
    less = (
        f"; there are fewer pictures than features ({numbers}), so their covariance is uncertain"
        if pictures <= numbers
        else ""
    )
    return (
        f"computed on {pictures} pictures: below {_ENOUGH:,}, FID is biased upwards by an amount "
        "that depends on the model; compare it only at equal n, and prefer KID"
        f"{less}"
    )


def fid(generated: NDArray[np.floating], real: NDArray[np.floating]) -> float:
    """The distance of two sets; 0 if mean and covariance are the same.

    Args:
        generated: Features `[N, D]`, N at least 2; there may be fewer pictures than features.
        real: Features `[M, D]`, M at least 2.

    Raises:
        UsageError: The shapes do not match.
    """
    return fid_shares(generated, real).value


@dataclass(frozen=True, kw_only=True, eq=False)
class Contributions:
    """FID, and the contribution of each picture."""

    value: float
    """FID."""
    generated: NDArray[np.float64]
    """`[N]`: derivative of FID by the weight of each generated picture, at 1."""
    real: NDArray[np.float64]
    """`[M]`: the same for each real picture."""


def fid_shares(generated: NDArray[np.floating], real: NDArray[np.floating]) -> Contributions:
    """FID and its derivatives by the weights of all pictures (Jaeckel's infinitesimal jackknife).

    Their variance shows how certain the score is (Efron 1982, *The Jackknife, the Bootstrap and
    Other Resampling Plans*). With many features and few pictures, it does so better than resampled
    sets, which lose rank by repetitions, and it needs only one decomposition.

    Let `A` and `B` be the centred sets over `sqrt(n - 1)`, so that `S = A'A`. The trace of
    `(S S')^(1/2)` is the sum of the singular values of `A B' = U Z V'`, whatever the ranks; no
    root of a matrix is taken. A weight w of picture i scales its row by `sqrt(w)`, which changes
    that sum by `(U Z U')_ii / 2` for each unit of w.

    Args:
        generated: As in `fid`.
        real: As in `fid`.

    Raises:
        UsageError: The shapes do not match.
    """
    fitting = generated.ndim == real.ndim == 2 and generated.shape[1] == real.shape[1]
    if not fitting or min(len(generated), len(real)) < 2:
        raise UsageError(
            f"features are {list(generated.shape)} and {list(real.shape)}; expected [N, D] and "
            "[M, D] with N and M at least 2"
        )
    a, generated_mean = _centred(generated)
    b, real_mean = _centred(real)
    shift = generated_mean - real_mean
    # Only the span of both sets has to be decomposed: at most min(n, D) wide.
    generated_base, generated_rest = np.linalg.qr(a)
    real_base, real_rest = np.linalg.qr(b)
    left, values, right = np.linalg.svd(generated_rest @ real_rest.T, full_matrices=False)
    distance = shift @ shift + np.square(a).sum() + np.square(b).sum() - 2 * values.sum()
    return Contributions(
        value=max(float(distance), 0.0),  # for equal sets, rounding could make it negative
        generated=_pulls(a, shift, np.square(generated_base @ left) @ values),
        real=_pulls(b, -shift, np.square(real_base @ right.T) @ values),
    )


def _centred(pictures: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A centred set over `sqrt(n - 1)`, `[n, D]`, and its mean."""
    features = pictures.astype(np.float64)
    mean: NDArray[np.float64] = features.mean(axis=0)
    return (features - mean) / np.sqrt(len(features) - 1), mean


def _pulls(
    rows: NDArray[np.float64], shift: NDArray[np.float64], overlap: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Derivatives by the weight of each picture: of the means' distance, variance and overlap.

    The overlap counts twice in the distance and half in its derivative.
    """
    n = len(rows)
    by_mean = 2 / n * np.sqrt(n - 1) * rows @ shift
    pulls: NDArray[np.float64] = by_mean + np.square(rows).sum(axis=1) - overlap
    return pulls
