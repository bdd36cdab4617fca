"""Which pictures to show: the best, median and worst by each metric."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner import pages
from limner.features.evaluation_set import EvaluationSet
from limner.features.feature import Role
from limner.features.files import framed, framed_unpaired
from limner.metrics.measuring import MetricResult
from limner.metrics.score import Score

__all__ = ["cases", "chosen", "judged"]

_OF_A_KIND = 3
"""Number of best, median and worst pictures of a metric."""
_DIGITS = 3
"""Decimals of a picture's value, where it has its own title."""
_SHOWN: tuple[Role, ...] = ("sketch", "generated", "back", "ground_truth")


def judged(scores: Iterable[Score], rows: int) -> Score | None:
    """The first score with a value for each of `rows` pictures that are not all the same."""
    for score in scores:
        losses = score.losses
        if losses is not None and len(losses) == rows and np.ptp(losses) > 0:
            return score
    return None


def chosen(losses: NDArray[np.float64]) -> dict[str, list[int]]:
    """Indices of the best, median and worst pictures `[n]`; none appears twice."""
    order = np.argsort(losses, kind="stable").tolist()
    count = min(_OF_A_KIND, len(order) // 3)
    if not count:
        return {"all": order}
    middle = (len(order) - count) // 2
    return {
        "best": order[:count],
        "median": order[middle : middle + count],
        "worst": order[::-1][:count],
    }


@dataclass(frozen=True)
class _Shown:
    """What is shown of a result."""

    result: MetricResult
    score: Score
    per_image: list[float]
    groups: dict[str, list[int]]

    def beside(self, row: int) -> int | None:
        """Number of the training photo to show next to a picture."""
        if self.score.beside is None:
            return None
        return self.result.training[int(self.score.beside[row])]

    @property
    def rows(self) -> list[int]:
        """Rows of all pictures shown."""
        return [row for rows in self.groups.values() for row in rows]


def cases(evaluated: EvaluationSet, results: Sequence[MetricResult]) -> dict[int, dict[str, Any]]:
    """The pictures to show for each result that scores single pictures, by its position.

    `title` is that of the score that they were chosen by; `groups` contains columns for `best`,
    `median` and `worst`: `name`, `value`, and `pictures` by role as `data:` URIs.
    """
    shown = {place: one for place, result in enumerate(results) if (one := _shown(result))}
    names = {one.result.rows[row] for one in shown.values() for row in one.rows}
    pictures = {
        name: {role: pages.embedded(found[role]) for role in _SHOWN if role in found}
        for name, found in framed(evaluated, sorted(names)).items()
    }
    numbers = {one.beside(row) for one in shown.values() for row in one.rows} - {None}
    training = framed_unpaired(evaluated, "training", (n for n in numbers if n is not None))
    beside = {number: pages.embedded(picture) for number, picture in training.items()}
    return {place: _columns(one, pictures, beside) for place, one in shown.items()}


def _shown(result: MetricResult) -> _Shown | None:
    score = judged(result.scores, len(result.rows))
    if score is None or score.losses is None or score.by_image is None:
        return None
    return _Shown(result, score, score.by_image.tolist(), chosen(score.losses))


def _columns(
    one: _Shown, pictures: Mapping[str, Mapping[Role, str]], beside: Mapping[int, str]
) -> dict[str, Any]:
    def column(row: int) -> dict[str, Any]:
        name, number = one.result.rows[row], one.beside(row)
        found = dict(pictures[name])
        if number is not None and number in beside:
            found["training"] = beside[number]
        return {"name": name, "value": one.per_image[row], "pictures": found}

    groups = {kind: [column(row) for row in rows] for kind, rows in one.groups.items()}
    every = [shown for columns in groups.values() for shown in columns]
    there = {role for shown in every for role in shown["pictures"]}
    return {
        "title": one.score.per_image_title or one.score.title,
        "unit": "" if one.score.per_image_title else one.score.unit,
        "digits": _DIGITS if one.score.per_image_title else one.score.digits,
        "roles": sorted(there),
        "groups": groups,
    }
