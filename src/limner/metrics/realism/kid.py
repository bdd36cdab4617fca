"""KID: is the distribution of generated pictures close to that of real ones?

The Kernel Inception Distance of Bińkowski et al. 2018, *Demystifying MMD GANs*, section 4: the
squared maximum mean discrepancy between two sets of features under a cubic kernel. The estimate is
unbiased, so it can be compared even for few pictures, and it may be below 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.features.descriptor import DESCRIPTOR
from limner.features.feature import Feature, Features, Input
from limner.metrics.discrepancy import MOST_REAL, by_image, cubic, of_weighted
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score
from limner.metrics.subsampling import thinned

__all__ = ["Kid", "kid", "kid_of_each", "scale_of"]


@dataclass(frozen=True, kw_only=True)
class Kid:
    """KID between generated photos and real ones, on features of one kind."""

    feature: Feature = DESCRIPTOR
    on: str = "face descriptors"
    """Name of the features in titles."""
    suffix: str = ""
    """Suffix of the score's name, to distinguish kinds of features."""
    unit_scale: bool = False
    """Whether to use the paper's scale, which is right for its own features."""
    name: ClassVar[str] = "kid"
    title: ClassVar[str] = "Kernel distance (KID)"
    question: ClassVar[str] = "Is the distribution of generated photos close to that of real ones?"
    min_pictures: ClassVar[int] = 2
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        inputs = {role: Input.of(self.feature, role) for role in ("generated", "real")}
        object.__setattr__(self, "inputs", inputs)

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`. At most 10,000 real photos are used."""
        generated, real = features["generated"], features["real"]
        real = real[thinned(len(real), MOST_REAL)]
        scale = 1 / generated.shape[1] if self.unit_scale else scale_of(real)

        def statistic(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            return of_weighted(generated, real, generated_weights, real_weights, cubic(scale))

        yield Score(
            name=f"kid{self.suffix}",
            title=f"KID on {self.on}",
            estimate=resampling.of(statistic, len(generated), len(real)),
            better="lower",
            digits=4,
            per_image=kid_of_each(generated, real, scale=scale),
        )


def kid(
    generated: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> float:
    """The distance of two sets; 0 is expected if both come from one distribution.

    Args:
        generated: Features `[N, D]`, N at least 2.
        real: Features `[M, D]`, M at least 2.
        scale: Factor of the inner products in the kernel `(scale * x.y + 1) ** 3`. By default
            `1 / D` as in the paper, whose features are of unit size; see `scale_of` for others.

    Raises:
        UsageError: The shapes do not match.
    """
    return float(kid_of_each(generated, real, scale=scale).mean())


def kid_of_each(
    generated: NDArray[np.floating], real: NDArray[np.floating], *, scale: float | None = None
) -> NDArray[np.float64]:
    """Contribution of each generated picture: `[N]`; see `limner.metrics.discrepancy.by_image`.

    Args:
        generated: As in `kid`.
        real: As in `kid`.
        scale: As in `kid`.

    Raises:
        UsageError: The shapes do not match.
    """
    return by_image(generated, real, cubic(1 / generated.shape[-1] if scale is None else scale))


def scale_of(real: NDArray[np.floating]) -> float:
    """The scale at which real features have inner products of about 1, as the paper's features.

    With `1 / D`, smaller features such as face descriptors make the kernel almost linear, and KID
    would compare only means: it would not notice a collapse.

    Args:
        real: `[M, D]`.
    """
    return 1 / max(float(np.square(real, dtype=np.float64).sum(axis=1).mean()), 1e-12)
