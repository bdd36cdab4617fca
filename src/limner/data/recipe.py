"""A recipe says, in TOML, how much of which source goes into a prepared set.

It reads like Table 2.1 of the 2018 study, and `set1` and `set2` are that table.
"""

import hashlib
import math
import tomllib
import typing
from collections import defaultdict
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from limner.data.items import Item, Kind, Place
from limner.data.sources import CUFS, CelebA, Folder, SketchedPhotos, Source
from limner.errors import UsageError
from limner.sketching import check_style

SourceKind = Literal["folder", "celeba", "cufs"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """So many pictures of one source."""

    source: SourceKind
    """What kind of source it is."""
    path: str
    """Where it lies, below the folder of all data."""
    count: int = 0
    """How many of its pictures; 0 takes all."""
    kind: Kind = "photo"
    """What a `folder` holds; the other sources know it of themselves."""
    style: str = ""
    """Sketch style that its photos are passed through; '' for none."""
    keep_smiling: int = 1
    """Keep one smiling picture in so many; 1 keeps all. The others count as not there."""

    def __post_init__(self) -> None:
        if self.count < 0:
            raise UsageError(f"count of {self.path} is {self.count}; at least 0 is needed")
        if self.keep_smiling < 1:
            raise UsageError(
                f"keep_smiling of {self.path} is {self.keep_smiling}; at least 1 is needed"
            )
        for name, kind in (
            ("source", typing.get_args(SourceKind)),
            ("kind", typing.get_args(Kind)),
        ):
            if getattr(self, name) not in kind:
                raise UsageError(
                    f"{name} of {self.path} is '{getattr(self, name)}'; known are {', '.join(kind)}"
                )
        if self.style:
            check_style(self.style)

    def open(self, root: Path) -> Source:
        """The source that the part is taken from."""
        path = root / self.path
        source: Source
        match self.source:
            case "folder":
                source = Folder(path=path, kind=self.kind)
            case "celeba":
                source = CelebA(path=path)
            case "cufs":
                source = CUFS(path=path)
        return SketchedPhotos(photos=source, style=self.style) if self.style else source


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What goes into a prepared set."""

    name: str
    """What messages call it."""
    parts: tuple[Part, ...]
    """What is mixed, in the order in which it is taken."""
    size: int = 128
    """Side of the faces in px."""
    held_out: float = 0.1
    """Share of the people kept back for testing."""
    seed: int = 0
    """Decides which pictures are taken."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise UsageError(f"the recipe '{self.name}' has no [[parts]]")
        if not 0 <= self.held_out <= 1:
            raise UsageError(f"held_out is {self.held_out}; a share between 0 and 1 is needed")


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a part came to."""

    part: Part
    found: int
    """Pictures of its source."""
    smiling: int
    """Those known to smile."""
    taken: int
    """Pictures chosen."""
    taken_smiling: int
    """Those of the chosen that are known to smile."""

    def __str__(self) -> str:
        wanted = f" of {self.part.count} wanted" if self.part.count else ""
        drawn = f", drawn as {self.part.style}" if self.part.style else ""
        smiles = f", {self.smiling} smiling before and {self.taken_smiling} after" * (
            self.smiling > 0
        )
        return f"{self.part.path}{drawn}: {self.taken}{wanted} ({self.found} there{smiles})"


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with limner, by name."""
    folder = Path(str(resources.files("limner.data") / "recipes"))
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def find(name: str) -> Path | None:
    """The recipe that `name` means, a shipped one or a `.toml` file; None if it is neither."""
    if Path(name).suffix.lower() == ".toml":
        return Path(name)
    return None if Path(name).exists() else shipped_recipes().get(name)


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        UsageError: It is no TOML, or has an unknown, missing or impossible entry.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    try:
        parts = values.pop("parts", [])
        if not isinstance(parts, list):
            raise UsageError("parts are [[parts]], a table each")
        made = tuple(_build(Part, part) for part in parts)
        recipe: Recipe = _build(Recipe, {"name": path.stem, **values, "parts": made})
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return recipe


def gather(recipe: Recipe, root: Path) -> tuple[list[Item], list[Share]]:
    """Choose the pictures of a recipe; nothing is decoded yet.

    Where a source holds fewer than is wanted, all counts shrink by the same factor, so that the
    shares stay those of the recipe. No picture is taken twice, whatever the parts.

    Args:
        recipe: What is wanted.
        root: The folder below which all sources lie.

    Returns:
        The pictures, part after part, and what each part came to.

    Raises:
        DataError: A source is absent or damaged.
    """
    listed = [list(part.open(root).items()) for part in recipe.parts]
    pools = [
        _balanced(_shuffled(items, recipe.seed), part.keep_smiling)
        for part, items in zip(recipe.parts, listed, strict=True)
    ]
    factor = _factor(recipe.parts, pools)
    taken: set[Place] = set()
    chosen: list[Item] = []
    shares = []
    for part, items, pool in zip(recipe.parts, listed, pools, strict=True):
        free = [item for item in pool if item.place not in taken]
        mine = free[: math.floor(part.count * factor + 1e-9)] if part.count else free
        taken.update(item.place for item in mine)
        chosen += sorted(mine, key=lambda item: item.name)
        shares.append(
            Share(
                part=part,
                found=len(items),
                smiling=sum(item.smiling is True for item in items),
                taken=len(mine),
                taken_smiling=sum(item.smiling is True for item in mine),
            )
        )
    return chosen, shares


def _factor(parts: tuple[Part, ...], pools: list[list[Item]]) -> float:
    """What all counts are multiplied by, at most 1, so that no source runs dry."""
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
    """In an order that depends on the seed and the names alone, not on the other items."""

    def place(item: Item) -> bytes:
        return hashlib.sha256(f"{seed} {item.name}".encode(errors="surrogateescape")).digest()

    return sorted(items, key=place)


def _balanced(items: list[Item], keep_smiling: int) -> list[Item]:
    """Every item that is not known to smile, and one in `keep_smiling` of the others."""
    kept, smiling = [], 0
    for item in items:
        if item.smiling:
            smiling += 1
            if smiling % keep_smiling:
                continue
        kept.append(item)
    return kept


def _build(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise UsageError(f"'{values}' is no table")
    hints = typing.get_type_hints(kind)
    if unknown := sorted(values.keys() - hints.keys()):
        raise UsageError(f"'{unknown[0]}' is no entry; known are {', '.join(hints)}")
    for field in fields(kind):
        name, expected = field.name, hints[field.name]
        plain = {int: int, float: (int, float)}.get(expected, str)
        if name in values and name != "parts":
            value = values[name]
            if isinstance(value, bool) or not isinstance(value, plain):  # type: ignore[arg-type]
                wanted = {int: "a whole number", float: "a number"}.get(expected, "a text")
                raise UsageError(f"{name} is {value!r}; {wanted} is needed")
    try:
        return kind(**values)
    except TypeError as error:
        raise UsageError(str(error).partition(")")[2].strip()) from error
