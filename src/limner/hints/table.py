"""Colours that occur together: plausible hair, eyes and background for a skin colour.

`colours.json` is measured on openly licensed photos, by `benchmarks/hint_colours.py SET --table
FILE`, which says how.
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
"""The parts in the table."""
WEIGHTS: tuple[float, ...] = (1.0, 1.0, 2.0, 0.35)
"""Weight of a difference of each: backgrounds differ most and matter least, eyes are dark and
differ least."""

_NEAREST = 16
"""Number of nearest rows from which one is sampled if some colours are given."""


def sampled_colours(
    rng: np.random.Generator,
    *,
    kept: Mapping[Part, RGB] | None = None,
    others: Sequence[Mapping[Part, RGB]] = (),
) -> dict[Part, RGB]:
    """Sample colours that a person might have.

    Args:
        rng: Random generator.
        kept: Colours that are kept; the others go with them.
        others: Earlier samples: the farther a row is from them, the likelier it is (as centres in
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
    """Weighted squared distances `[N]` of rows `[N, 4, 3]` from colours `[4, 3]`, if `counted`."""
    squares = ((rows - colours) ** 2).sum(axis=2)
    distances: NDArray[np.float64] = squares @ (np.array(WEIGHTS) ** 2 * counted)
    return distances


@lru_cache(maxsize=1)
def _rows() -> NDArray[np.int64]:
    """`[N, 4, 3]`: the table, its parts in the order of `VARIED`."""
    text = (resources.files("limner") / "hints" / "colours.json").read_text("utf-8")
    return np.array([[row[part] for part in VARIED] for row in json.loads(text)])
