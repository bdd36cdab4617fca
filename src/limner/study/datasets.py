"""The datasets of the study: its recipes at the reduced size, prepared once."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from limner.data import recipe as recipes
from limner.data.prepare import prepare
from limner.data.recipe import Recipe
from limner.engines import Engine
from limner.errors import DataError
from limner.study.plan import DATASETS, Plan

__all__ = ["missing_sets", "prepare_sets", "recipe_of"]

_COLLECTED = "collected"
"""The sketches that the study collected from the web and never published."""


def missing_sets(experiments: Iterable[str], sets: Path) -> list[str]:
    """The recipes that these experiments need and that are not prepared yet, in order."""
    needed = dict.fromkeys(DATASETS[name] for name in experiments)
    return [name for name in needed if not (sets / name / "faces.parquet").exists()]


def recipe_of(name: str, plan: Plan, sources: Path) -> Recipe:
    """A recipe of the study at the plan's size.

    Collected sketches are left out if there are none in `sources`: those of the study were never
    published. The other parts then keep their proportions.
    """
    whole = recipes.load(recipes.shipped_recipes()[name])
    parts = tuple(
        part for part in whole.parts if part.path != _COLLECTED or (sources / _COLLECTED).exists()
    )
    return dataclasses.replace(whole, parts=parts, size=plan.side(whole.size))


def prepare_sets(
    names: Iterable[str],
    plan: Plan,
    sources: Path | None,
    sets: Path,
    *,
    engine: Engine,
    say: Callable[[str], None],
) -> None:
    """Prepare the datasets with these names in `sets`; an interrupted one resumes.

    Args:
        names: Of recipes.
        plan: Gives the size.
        sources: Folder of their sources, as for `limner prepare set1 --data`.
        sets: Folder of the datasets.
        engine: Where pictures are processed.
        say: Called with a line of text for each.

    Raises:
        DataError: There is no folder of sources, or one is missing or damaged.
        OutputError: A dataset cannot be written.
        EngineError: Workers were lost.
        Interrupted: Ctrl-C; finished work is kept.
    """
    for name in names:
        if sources is None:
            raise DataError(
                f"the dataset {name} is not prepared yet; name the folder of its sources "
                "(celeba, cufs and, if there is one, collected): --data SOURCES"
            )
        say(f"preparing {name}")
        made = prepare(
            recipe_of(name, plan, sources),
            sets / name,
            data=sources,
            engine=engine,
            warn=lambda message: say(f"limner: warning: {message}"),
        )
        for share in made.shares:
            say(f"  {share}")
        say(f"  {made.faces:,} faces of {plan.side(_side(name))} px")


def _side(name: str) -> int:
    return recipes.load(recipes.shipped_recipes()[name]).size
