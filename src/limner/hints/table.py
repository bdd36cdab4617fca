"""Colours that occur together: plausible hair, eyes and background for a skin colour.

`colours.json` is measured on openly licensed photos; `benchmarks/hint_colours.py SET --table FILE`
makes it and says how.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from limner.hints.parts import RGB, Part

__all__ = ["VARIED", "WEIGHTS", "sampled_colours"]

VARIED: tuple[Part, ...] = ("skin", "hair", "eyes", "background")
"""The parts that the table has colours of."""
WEIGHTS: tuple[float, ...] = (1.0, 1.0, 2.0, 0.35)
"""How much a difference of each counts: backgrounds differ most and matter least, eyes are dark and
differ least."""

_NEAREST = 16
"""Rows among which one is drawn where some colours are given already."""


def sampled_colours(
    rng: np.random.Generator,
    *,
    kept: Mapping[Part, RGB] | None = None,
    others: Sequence[Mapping[Part, RGB]] = (),
) -> dict[Part, RGB]:
    """Draw colours that a person might have.

    Args:
        rng: Decides.
        kept: Colours that stay as they are; the rest goes with them.
        others: What was drawn before: the farther from it, the likelier (as centres are chosen in
            k-means++, Arthur and Vassilvitskii 2007), so that a few samples differ.

    Returns:
        A colour for each part in `VARIED` and in `kept`.
    """
    kept = kept or {}
    rows = _rows()
    given = np.array([part in kept for part in VARIED])
    if given.any():
        like = np.array([kept.get(part, (0, 0, 0)) for part in VARIED])
        rows = rows[_distances(rows, like, given).argsort(kind="stable")[:_NEAREST]]
    chances = np.ones(len(rows))
    for other in others:
        before = np.array([other[part] for part in VARIED])
        chances = np.minimum(chances, _distances(rows, before, ~given) / 255**2)
    if not chances.any():
        chances[:] = 1
    row = rows[rng.choice(len(rows), p=chances / chances.sum())]
    drawn: dict[Part, RGB] = {
        part: (r, g, b) for part, (r, g, b) in zip(VARIED, row.tolist(), strict=True)
    }
    drawn.update(kept)
    return drawn


def _distances(
    rows: NDArray[np.int64], colours: NDArray[np.int64], counted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Squared distances `[N]` of rows `[N, 4, 3]` from colours `[4, 3]` in the parts that count."""
    squares = ((rows - colours) ** 2).sum(axis=2)
    distances: NDArray[np.float64] = squares @ (np.array(WEIGHTS) ** 2 * counted)
    return distances


@lru_cache(maxsize=1)
def _rows() -> NDArray[np.int64]:
    """`[N, 4, 3]`: the table, its parts in the order of `VARIED`."""
    text = (resources.files("limner") / "hints" / "colours.json").read_text("utf-8")
    return np.array([[row[part] for part in VARIED] for row in json.loads(text)])
