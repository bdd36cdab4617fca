"""A score: one number, how certain it is, and which way is better."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Better", "Estimate", "Score"]

Better = Literal["higher", "lower", "nearer"]
"""Which way is better: `nearer` is nearer to the score's target."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A value and how certain it is. Made by `limner.metrics.resampling.Resampling`."""

    value: float
    low: float
    """Lower end of its 95% confidence interval."""
    high: float
    """Upper end of it."""
    n: int
    """Number of things (pictures, people) that it rests on."""
    resamples: NDArray[np.float64]
    """`[B]`: its values on resampled sets. For the same sets in the same order, draw b is of
    the same resampled ones, so that draws of two models may be subtracted."""
    per_image: NDArray[np.float64] | None = None
    """`[n]`: what each contributes, if the value is a mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """Scores of one metric."""

    name: str
    """Unique among all metrics, e.g. `identity.rank1`, and the same from version to version."""
    title: str
    """In words, short, e.g. `found first among all`."""
    estimate: Estimate
    better: Better
    target: float = 0.0
    """What is best, where `better` is `nearer`."""
    unit: str = ""
    """`%` where the value is a share in 0..1; else that of the value, e.g. `dB`."""
    digits: int = 3
    """How many decimals are worth showing."""
    warnings: tuple[str, ...] = ()
    """What to know before trusting it."""
    per_image: NDArray[np.float64] | None = None
    """`[n]`: how each picture did, where that says more than what it contributes to the value
    (`estimate.per_image`, which is taken by default): a distance, where the value counts hits."""
    per_image_title: str = ""
    """What `per_image` is, in words; by default it is what the title says, in the score's unit."""
    per_image_better: Better | None = None
    """Which way is better for `per_image`; by default as for the value."""
    beside: NDArray[np.intp] | None = None
    """`[n]`: for each picture the row of the training photo to look at beside it."""

    @property
    def by_image(self) -> NDArray[np.float64] | None:
        """How each picture did; None if that cannot be said of one picture."""
        return self.estimate.per_image if self.per_image is None else self.per_image

    def loss(self, value: float) -> float:
        """How bad a value of it is: less is better."""
        return float(_losses(np.array(value), self.better, self.target))

    def losses_of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How bad each of several values of it is, such as its draws."""
        return _losses(values, self.better, self.target)

    @property
    def losses(self) -> NDArray[np.float64] | None:
        """`[n]`: how badly each picture did; None if that cannot be said of one picture."""
        per_image = self.by_image
        return (
            None
            if per_image is None
            else _losses(per_image, self.per_image_better or self.better, self.target)
        )


def _losses(values: NDArray[np.float64], better: Better, target: float) -> NDArray[np.float64]:
    if better == "nearer":
        return np.abs(values - target)
    return -values if better == "higher" else values
