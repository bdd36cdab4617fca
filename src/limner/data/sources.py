"""Where faces come from. A source lists its items lazily and knows what is known of them.

To add one, write a frozen dataclass with a `name` and an `items` method that yields `Item`s.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from limner.data.items import Item, Kind, Place, Split, walk
from limner.errors import DataError
from limner.sketching import check_style

__all__ = ["CUFS", "CelebA", "Folder", "SketchedPhotos", "Source"]


class Source(Protocol):
    """Anything that lists pictures."""

    @property
    def name(self) -> str:
        """What its items call it."""

    def items(self) -> Iterator[Item]:
        """Its pictures, in the same order each time.

        Raises:
            DataError: It is absent or damaged; says how one obtains it.
        """


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Any mixture of picture files, folders and `.zip` or `.tar` archives."""

    path: Path
    name: str = ""
    """What the items call it; by default the folder within `path` that each lies in."""
    kind: Kind = "photo"
    smiling: bool | None = None
    """What is known of all its faces."""

    def items(self) -> Iterator[Item]:
        """Everything below `path`, sorted by name."""
        own = self.path.resolve().stem
        for name, place in walk(self.path):
            first, slash, _ = name.partition("/")
            source = self.name or (Path(first).stem if slash else own)
            yield Item(name=name, place=place, source=source, kind=self.kind, smiling=self.smiling)


@dataclass(frozen=True, kw_only=True)
class CelebA:
    """CelebFaces Attributes (Liu et al. 2015), in its official layout.

    `img_align_celeba/` and `list_attr_celeba.txt`, and where they are there `identity_CelebA.txt`,
    `list_landmarks_align_celeba.txt` and `list_eval_partition.txt`.
    """

    path: Path
    name: str = "celeba"

    def items(self) -> Iterator[Item]:
        """Every row of the attribute file whose image is there."""
        folder, table = self.path / "img_align_celeba", self.path / "list_attr_celeba.txt"
        if not folder.is_dir() or not table.is_file():
            raise DataError(
                f"{self.path} holds no CelebA: img_align_celeba/ and list_attr_celeba.txt are "
                "expected; ask for it at mmlab.ie.cuhk.edu.hk/projects/CelebA.html (research only)"
            )
        smiles = _attributes(table, "Smiling")
        people = self._table("identity_CelebA.txt", r" \d+")
        parts = self._table("list_eval_partition.txt", r" [012]")
        eyes = self._table("list_landmarks_align_celeba.txt", r"( -?\d+){10}", head=2)
        for name in sorted(smiles):
            file = folder / name
            if file.is_file():
                yield Item(
                    name=f"img_align_celeba/{name}",
                    place=Place(file=file),
                    source=self.name,
                    identity=f"celeba-{people[name][0]}" if name in people else "",
                    smiling=smiles[name],
                    split=_PARTITION[parts[name][0]] if name in parts else None,
                    middle=_between(eyes[name]) if name in eyes else None,
                )

    def _table(self, name: str, values: str, *, head: int = 0) -> dict[str, tuple[int, ...]]:
        """A file of rows of an image and `values`, a regular expression; empty if not there."""
        file = self.path / name
        if not file.is_file():
            return {}
        rows = {}
        for number, line in enumerate(_lines(file)[head:], start=head + 1):
            image, *numbers = line.split()
            if not re.fullmatch(values, "".join(f" {n}" for n in numbers)):
                raise DataError(
                    f"{file}, line {number}: '{line}' is not a file name and what belongs to it; "
                    "download it again"
                )
            rows[image] = tuple(map(int, numbers))
        return rows


@dataclass(frozen=True, kw_only=True)
class CUFS:
    """CUHK Face Sketch Database (Wang and Tang 2009), in any of the layouts of its parts.

    A picture's kind is told by the folder that it lies in: `sketch`, `sketches`, `photo` or
    `photos`, or a name that ends in them. The study takes the sketches alone, so that no model
    can learn the pairs; `pairs` gives the photos too, under the same identity.
    """

    path: Path
    name: str = "cufs"
    pairs: bool = False

    def items(self) -> Iterator[Item]:
        """The sketches, and with `pairs` the photos, sorted by name."""
        absent = (
            f"{self.path} holds no sketches of CUFS: a folder 'sketches' or 'sketch' is expected; "
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
    """The photos of another source, each passed through a sketch style: Set2 of the study.

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


# `list_eval_partition.txt`: training, validation, test. What is not for training is held out.
_PARTITION: dict[int, Split] = {0: "train", 1: "test", 2: "test"}


def _between(landmarks: tuple[int, ...]) -> tuple[float, float]:
    """The point between the eyes, which come first: x, y of the left and of the right one."""
    x0, y0, x1, y1, *_ = landmarks
    return (x0 + x1) / 2, (y0 + y1) / 2


def _attributes(file: Path, attribute: str) -> dict[str, bool]:
    """One column of `list_attr_celeba.txt`: a count, a header, then a name and ±1s a row."""
    lines = _lines(file)
    names = lines[1].split() if len(lines) > 1 else []
    if attribute not in names:
        raise DataError(f"{file}, line 2: no column '{attribute}'; the official file has one")
    column = names.index(attribute)
    values = {}
    for number, line in enumerate(lines[2:], start=3):
        name, *row = line.split()
        if len(row) != len(names) or row[column] not in ("-1", "1"):
            raise DataError(
                f"{file}, line {number}: {len(names)} values of 1 or -1 are expected after the "
                f"file name, {len(row)} are there; download it again"
            )
        values[name] = row[column] == "1"
    if not lines[0].strip().isdigit() or int(lines[0]) != len(values):
        raise DataError(f"{file}: line 1 promises {lines[0].strip()} rows, {len(values)} are there")
    return values


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as UTF-8 text ({error})") from error
    return [line for line in text.splitlines() if line.strip()]


def _kind(name: str) -> Kind | None:
    for part in reversed(name.lower().split("/")[:-1]):
        if found := re.search(r"(sketch|photo)(?:e?s)?(?:\.zip|\.tar)?$", part):
            return "sketch" if found[1] == "sketch" else "photo"
    return None


def _person(name: str) -> str:
    """`F2-005-01-sz1.jpg` and `f-005-01.jpg` are one person; parts of CUFS share no name."""
    stem = Path(name).stem.lower()
    return re.sub(r"^([fm])2-", r"\1-", re.sub(r"-sz\d$", "", stem))
