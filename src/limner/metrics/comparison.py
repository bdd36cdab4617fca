"""Compare models: the scores of each, and which differences are significant.

Each model is compared with the first. Where both generated the same pictures, the difference is
taken picture by picture, or per resample of the same pictures: what makes a picture hard is hard
for both models and cancels out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from limner.errors import UsageError
from limner.metrics.measuring import Measured, Skipped
from limner.metrics.score import Better, Score

__all__ = ["Cell", "Comparison", "Difference", "Row", "compare"]

_LEVEL = 0.05
"""False discovery rate among the differences that are called significant."""
_SIGNS = 9999
"""Random sign flips in a permutation test."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Difference of a score from that of the first model."""

    value: float
    low: float
    """Lower end of its 95% confidence interval."""
    high: float
    better: bool
    """Whether the value is better than the first model's, significant or not."""
    p: float
    """p-value of the difference; for a score with a target, the larger of that and the p-value of
    the difference in distance to the target."""
    q: float = 1.0
    """p adjusted for the number of differences tested: the false discovery rate of Benjamini and
    Hochberg 1995."""

    @property
    def significant(self) -> bool:
        """Whether `q` is below 5%."""
        return self.q < _LEVEL


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A score of one model."""

    score: Score
    difference: Difference | None
    """From the first model; None for the first itself, and where the pictures are not the same."""
    best: bool
    """Whether no other model's value is better."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A score of all models."""

    name: str
    title: str
    metric: str
    """Title of the metric."""
    better: Better
    cells: tuple[Cell | None, ...]
    """One for each model; None where the score could not be computed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """All scores of all models."""

    names: tuple[str, ...]
    measured: tuple[Measured, ...]
    rows: tuple[Row, ...]

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Metrics that could not be computed for any model."""
        first, *others = (one.skipped for one in self.measured)
        return tuple(one for one in first if all(one in other for other in others))

    @property
    def untested(self) -> dict[str, str]:
        """Warnings, by name, for models whose scores are not tested against the first's."""
        found: dict[str, str] = {}
        for place, name in enumerate(self.names[1:], 1):
            both = [row.cells[place] for row in self.rows if row.cells[0] is not None]
            apart = sum(cell is not None and cell.difference is None for cell in both)
            if apart:
                found[name] = (
                    f"{apart} scores use other pictures than those of {self.names[0]}, because "
                    "some pictures are unusable for one of the two. They are not tested; remove "
                    "these pictures from all models and run again"
                )
        return found


def compare(models: Mapping[str, Measured]) -> Comparison:
    """Compare models with the first one.

    Args:
        models: The results of each model by name, with the same metrics, resampling and pictures
            to compare with.

    Raises:
        UsageError: There are fewer than two models, or they were resampled differently.
    """
    if len(models) < 2:
        raise UsageError("name at least two models to compare")
    measured = tuple(models.values())
    if any(one.resampling != measured[0].resampling for one in measured):
        raise UsageError("evaluate all models with the same number of resamples and the same seed")
    titles: dict[str, tuple[str, Score]] = {}
    for one in measured:
        for result in one.results:
            for score in result.scores:
                titles.setdefault(score.name, (result.metric.title, score))
    rows = [_row(name, title, score, measured) for name, (title, score) in titles.items()]
    return Comparison(names=tuple(models), measured=measured, rows=_adjusted(rows))


def _row(name: str, metric: str, like: Score, measured: Sequence[Measured]) -> Row:
    scores = [one.scores.get(name) for one in measured]
    losses = [like.loss(score.estimate.value) if score is not None else np.inf for score in scores]
    rows = [one.rows_of(name) for one in measured]
    cells: list[Cell | None] = []
    for place, score in enumerate(scores):
        if score is None:
            cells.append(None)
            continue
        first = scores[0]
        paired = place > 0 and first is not None and rows[place] == rows[0]
        cells.append(
            Cell(
                score=score,
                difference=_difference(score, first) if paired and first is not None else None,
                best=losses[place] == min(losses),
            )
        )
    return Row(name=name, title=like.title, metric=metric, better=like.better, cells=tuple(cells))


def _difference(score: Score, first: Score) -> Difference:
    mine, other = score.estimate, first.estimate
    differences = mine.resamples - other.resamples
    low, high = np.nanquantile(differences, [0.025, 0.975]).tolist()
    if (
        mine.per_image is not None
        and other.per_image is not None
        and len(mine.per_image) == len(other.per_image)
    ):
        p = _by_signs(mine.per_image - other.per_image)
    else:
        p = _by_resamples(differences)
    if score.better == "nearer":
        # Two values on either side of the target differ, but may be equally far from it.
        distances = score.losses_of(mine.resamples) - first.losses_of(other.resamples)
        p = max(p, _by_resamples(distances))
    return Difference(
        value=mine.value - other.value,
        low=low,
        high=high,
        better=score.loss(mine.value) < first.loss(other.value),
        p=p,
    )


def _by_signs(differences: NDArray[np.float64]) -> float:
    """Fisher's randomisation test: without a difference, each picture's sign is a coin toss."""
    observed = abs(differences.sum())
    if not differences.any():
        return 1.0
    rng = np.random.default_rng(0)
    beyond, block = 0, max(1, 4_000_000 // len(differences))
    for start in range(0, _SIGNS, block):
        signs = rng.integers(0, 2, (min(block, _SIGNS - start), len(differences)), np.int8)
        sums = np.abs((2.0 * signs - 1) @ differences)
        beyond += int((sums >= observed * (1 - 1e-12)).sum())
    return (beyond + 1) / (_SIGNS + 1)  # the observed signs are one of the possibilities


def _by_resamples(differences: NDArray[np.float64]) -> float:
    """Two-sided p: twice the fraction of bootstrap resamples on the other side of 0.

    If none is, the tail of a normal distribution gives p: a thousand resamples alone could not
    make one difference significant among many scores.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return 1.0
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(known) + 1))
    if not beyond:
        away = abs(float(known.mean())) / max(float(known.std()), 1e-12)
        p = min(p, max(2 * NormalDist().cdf(-away), 1 / (_SIGNS + 1)))
    return p


def _adjusted(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The same rows with `q`, adjusted over all differences."""
    found = [cell.difference for row in rows for cell in row.cells if cell and cell.difference]
    if not found:
        return tuple(rows)
    adjusted = iter(false_discovery_control([difference.p for difference in found]).tolist())

    def with_q(cell: Cell | None) -> Cell | None:
        if cell is None or cell.difference is None:
            return cell
        return replace(cell, difference=replace(cell.difference, q=next(adjusted)))

    return tuple(replace(row, cells=tuple(map(with_q, row.cells))) for row in rows)
