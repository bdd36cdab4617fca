"""The annotation files of CelebA: one picture per row, separated by spaces or commas.

The official `.txt` files begin with the number of rows, and some have a line of column names; the
`.csv` files have column names, the first being `image_id`. The content decides, not the suffix.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from limner import images
from limner.errors import DataError

__all__ = [
    "FOLDER",
    "Annotations",
    "Flags",
    "key_of",
    "official_name",
    "read_annotations",
    "read_flags",
]

FOLDER = "img_align_celeba"
"""The official folder of the aligned pictures."""

_SEPARATORS = str.maketrans({",": " ", ";": " ", '"': None})
_NAME_COLUMNS = frozenset({"image_id", "image", "file_name", "filename", "name"})
"""Possible names of the column of the pictures."""


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """Numbers that belong to pictures."""

    file: Path
    rows: dict[str, tuple[int, ...]]
    """By `key_of` the picture's name."""
    promised: int | None
    """Number of rows according to the first line, if it gives one."""


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Pictures that have an attribute, and those that do not."""

    file: Path
    rows: dict[str, tuple[str, bool]]
    """The picture's name as it is written, and whether it has the attribute, by `key_of`."""
    promised: int | None
    """Number of rows according to the first line, if it gives one."""


def key_of(name: str) -> str:
    """Key that matches tables and pictures: the name without folder, suffix and case."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, _ = last.rpartition(".")
    return (stem if dot else last).lower()


def official_name(name: str) -> str:
    """The name of a picture's item: by its number if it has one, whatever its file format."""
    name = name.replace("\\", "/").rpartition("/")[2]
    number = re.fullmatch(r"(\d{6})(\.(jpe?g|png))?", name, re.IGNORECASE)
    return f"{FOLDER}/{number[1]}.jpg" if number else f"{FOLDER}/{name}"


def read_annotations(file: Path, values: str) -> Annotations:
    """Read a file that has a picture and its numbers in each row.

    Args:
        file: The table, in either form.
        values: Regular expression of the numbers, each after a space.

    Raises:
        DataError: It cannot be read, or a row is damaged; says in which line.
    """
    table = _Table(file)
    pattern = re.compile(values)
    rows = {}
    for number, name, row in table.rows():
        text = "".join(f" {value}" for value in row)
        if not pattern.fullmatch(text):
            raise DataError(
                f"{file}, line {number}: '{name}{text}' is not a file name and its values; "
                "download it again"
            )
        rows[key_of(name)] = tuple(map(int, row))
    return Annotations(file=file, rows=rows, promised=table.promised)


def read_flags(file: Path, column: str) -> Flags:
    """Read one column of a file of attributes, which are all 1 or -1, or all 1 or 0.

    Raises:
        DataError: It cannot be read, has no such column, or a row is damaged; says in which line.
    """
    table = _Table(file)
    columns = [name.lower() for name in table.columns]
    if column.lower() not in columns:
        raise DataError(
            f"{file}, line {table.head}: no column '{column}'; the official file has one"
        )
    at, width = columns.index(column.lower()), len(columns)
    rows, negative = {}, ""
    for number, name, row in table.rows():
        here = {"-1", "0"}.intersection(row)
        negative = negative or min(here, default="")
        if len(row) != width or row[at] not in ("1", negative) or here - {negative}:
            raise DataError(
                f"{file}, line {number}: expected {width} values of 1 or {negative or '-1'} after "
                f"the file name, found {len(row)}: {' '.join(row[:5])}...; download it again"
            )
        rows[key_of(name)] = name, row[at] == "1"
    return Flags(file=file, rows=rows, promised=table.promised)


class _Table:
    """An annotation file, split into the number of rows, the column names and the rows."""

    def __init__(self, file: Path) -> None:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file} cannot be read as UTF-8 text ({error})") from error
        self._lines = [
            (number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()
        ]
        self.promised: int | None = None
        self.columns: list[str] = []
        """Names of the columns after the picture's; empty if the file has none."""
        if self._lines and self._lines[0][1].strip().isdecimal():
            self.promised = int(self._lines.pop(0)[1])
        self.head = self._lines[0][0] if self._lines else 1
        """Number of the line that has the column names, or could have them."""
        if self._lines and _is_head(first := _cells(self._lines[0][1])):
            self.columns = first[1:] if first[0].lower() in _NAME_COLUMNS else first
            self._lines.pop(0)

    def rows(self) -> Iterator[tuple[int, str, list[str]]]:
        """Number of the line, name of the picture and values of each row."""
        for number, line in self._lines:
            name, *row = _cells(line) or [""]
            yield number, name, row


def _cells(line: str) -> list[str]:
    return line.translate(_SEPARATORS).split()


def _is_head(cells: list[str]) -> bool:
    """Whether a line has column names and no picture; a damaged row must not count as one."""
    if not cells or Path(cells[0]).suffix.lower() in images.READABLE:
        return False
    return not any(re.fullmatch(r"[-+]?\d+", cell) for cell in cells)
