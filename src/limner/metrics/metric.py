"""The interface of a metric: from features of pictures to statistics to scores.

A metric declares which features of which pictures it needs. They are extracted once for all
metrics, picture by picture, in several processes, and cached (see `limner.features.extraction`), so
that no metric keeps pictures in memory.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from limner.features.feature import Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Metric"]


class Metric(Protocol):
    """Scores for one way in which a model can fail."""

    @property
    def name(self) -> str:
        """First part of the names of its scores."""

    @property
    def title(self) -> str:
        """Title in reports."""

    @property
    def question(self) -> str:
        """The question that its scores answer, in one sentence."""

    @property
    def inputs(self) -> Mapping[str, Input]:
        """The features that it needs, by name."""

    @property
    def min_pictures(self) -> int:
        """Minimum number of pictures of each role."""

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """Compute its scores.

        Args:
            features: Those of `inputs`, each with at least `min_pictures` rows.
            resampling: For the confidence intervals.
        """
