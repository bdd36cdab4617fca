"""CelebA as Parquet files, in the layout of Hugging Face datasets: one row per picture."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from limner.data.annotations import FOLDER, official_name
from limner.data.items import IMAGE, Item, Place, Split, Warn
from limner.errors import DataError

__all__ = ["parquet_files", "parquet_items"]

_SPLITS: dict[str, Split] = {
    "train": "train",
    "valid": "test",
    "validation": "test",
    "val": "test",
    "dev": "test",
    "test": "test",
}
"""Splits by words in the names of files and folders."""
_NAMES = ("image_id", "file_name", "filename")
"""Columns that name the picture, if the image itself does not."""
_PEOPLE = ("celeb_id", "identity")
"""Columns that name the person."""
_LARGE = 100 << 20
"""Bytes of a row group above which reading it takes longer than processing a picture."""


def parquet_files(path: Path) -> dict[str, Path]:
    """The Parquet files of a dataset by their paths within it, sorted.

    Raises:
        DataError: There are several datasets below `path`, or configurations of one.
    """
    if path.suffix.lower() == ".parquet" and path.is_file():
        return {path.name: path}
    found: dict[str, Path] = {}
    datasets = set()
    for file in sorted(path.rglob("*.parquet")) if path.is_dir() else ():
        inner = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in inner.parts):
            found[inner.as_posix()] = file
            datasets.add("/".join(part for part in inner.parts[:-1] if _split_of(part) is None))
    if len(datasets) > 1:
        names = ", ".join(f"'{name}'" for name in sorted(datasets))
        raise DataError(f"{path} has Parquet files of several datasets, in {names}; name one")
    return found


def parquet_items(files: dict[str, Path], source: str, warn: Warn) -> Iterator[Item]:
    """The pictures of Parquet files and what their columns say, sorted by name.

    Args:
        files: From `parquet_files`.
        source: Its name in the items.
        warn: Receives what is missing, with counts.

    Raises:
        DataError: A file is damaged, lacks a column, or has other values than it should.
    """
    _warn_of_shards(files, warn)
    rows = [row for name, file in files.items() for row in _rows(name, file, source, warn)]
    times = Counter(item.name for _, item in rows)
    unnamed = sum(not item.name or times[item.name] > 1 for _, item in rows)
    if unnamed:
        warn(
            f"{unnamed:,} of {len(rows):,} rows have no name of a CelebA picture in {IMAGE}.path "
            f"or {_NAMES[0]}, or the same as another row; they are named by file and row, so that "
            "other pictures are selected and held out than from other downloads"
        )
    items = [
        item if item.name and times[item.name] == 1 else replace(item, name=place)
        for place, item in rows
    ]
    yield from sorted(items, key=lambda item: item.name)


def _warn_of_shards(files: dict[str, Path], warn: Warn) -> None:
    shards: Counter[tuple[str, int]] = Counter()
    for name in files:
        if found := re.fullmatch(r"(.*)-\d+-of-(\d+)\.parquet", name):
            shards[found[1], int(found[2])] += 1
    for (name, promised), there in shards.items():
        if there != promised:
            warn(f"{name}: {promised:,} Parquet files are promised, but there are {there:,}")


def _rows(name: str, file: Path, source: str, warn: Warn) -> Iterator[tuple[str, Item]]:
    """Each picture of a file, and the name to use if its row has none, so that its name is ''."""
    try:
        with pq.ParquetFile(file) as opened:
            columns = _columns(file, opened.schema_arrow)
            table = opened.read([column for column in columns if column])
            groups = [opened.metadata.row_group(n) for n in range(opened.num_row_groups)]
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file} is damaged ({error}); download it again") from error
    largest = max((group.total_byte_size for group in groups), default=0)
    if largest > _LARGE:
        warn(
            f"{name}: a row group has {largest >> 20:,} MiB and is read in full for each picture, "
            "which is slow; write the file with row_group_size=1000"
        )
    smiling, people, pictures = (_values(table, column) for column in columns)
    smiles = _flags(file, smiling)
    row = 0
    for number, group in enumerate(groups):
        for within in range(group.num_rows):
            yield (
                f"{FOLDER}/{name.removesuffix('.parquet')}/{row:06}",
                Item(
                    name=official_name(str(pictures[row])) if pictures[row] else "",
                    place=Place(file=file, row_group=number, row=within),
                    source=source,
                    identity="" if people[row] is None else f"celeba-{people[row]}",
                    smiling=smiles[row],
                    split=_split_of(name),
                ),
            )
            row += 1


def _columns(file: Path, schema: Any) -> tuple[str, str, str]:
    """The columns of the smile, the person and the picture's name; '' for one that is missing."""
    by_name = {name.lower(): name for name in schema.names}
    if IMAGE not in schema.names or "smiling" not in by_name:
        raise DataError(
            f"{file}: expected the columns {IMAGE} and Smiling; found {', '.join(schema.names[:8])}"
        )
    kind = schema.field(IMAGE).type
    fields = [field.name for field in kind] if pa.types.is_struct(kind) else []
    if fields and "bytes" not in fields:
        raise DataError(f"{file}: the column {IMAGE} has no bytes; embed the pictures in the file")
    person = next((by_name[name] for name in _PEOPLE if name in by_name), "")
    name = next((by_name[name] for name in _NAMES if name in by_name), "")
    if not name and "path" in fields:
        name = f"{IMAGE}.path"
    return by_name["smiling"], person, name


def _values(table: pa.Table, column: str) -> list[Any]:
    """The values of a column, or of a field within one; all None if it is missing."""
    if not column:
        return [None] * len(table)
    column, _, inner = column.partition(".")
    values = list(table[column].to_pylist())
    return [value and value[inner] for value in values] if inner else values


def _flags(file: Path, values: list[Any]) -> list[bool | None]:
    """Whether somebody smiles: true or false, or 1 and one of 0 and -1."""
    known = (1, -1) if -1 in values else (1, 0)  # in Python, True is 1 and False is 0
    for row, value in enumerate(values):
        if value is not None and value not in known:
            raise DataError(
                f"{file}, row {row}: Smiling is {value!r}; expected true or false, or 1 and "
                "either 0 or -1 in all rows; download it again"
            )
    return [None if value is None else value == 1 for value in values]


def _split_of(name: str) -> Split | None:
    """The split that the last word names: in `train-00000-of-00002.parquet`, or in its folder."""
    words = [word for word in re.findall("[a-z]+", name.lower()) if word in _SPLITS]
    return _SPLITS[words[-1]] if words else None
