"""Recipes: TOML files that say how much of which source goes into a dataset.

The recipes `set1` and `set2` are Table 2.1 of the 2018 study.
"""

import dataclasses
import json
import re
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

from limner import settings
from limner.data.cleaning import Cleaning
from limner.data.items import Kind, Warn, warn_user
from limner.data.sources import CUFS, CelebA, Folder, SketchedPhotos, Source
from limner.drawings import Clean
from limner.errors import UsageError
from limner.sketching import check_style

SourceKind = Literal["folder", "celeba", "cufs", "cufs_pairs"]

RENAMED = {
    "cleaning.max_turn": "cleaning.max_yaw",
    "cleaning.max_tilt": "cleaning.max_roll",
    "cleaning.max_duplicate_bits": "cleaning.max_hash_distance",
}
"""Former names of settings. They are read in files, and work for one release on the command line,
with a warning."""
RENAMED_OF_PARTS = {"keep_smiling": "smiling_one_in"}
"""Former names of settings of a part, read in files."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A number of pictures from one source."""

    source: SourceKind
    """What kind of source it is."""
    path: str
    """Its path within the data folder."""
    count: int = 0
    """How many of its faces; 0 takes all."""
    kind: Kind = "photo"
    """What a `folder` contains. For folders only."""
    smiling: Literal["yes", "no", "unknown"] = "unknown"
    """Whether all faces of a `folder` smile, if known. For folders only."""
    style: str = ""
    """Sketch style that its photos are passed through; '' for none."""
    smiling_one_in: int = 1
    """Keep one smiling picture in N; 1 keeps all. The labels of the source decide who smiles or,
    without labels, limner's smile score."""

    def __post_init__(self) -> None:
        settings.at_least(f"count of {self.path}", self.count, 0)
        settings.at_least(f"smiling_one_in of {self.path}", self.smiling_one_in, 1)
        settings.check_choices(self)
        if self.source != "folder" and (self.kind, self.smiling) != ("photo", "unknown"):
            raise UsageError(f"kind and smiling of {self.path} are for folders; leave them out")
        if self.style:
            check_style(self.style)

    @property
    def name(self) -> str:
        """Its name in reports."""
        return f"{self.path}, drawn as {self.style}" if self.style else self.path

    def open(self, root: Path, warn: Warn = warn_user) -> Source:
        """Open its source below `root`; `warn` receives what is missing in it."""
        path = root / self.path
        source: Source
        match self.source:
            case "folder":
                smiling = {"yes": True, "no": False}.get(self.smiling)
                source = Folder(path=path, kind=self.kind, smiling=smiling)
            case "celeba":
                source = CelebA(path=path, warn=lambda message: warn(f"{self.path}: {message}"))
            case "cufs":
                source = CUFS(path=path)
            case "cufs_pairs":
                source = CUFS(path=path, pairs=True)
        return SketchedPhotos(photos=source, style=self.style) if self.style else source


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What goes into a dataset."""

    name: str
    """Its name in messages."""
    parts: tuple[Part, ...]
    """Its parts, in the order in which they are processed."""
    size: int = 128
    """Side of the faces in px."""
    aligned: bool = True
    """Whether faces are detected and aligned; if not, whole pictures are used, face or no face."""
    clean: Clean = "auto"
    """Whether hand-drawn sketches are cleaned as `limner photo` cleans them: light, negatives,
    ruled lines, faint strokes."""
    held_out: float = 0.1
    """Fraction of the people held out for testing."""
    split: Literal["identity", "source"] = "identity"
    """Who is held out: a fraction of the people (`identity`), or the test split of the source
    (`source`), such as CelebA's; if a source has none, a fraction of its people."""
    seed: int = 0
    """Decides which pictures are taken."""
    identity: str = ""
    """Regular expression searched in the names of pictures whose source does not name the person;
    its first group does. Each picture that it does not match counts as a separate person."""
    cleaning: Cleaning = field(default_factory=Cleaning)

    def __post_init__(self) -> None:
        if not self.parts:
            raise UsageError(f"the recipe '{self.name}' has no [[parts]]")
        settings.check_choices(self)
        if not 0 <= self.held_out <= 1:
            raise UsageError(f"held_out is {self.held_out}; it must be between 0 and 1")
        if not 16 <= self.size <= 4096:
            raise UsageError(f"size is {self.size}; it must be 16 to 4096 px")
        try:
            groups = re.compile(self.identity).groups
        except re.error as error:
            raise UsageError(
                f"identity '{self.identity}' is not a regular expression: {error}"
            ) from error
        if self.identity and groups < 1:
            raise UsageError(f"identity '{self.identity}' has no (group) that names the person")

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON-ready values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]

    def with_settings(self, changes: list[str]) -> Self:
        """A copy with `field=value` settings applied, as `cleaning.max_yaw=20`.

        Raises:
            UsageError: A setting has no `=`, names no field, or its value does not fit.
        """
        changes = [settings.with_present_name(change, RENAMED) for change in changes]
        return settings.build(type(self), settings.change(self.to_dict(), changes))


def of_folder(path: Path) -> tuple[Recipe, Path]:
    """The recipe for all pictures of a folder or an archive, and the folder that contains it."""
    path = path.resolve()
    return Recipe(name=path.name, parts=(Part(source="folder", path=path.name),)), path.parent


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with limner, by name."""
    folder = Path(str(resources.files("limner.data") / "recipes"))
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def find(name: str) -> Path | None:
    """The file of a recipe, a shipped one or a `.toml` file; None if `name` is neither."""
    if Path(name).suffix.lower() == ".toml":
        return Path(name)
    return None if Path(name).exists() else shipped_recipes().get(name)


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        UsageError: It is not TOML, or has an unknown, missing or impossible entry.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    parts = values.get("parts", [])
    try:
        if not isinstance(parts, list):
            raise UsageError("parts must be [[parts]], one table each")
        parts = [settings.with_present_names(part, RENAMED_OF_PARTS) for part in parts]
        values = settings.with_present_names(values, RENAMED)
        return settings.build(Recipe, {"name": path.stem, **values, "parts": parts})
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
