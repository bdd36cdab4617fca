"""Which pictures a recipe uses, and in which order, before any of them is opened."""

import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from limner.data.items import Item, Place, Warn, warn_user
from limner.data.recipe import Part, Recipe

__all__ = ["Pool", "plan"]


@dataclass(kw_only=True)
class Pool:
    """Candidate pictures of a part of a recipe."""

    part: Part
    found: int
    """Pictures of its source."""
    judged: int
    """Those with a smile label of the source."""
    smiling: int
    """Those of them that smile."""
    target: int
    """Faces to take: as many as the part requests, or fewer if a source has too few pictures."""
    items: list[Item]
    """In the order in which they are processed, until `target` is reached."""


def plan(
    recipe: Recipe, root: Path, *, leave_out: Path | None = None, warn: Warn = warn_user
) -> list[Pool]:
    """List the pictures of a recipe's parts.

    If a source has fewer pictures than requested, all targets shrink by the same factor, so that
    the proportions stay those of the recipe. No picture is in two pools: parts of the same source
    divide the pictures that they do not need among them as spares.

    Args:
        recipe: The recipe.
        root: The folder that contains all sources.
        leave_out: A folder whose pictures are excluded.
        warn: Receives what is missing in a source, once for each part that uses it.

    Raises:
        DataError: A source is absent or damaged.
    """
    listed = [list(_outside(leave_out, part.open(root, warn).items())) for part in recipe.parts]
    free = [
        _balanced(_shuffled(items, recipe.seed), part.smiling_one_in)
        for part, items in zip(recipe.parts, listed, strict=True)
    ]
    factor = _factor(recipe.parts, free)
    pools, taken = [], set[Place]()
    for part, items, candidates in zip(recipe.parts, listed, free, strict=True):
        mine = [item for item in candidates if item.place not in taken]
        if part.count:
            mine = mine[: scaled(part.count, factor)]
        else:
            mine.sort(key=lambda item: item.name)
        taken.update(item.place for item in mine)
        pools.append(
            Pool(
                part=part,
                found=len(items),
                judged=sum(item.smiling is not None for item in items),
                smiling=sum(item.smiling is True for item in items),
                target=len(mine),
                items=mine,
            )
        )
    _divide_spares(pools, free, taken)
    return pools


def _outside(folder: Path | None, items: Iterator[Item]) -> Iterator[Item]:
    if folder is None:
        return items
    within = os.path.abspath(folder) + os.sep  # noqa: PTH100 - links are not followed
    return (i for i in items if not os.path.abspath(i.place.file).startswith(within))  # noqa: PTH100


def scaled(count: int, factor: float) -> int:
    """A part's count, reduced by the factor common to all counts."""
    return math.floor(count * factor + 1e-9)


def _divide_spares(pools: list[Pool], free: list[list[Item]], taken: set[Place]) -> None:
    wanted: defaultdict[str, int] = defaultdict(int)
    for pool in pools:
        wanted[pool.part.path] += pool.part.count
    for pool, candidates in zip(pools, free, strict=True):
        if pool.part.count:
            spare = [item for item in candidates if item.place not in taken]
            mine = spare[: math.ceil(len(spare) * pool.part.count / wanted[pool.part.path])]
            wanted[pool.part.path] -= pool.part.count
            taken.update(item.place for item in mine)
            pool.items += mine


def _factor(parts: tuple[Part, ...], pools: list[list[Item]]) -> float:
    """Factor for all counts, at most 1, so that no source runs out of pictures."""
    wanted: defaultdict[str, int] = defaultdict(int)
    there: defaultdict[str, set[Place]] = defaultdict(set)
    factor = 1.0
    for part, pool in zip(parts, pools, strict=True):
        if part.count:
            wanted[part.path] += part.count
            there[part.path].update(item.place for item in pool)
            factor = min(factor, len(pool) / part.count)
    return min([factor, *(len(there[path]) / count for path, count in wanted.items())])


def _shuffled(items: list[Item], seed: int) -> list[Item]:
    """Shuffled; where an item goes depends on the seed and its name, not on the other items."""

    def place(item: Item) -> bytes:
        return hashlib.sha256(f"{seed} {item.name}".encode(errors="surrogateescape")).digest()

    return sorted(items, key=place)


def _balanced(items: list[Item], smiling_one_in: int) -> list[Item]:
    """Every item that is not known to smile, and one in `smiling_one_in` of the others."""
    kept, smiling = [], 0
    for item in items:
        if item.smiling:
            smiling += 1
            if smiling % smiling_one_in:
                continue
        kept.append(item)
    return kept
