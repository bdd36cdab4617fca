"""Pictures wherever they are: files, members of `.zip` and `.tar` archives, rows of Parquet."""

import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import DataError, ImageError
from limner.sketching import sketch

ARCHIVES = frozenset({".zip", ".tar"})
"""Suffixes of the archives that are read without being unpacked."""

IMAGE = "image"
"""Column of a Parquet file that contains the pictures: encoded bytes, or `{bytes, path}`."""

Kind = Literal["photo", "sketch"]
Split = Literal["train", "test"]

Warn = Callable[[str], None]
"""Receives warnings about a source that can still be used, a line each."""


def warn_user(message: str) -> None:
    """Issue a Python warning: the default for warnings that nobody receives."""
    warnings.warn(message, stacklevel=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the bytes of a picture are. Small and picklable: workers do the reading."""

    file: Path
    """The picture, or the archive or Parquet file that contains it."""
    member: str = ""
    """Name within a zip archive."""
    offset: int = 0
    """Where it starts within a tar archive, in bytes."""
    size: int = -1
    """Its length within a tar archive; -1 outside of one."""
    row_group: int = -1
    """Row group within a Parquet file."""
    row: int = -1
    """Row within its row group; -1 if it is not in Parquet."""

    def read(self, name: str) -> bytes:
        """The bytes of the picture file.

        Raises:
            ImageError: It cannot be read; the message calls it `name`.
        """
        if not self.member and self.size < 0 and self.row < 0:
            return images.read_bytes(self.file, name=name)
        try:
            if self.row >= 0:
                return _row(self.file, self.row_group, self.row)[: images.MAX_BYTES]
            if self.member:
                with _opened(self.file, _state(self.file)).open(self.member) as file:
                    return file.read(images.MAX_BYTES)  # however little it is while compressed
            with self.file.open("rb") as archive_file:
                archive_file.seek(self.offset)
                return archive_file.read(min(self.size, images.MAX_BYTES))
        except Exception as error:  # zipfile and its decompressors raise almost anything
            cause = getattr(error, "strerror", None) or str(error)
            raise ImageError(
                f"{name}: cannot be read ({cause}); check {self.file.name}, or download it again"
            ) from error


# A worker reads many members of one archive, and many rows of one row group. The indexes are cached
# in between: for a zip of 200,000 pictures, reading the list of members alone takes a second. The
# key changes if the file is replaced.


def _state(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=1)
def _opened(file: Path, state: tuple[int, int]) -> zipfile.ZipFile:  # noqa: ARG001 - a key
    return zipfile.ZipFile(file)


def _row(file: Path, group: int, row: int) -> bytes:
    value = _row_group(file, _state(file), group)[row].as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    if data is None:
        raise ValueError(f"row {row} of row group {group} has no picture")
    return bytes(data)


@lru_cache(maxsize=1)
def _row_group(file: Path, state: tuple[int, int], group: int) -> Any:
    """The pictures of a row group, undecoded: a `pyarrow.ChunkedArray`."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, metadata=_metadata(file, state)) as opened:
        return opened.read_row_group(group, columns=[IMAGE], use_threads=False)[IMAGE]


@lru_cache(maxsize=64)  # shards: the order of the pictures jumps between them
def _metadata(file: Path, state: tuple[int, int]) -> Any:  # noqa: ARG001 - a key
    import pyarrow.parquet as pq

    return pq.read_metadata(file)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One picture of a source, not yet read, and its labels."""

    name: str
    """Path within its source, with `/`."""
    place: Place
    source: str
    """Name of the source, for the licences and the counts of a dataset."""
    kind: Kind = "photo"
    identity: str = ""
    """The person; '' if unknown, so that the picture counts as a separate person."""
    smiling: bool | None = None
    """None if the source has no label."""
    split: Split | None = None
    """The split according to the source; None if it has none."""
    middle: tuple[float, float] | None = None
    """(x, y) in px between the eyes of the labelled face, if the source says."""
    style: str = ""
    """The sketch style that the photo is passed through when it is read; '' for none."""

    def read(self) -> bytes:
        """The bytes of the picture file. Raises ImageError."""
        return self.place.read(self.name)

    def picture(self) -> NDArray[np.uint8]:
        """The picture `[H, W, 3]`, or the sketch `[H, W]` that `style` makes of it.

        Raises:
            ImageError: It cannot be read.
        """
        return self.decode(self.read())

    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """The result of `picture`, from that of `read`. Raises ImageError."""
        picture = images.read(data, name=self.name)
        return sketch(picture, self.style) if self.style else picture


def walk(root: Path) -> Iterator[tuple[str, Place]]:
    """Each picture below a folder, archives included, or within one archive; sorted by name.

    Hidden files and folders and macOS's `__MACOSX` are left out. A folder reached twice by links is
    walked once; one that may not be listed is listed itself in place of its pictures.

    Raises:
        DataError: `root` is neither a folder nor an archive, or an archive is damaged.
    """
    if root.suffix.lower() in ARCHIVES and root.is_file():
        yield from sorted(members(root), key=itemgetter(0))
    elif root.is_dir():
        for file in images.files_below(root, images.READABLE | ARCHIVES):
            name = file.relative_to(root).as_posix()
            if file.suffix.lower() not in ARCHIVES or file.is_dir():
                yield name, Place(file=file)
                continue
            try:
                inside = sorted(members(file), key=itemgetter(0))
            except DataError:  # a damaged one does not stop the others: it fails when it is read
                yield name, Place(file=file)
                continue
            yield from ((f"{name}/{member}", place) for member, place in inside)
    else:
        raise DataError(
            f"{root} is neither a folder nor a {' or '.join(sorted(ARCHIVES))} archive; name the "
            "one that contains the pictures (unpack a .tar.gz first)"
        )


def members(archive: Path) -> Iterator[tuple[str, Place]]:
    """Each picture within an archive, in its order.

    Raises:
        DataError: It is damaged.
    """
    try:
        if archive.suffix.lower() == ".zip":
            with zipfile.ZipFile(archive) as zipped:
                names = [info.filename for info in zipped.infolist() if not info.is_dir()]
            places = [(name, Place(file=archive, member=name)) for name in names]
        else:
            with tarfile.open(archive, "r:") as tarred:
                places = [
                    (m.name, Place(file=archive, offset=m.offset_data, size=m.size))
                    for m in tarred
                    if m.isfile()
                ]
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise DataError(f"{archive} is a damaged archive ({error}); download it again") from error
    for name, place in places:
        parts = [part for part in name.split("/") if part != "."]
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if not hidden and Path(name).suffix.lower() in images.READABLE:
            yield name, place
