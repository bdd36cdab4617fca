"""A score: one number, its confidence interval, and which way is better."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Better", "Estimate", "Score"]

Better = Literal["higher", "lower", "nearer"]
"""Which way is better: `nearer` is closer to the score's target."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A value and its confidence interval, from `limner.metrics.resampling.Resampling`."""

    value: float
    low: float
    """Lower end of its 95% confidence interval."""
    high: float
    """Upper end of its 95% confidence interval."""
    n: int
    """Number of pictures or people that it is computed on."""
    resamples: NDArray[np.float64]
    """`[B]`: its values on resampled sets. For the same sets in the same order, resample b
    contains the same pictures, so that resamples of two models may be subtracted."""
    per_image: NDArray[np.float64] | None = None
    """`[n]`: the contribution of each picture, if the value is a mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """One score of a metric."""

    name: str
    """Unique among all metrics, e.g. `identity.rank1`, and the same in all versions."""
    title: str
    """Short title, e.g. `distance to the ground truth`."""
    estimate: Estimate
    better: Better
    target: float = 0.0
    """The best value, if `better` is `nearer`."""
    unit: str = ""
    """`%` for a fraction in 0..1; otherwise the unit of the value, e.g. `dB`."""
    digits: int = 3
    """Number of decimals to show."""
    warnings: tuple[str, ...] = ()
    """Warnings about this score."""
    per_image: NDArray[np.float64] | None = None
    """`[n]`: the score of each picture, where that says more than its contribution to the value
    (`estimate.per_image`, the default): for example a distance, where the value counts hits."""
    per_image_title: str = ""
    """Title of `per_image`; by default that of the score, in the score's unit."""
    per_image_better: Better | None = None
    """Which way is better for `per_image`; by default as for the value."""
    beside: NDArray[np.intp] | None = None
    """`[n]`: for each picture the row of the training photo to show next to it."""

    @property
    def by_image(self) -> NDArray[np.float64] | None:
        """The score of each picture; None if single pictures have none."""
        return self.estimate.per_image if self.per_image is None else self.per_image

    def loss(self, value: float) -> float:
        """The loss of a value: lower is better."""
        return float(_losses(np.array(value), self.better, self.target))

    def losses_of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The losses of several values, such as the resamples."""
        return _losses(values, self.better, self.target)

    @property
    def losses(self) -> NDArray[np.float64] | None:
        """`[n]`: the loss of each picture; None if single pictures have no score."""
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
