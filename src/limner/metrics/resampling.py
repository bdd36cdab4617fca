"""Bootstrap confidence intervals.

The pictures are resampled with replacement B times, and the score of each resample is computed
(Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13: the percentile
interval). A resample is given as weights: how often it contains each picture.

The interval shows how much the score would change with other pictures of the same kind. It does
not cover other kinds of pictures or another training run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limner.errors import UsageError
from limner.metrics.score import Estimate

__all__ = ["Resampling", "Statistic", "Weights", "means"]

Weights = NDArray[np.float64]
"""`[B, n]`: how often each resample contains each of n pictures; a row adds up to n."""
Statistic = Callable[..., NDArray[np.float64]]
"""From the weights of one or more sets to the score of each resample, `[B]`."""

_AT_ONCE = 4_000_000
"""Numbers in a block of weights, so that memory does not grow with the number of pictures."""


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """Resamples pictures; the same settings give the same resamples."""

    resamples: int = 1000
    """Number of resamples, B."""
    seed: int = 0
    confidence: float = 0.95
    """Level of the confidence intervals."""

    def __post_init__(self) -> None:
        if self.resamples < 2 or not 0 < self.confidence < 1:
            raise UsageError(
                f"resamples is {self.resamples} and confidence {self.confidence}; expected at "
                "least 2 resamples and a confidence between 0 and 1"
            )

    def mean(self, per_image: ArrayLike) -> Estimate:
        """The mean of the contributions of all pictures, `[n]`.

        Raises:
            UsageError: There are none, or one is not finite.
        """
        values = np.asarray(per_image, np.float64)
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise UsageError(
                f"contributions are {list(values.shape)}, {np.isfinite(values).sum()} finite; "
                "expected [n], all finite, n at least 1"
            )
        found = self.of(lambda weights: means(weights, values), len(values))
        return replace(found, value=float(values.mean()), per_image=values)

    def share(self, hits: ArrayLike) -> Estimate:
        """The fraction of hits among `[n]` pictures.

        If all are hits, or none, so are all resamples; the interval is then that of Wilson 1927.

        Raises:
            UsageError: There are no pictures.
        """
        return self.unsure(self.mean(np.asarray(hits, bool)))

    def unsure(self, share: Estimate) -> Estimate:
        """The same fraction, with Wilson's interval if it is 0 or 1."""
        z = NormalDist().inv_cdf((1 + self.confidence) / 2)
        beyond = z * z / (share.n + z * z)
        if share.value == 0:
            return replace(share, high=max(share.high, beyond))
        return replace(share, low=min(share.low, 1 - beyond)) if share.value == 1 else share

    def of(self, statistic: Statistic, *counts: int, centred: bool = False) -> Estimate:
        """A statistic of one or more sets of pictures, each resampled independently.

        Args:
            statistic: Called with the weights of each set, `[B', counts[k]]`; returns `[B']`.
            counts: Number of pictures in each set; the estimate's n is the first.
            centred: Whether the interval is shifted so that the mean of the resamples is the
                value: for scores such as FID that repeated pictures bias.

        Raises:
            UsageError: A set is empty.
        """
        if not counts or min(counts) < 1:
            raise UsageError(f"sets of {counts} pictures; each needs at least 1")
        value = float(statistic(*(np.ones((1, count)) for count in counts))[0])
        # Each set has its own generator: its resamples do not depend on the number of sets or on
        # the size of blocks.
        rngs = [np.random.default_rng((self.seed, place)) for place in range(len(counts))]
        block = max(1, _AT_ONCE // max(counts))
        parts = []
        for start in range(0, self.resamples, block):
            size = min(block, self.resamples - start)
            weights = (_weights(rng, size, n) for rng, n in zip(rngs, counts, strict=True))
            parts.append(statistic(*weights))
        drawn: NDArray[np.float64] = np.concatenate(parts)
        if centred:
            drawn = drawn - drawn.mean() + value
        tail = (1 - self.confidence) / 2
        low, high = np.nanquantile(drawn, [tail, 1 - tail]).tolist()
        return Estimate(value=value, low=low, high=high, n=counts[0], resamples=drawn)


def means(weights: Weights, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the values in each resample: `[B]` of values `[n]`, `[B, D]` of `[n, D]`."""
    sums: NDArray[np.float64] = (weights @ values).T / weights.sum(axis=1)
    return sums.T


def _weights(rng: np.random.Generator, resamples: int, count: int) -> Weights:
    drawn = rng.integers(0, count, (resamples, count)) + count * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * count)
    return counts.reshape(resamples, count).astype(np.float64)
