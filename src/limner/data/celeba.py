"""CelebA in the layouts in which it is distributed; `docs/data.md` lists them."""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from limner import images
from limner.data.annotations import (
    FOLDER,
    Annotations,
    Flags,
    key_of,
    official_name,
    read_annotations,
    read_flags,
)
from limner.data.celeba_parquet import parquet_files, parquet_items
from limner.data.items import ARCHIVES, Item, Place, Split, Warn, members, warn_user
from limner.errors import DataError

__all__ = ["CelebA"]


@dataclass(frozen=True, kw_only=True)
class CelebA:
    """CelebFaces Attributes (Liu et al. 2015), the aligned pictures.

    Three layouts are read: the official download, with or without its folders `Img`, `Anno` and
    `Eval`, the pictures unpacked or in their zip; the download from Kaggle, with tables in `.csv`
    and the pictures in `img_align_celeba/img_align_celeba/`; and the Parquet files of Hugging Face.
    `path` may be the folder of all this or one of those within it. A picture has the same name in
    all of them, `img_align_celeba/000001.jpg`, so that all give the same dataset.

    Smiles are always labelled. The person, the partition and the position of the eyes come from
    `identity_CelebA`, `list_eval_partition` and `list_landmarks_align_celeba`, or from columns and
    file names of Parquet, if there are any.
    """

    path: Path
    name: str = "celeba"
    warn: Warn = field(default=warn_user, compare=False, repr=False)
    """Receives what is missing, with counts: people have subsets of CelebA."""

    def items(self) -> Iterator[Item]:
        """Every picture that has a row in the attribute file, sorted by name.

        Raises:
            DataError: CelebA is missing or in another layout; a table or an archive is damaged.
        """
        found: list[tuple[str, Path]] = []
        for root in _roots(self.path):
            entries = _entries(root)
            found += entries
            if table := _table(entries, "list_attr_celeba"):
                pictures, places = _find_pictures(entries)
                if not places:
                    break
                yield from self._annotated(entries, table, pictures, places)
                return
        files = parquet_files(self.path)
        if not files:
            raise DataError(_what_is_missing(self.path, found))
        yield from parquet_items(files, self.name, self.warn)

    def _annotated(
        self, entries: list[tuple[str, Path]], table: Path, pictures: str, places: dict[str, Place]
    ) -> Iterator[Item]:
        """The pictures that have a smile label in a text file."""
        smiles = read_flags(table, "Smiling")
        people, parts, eyes = (
            read_annotations(file, values) if (file := _table(entries, name)) else None
            for name, values in (
                ("identity_celeba", r" \d+"),
                ("list_eval_partition", r" [012]"),
                ("list_landmarks_align_celeba", r"( -?\d+){10}"),
            )
        )
        wanted = sorted(smiles.rows.keys() & places.keys())
        if not wanted:
            raise DataError(
                f"none of the {len(places):,} pictures of {pictures} ({min(places)}, ...) has a "
                f"row in {table}; they do not belong together"
            )
        self._warn_of_pictures(smiles, pictures, places)
        self._warn_of_rows(people, wanted, "each counts as a separate person")
        self._warn_of_rows(parts, wanted, "they are split like the other sources")
        self._warn_of_rows(eyes, wanted, "their largest face is taken")
        for key in wanted:
            name, smiling = smiles.rows[key]
            person, part, points = (
                some.rows.get(key) if some else None for some in (people, parts, eyes)
            )
            yield Item(
                name=official_name(name),
                place=places[key],
                source=self.name,
                identity=f"celeba-{person[0]}" if person else "",
                smiling=smiling,
                split=_PARTITION[part[0]] if part else None,
                middle=_between(points) if points else None,
            )

    def _warn_of_pictures(self, smiles: Flags, pictures: str, places: dict[str, Place]) -> None:
        table, rows = smiles.file.name, smiles.rows
        self._warn_of_promise(smiles)
        if absent := sorted(rows.keys() - places.keys()):
            self.warn(
                f"{len(absent):,} of {len(rows):,} rows of {table} without a picture in "
                f"{pictures}, left out; the first is {rows[absent[0]][0]}"
            )
        if unknown := sorted(places.keys() - rows.keys()):
            self.warn(
                f"{len(unknown):,} of {len(places):,} pictures in {pictures} without a row in "
                f"{table}, left out; the first is {unknown[0]}"
            )

    def _warn_of_rows(
        self, table: Annotations | None, wanted: Collection[str], instead: str
    ) -> None:
        if table is None:
            return
        self._warn_of_promise(table)
        if absent := [key for key in wanted if key not in table.rows]:
            self.warn(
                f"{len(absent):,} of {len(wanted):,} pictures without a row in "
                f"{table.file.name}: {instead}; the first is {absent[0]}"
            )

    def _warn_of_promise(self, table: Flags | Annotations) -> None:
        if table.promised not in (None, len(table.rows)):
            self.warn(
                f"{table.file.name}: line 1 promises {table.promised:,} rows, "
                f"but there are {len(table.rows):,}"
            )


# `list_eval_partition`: training, validation, test. What is not for training is held out.
_PARTITION: dict[int, Split] = {0: "train", 1: "test", 2: "test"}

_PICTURES = (FOLDER, f"{FOLDER}_png")
"""Names of the folder of pictures and, with a suffix, of their archive; the first is preferred."""


def _between(landmarks: tuple[int, ...]) -> tuple[float, float]:
    """The point between the eyes, which come first: x, y of the left and of the right one."""
    x0, y0, x1, y1, *_ = landmarks
    return (x0 + x1) / 2, (y0 + y1) / 2


def _roots(path: Path) -> Iterator[Path]:
    """Where tables and pictures may be: in `path`, or above a folder or archive of pictures."""
    yield path
    path = path.absolute()
    while path.name.lower().partition(".")[0] in (*_PICTURES, "img", "anno", "eval"):
        path = path.parent
        yield path


def _entries(root: Path) -> list[tuple[str, Path]]:
    """Entries of a folder and of its `Img`, `Anno` and `Eval`, with their names in lower case."""
    entries = [(name.lower(), root / name) for name in _names(root)]
    for lower, path in list(entries):
        if lower in ("img", "anno", "eval"):
            entries += [(name.lower(), path / name) for name in _names(path)]
    return entries


def _names(folder: Path, *, files: bool = False) -> list[str]:
    """Names in a folder, sorted, or only those of files; empty if it is not a folder."""
    try:
        with os.scandir(folder) as found:
            return sorted(entry.name for entry in found if not files or entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror})") from error


def _table(entries: list[tuple[str, Path]], name: str) -> Path | None:
    """The annotation file called `name`, the `.txt` file if there are both."""
    for wanted in (f"{name}.txt", f"{name}.csv"):
        for lower, path in entries:
            if lower == wanted and path.is_file():
                return path
    return None


def _find_pictures(entries: list[tuple[str, Path]]) -> tuple[str, dict[str, Place]]:
    """The folder or archive of pictures, as messages name it, and the pictures by `key_of`."""
    for wanted in _PICTURES:
        for suffix in ("", *sorted(ARCHIVES, reverse=True)):
            for lower, path in entries:
                if lower == wanted + suffix and (places := _pictures(path)):
                    return path.name + "/" * path.is_dir(), places
    return "", {}


def _pictures(path: Path) -> dict[str, Place]:
    """The pictures of a folder, or of the one of the same name within it, or of an archive."""
    if path.suffix.lower() in ARCHIVES and path.is_file():
        return {key_of(name): place for name, place in members(path)}
    places = {
        key_of(name): Place(file=path / name)
        for name in reversed(_names(path, files=True))  # of two that differ in suffix, the first
        if not name.startswith(".") and Path(name).suffix.lower() in images.READABLE
    }
    inner = [name for name in _names(path) if name.lower() in _PICTURES] if not places else []
    return places or next(filter(None, (_pictures(path / name) for name in inner)), {})


def _what_is_missing(path: Path, entries: list[tuple[str, Path]]) -> str:
    """Message for a folder without CelebA: what is wrong, and what is expected."""
    expected = (
        "expected img_align_celeba/ or img_align_celeba.zip and list_attr_celeba.txt or .csv, "
        "or Parquet files with the columns image and Smiling"
    )
    aligned = [there for lower, there in entries if lower.partition(".")[0] in _PICTURES]
    if aligned and _table(entries, "list_attr_celeba"):
        return (
            f"{aligned[0]} has no pictures that can be read; {expected} (other archives have to "
            "be unpacked first)"
        )
    if aligned:
        return f"{aligned[0]} is there, but list_attr_celeba is missing; {expected}"
    own = [(path.name.lower(), path)] if path.exists() else []
    for lower, there in [*own, *entries]:
        if re.match(r"img_celeba(\.|$)", lower):
            return (
                f"{there} has the in-the-wild pictures of CelebA, which are not aligned and whose "
                f"landmarks differ; {expected}. To take them without their labels, name their "
                "folder with source = 'folder'"
            )
    return (
        f"{path} contains no CelebA: {expected}; ask for it at "
        "mmlab.ie.cuhk.edu.hk/projects/CelebA.html (research only)"
    )
