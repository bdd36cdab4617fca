"""Which pictures to look at: where a measure found the best, the middling and the worst."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner import pages
from limner.measures.figure import Figure
from limner.measures.files import framed
from limner.measures.measure import Role
from limner.measures.measuring import Answer
from limner.measures.subject import Subject

__all__ = ["cases", "chosen", "judged"]

_OF_A_KIND = 3
"""Best, median and worst pictures of a measure, each."""
_DIGITS = 3
"""Of what single pictures got, where that is no contribution to the figure."""
_SHOWN: tuple[Role, ...] = ("sketch", "made", "back", "truth")


def judged(figures: Iterable[Figure], rows: int) -> Figure | None:
    """The first figure that says of each of so many pictures how it did."""
    for figure in figures:
        losses = figure.losses
        if losses is not None and len(losses) == rows and np.ptp(losses) > 0:
            return figure
    return None


def chosen(losses: NDArray[np.float64]) -> dict[str, list[int]]:
    """Which of the pictures `[n]` are the best, the median and the worst; none twice."""
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


def cases(subject: Subject, answers: Sequence[Answer]) -> dict[int, dict[str, Any]]:
    """For each answer that judges single pictures, by its place: what to show.

    `title` says what they were chosen by; `groups` has for `best`, `median` and
    `worst` the columns: `name`, `value`, and `pictures` by role as `data:` URIs.
    """
    wanted: dict[int, tuple[Figure, list[float], dict[str, list[int]]]] = {}
    for position, answer in enumerate(answers):
        figure = judged(answer.figures, len(answer.rows))
        if figure is not None and figure.losses is not None and figure.of_each is not None:
            wanted[position] = figure, figure.of_each.tolist(), chosen(figure.losses)
    names = {
        answers[position].rows[row]
        for position, (_, _, groups) in wanted.items()
        for rows in groups.values()
        for row in rows
    }
    pictures = {
        name: {role: pages.embedded(found[role]) for role in _SHOWN if role in found}
        for name, found in framed(subject, sorted(names)).items()
    }
    return {
        position: {
            "title": figure.each_title or figure.title,
            "unit": figure.unit if figure.each is None else "",
            "digits": figure.digits if figure.each is None else _DIGITS,
            "roles": [role for role in _SHOWN if any(role in pictures[name] for name in pictures)],
            "groups": {
                kind: [
                    {
                        "name": answers[position].rows[row],
                        "value": each[row],
                        "pictures": pictures[answers[position].rows[row]],
                    }
                    for row in rows
                ]
                for kind, rows in groups.items()
            },
        }
        for position, (figure, each, groups) in wanted.items()
    }
