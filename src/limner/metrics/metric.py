"""What a metric is: features of pictures, then statistics, then scores.

A metric declares which features of which pictures it needs. They are extracted once for all
metrics, picture by picture, in several processes, and cached (see `limner.features.extraction`), so
that no metric ever holds pictures.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from limner.features.feature import Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Metric"]


class Metric(Protocol):
    """One way in which a model can fail, in figures."""

    @property
    def name(self) -> str:
        """First part of its scores' names."""

    @property
    def title(self) -> str:
        """In words."""

    @property
    def question(self) -> str:
        """The question that its scores answer, in a sentence."""

    @property
    def inputs(self) -> Mapping[str, Input]:
        """What it has to be given, by the name under which it is given."""

    @property
    def min_pictures(self) -> int:
        """How many pictures of each role it needs at least."""

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """What it finds.

        Args:
            features: As wanted, `min_pictures` rows of each at least.
            resampling: Says how certain a score is.
        """
