"""Sources of pictures. A source lists its items lazily, with their labels.

To add one, write a frozen dataclass with a `name` and an `items` method that yields `Item`s, and
a field `warn` if there is something to warn of.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from limner.data.celeba import CelebA
from limner.data.items import Item, Kind, walk
from limner.errors import DataError
from limner.sketching import check_style

__all__ = ["CUFS", "CelebA", "Folder", "SketchedPhotos", "Source"]


class Source(Protocol):
    """Anything that lists pictures."""

    @property
    def name(self) -> str:
        """Its name in the items."""

    def items(self) -> Iterator[Item]:
        """Its pictures, in the same order each time.

        Raises:
            DataError: It is missing or damaged; the message says how to obtain it.
        """


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Any mixture of picture files, folders and `.zip` or `.tar` archives."""

    path: Path
    name: str = ""
    """Its name in the items; by default that of the folder within `path` that contains each."""
    kind: Kind = "photo"
    smiling: bool | None = None
    """Whether all its faces smile; None if unknown."""

    def items(self) -> Iterator[Item]:
        """Everything below `path`, sorted by name."""
        own = self.path.resolve().stem
        for name, place in walk(self.path):
            first, slash, _ = name.partition("/")
            source = self.name or (Path(first).stem if slash else own)
            yield Item(name=name, place=place, source=source, kind=self.kind, smiling=self.smiling)


@dataclass(frozen=True, kw_only=True)
class CUFS:
    """CUHK Face Sketch Database (Wang and Tang 2009), in any of the layouts of its parts.

    The folder of a picture gives its kind: `sketch`, `sketches`, `photo` or `photos`, or a name
    that ends in one of these. The 2018 study uses only the sketches, so that no model can learn
    the pairs; `pairs` yields the photos too, under the same identity.
    """

    path: Path
    name: str = "cufs"
    pairs: bool = False

    def items(self) -> Iterator[Item]:
        """The sketches, and with `pairs` the photos, sorted by name."""
        absent = (
            f"{self.path} contains no sketches of CUFS: expected a folder 'sketches' or 'sketch'; "
            "ask for it at mmlab.ie.cuhk.edu.hk/archive/facesketch.html (research only)"
        )
        if not self.path.is_dir():
            raise DataError(absent)
        found = False
        for name, place in walk(self.path):
            kind = _kind(name)
            found = found or kind == "sketch"
            if kind == "sketch" or (self.pairs and kind == "photo"):
                identity = f"{self.name}-{_person(name)}"
                yield Item(name=name, place=place, source=self.name, kind=kind, identity=identity)
        if not found:
            raise DataError(absent)


@dataclass(frozen=True, kw_only=True)
class SketchedPhotos:
    """The photos of another source, each drawn in a sketch style: Set2 of the 2018 study.

    Raises:
        UsageError: The style is not known.
    """

    photos: Source
    style: str = "study"
    name: str = "filtered"

    def __post_init__(self) -> None:
        check_style(self.style)

    def items(self) -> Iterator[Item]:
        """The photos as sketches, in their order."""
        for item in self.photos.items():
            if item.kind == "photo":
                yield dataclasses.replace(item, kind="sketch", style=self.style, source=self.name)


def _kind(name: str) -> Kind | None:
    for part in reversed(name.lower().split("/")[:-1]):
        if found := re.search(r"(sketch|photo)(?:e?s)?(?:\.zip|\.tar)?$", part):
            return "sketch" if found[1] == "sketch" else "photo"
    return None


def _person(name: str) -> str:
    """`F2-005-01-sz1.jpg` and `f-005-01.jpg` are one person; no name is in two parts of CUFS."""
    stem = Path(name).stem.lower()
    return re.sub(r"^([fm])2-", r"\1-", re.sub(r"-sz\d$", "", stem))
