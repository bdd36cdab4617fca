"""Pictures wherever they lie: files, and members of `.zip` and `.tar` archives."""

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import DataError, ImageError
from limner.sketching import sketch

ARCHIVES = frozenset({".zip", ".tar"})
"""Suffixes of the archives that are read without being unpacked."""

Kind = Literal["photo", "sketch"]
Split = Literal["train", "test"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the bytes of a picture are. Small and picklable: workers read for themselves."""

    file: Path
    """The picture, or the archive that holds it."""
    member: str = ""
    """Name within a zip archive."""
    offset: int = 0
    """Where it starts within a tar archive, in bytes."""
    size: int = -1
    """Its length within a tar archive; -1 for a file of its own."""

    def read(self, name: str) -> bytes:
        """The bytes of the picture file.

        Raises:
            ImageError: It cannot be read; the message calls it `name`.
        """
        if not self.member and self.size < 0:
            return images.read_bytes(self.file, name=name)
        try:
            if self.member:
                with zipfile.ZipFile(self.file) as archive, archive.open(self.member) as file:
                    return file.read(images.MAX_BYTES)  # however little it is while compressed
            with self.file.open("rb") as archive_file:
                archive_file.seek(self.offset)
                return archive_file.read(min(self.size, images.MAX_BYTES))
        except Exception as error:  # zipfile and its decompressors raise almost anything
            cause = getattr(error, "strerror", None) or str(error)
            raise ImageError(
                f"{name}: cannot be read ({cause}); check the archive, or download it again"
            ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One picture of a source, not yet read, and what the source knows of it."""

    name: str
    """Path within its source, with `/`."""
    place: Place
    source: str
    """Name of the source, for the licences and the counts of a prepared set."""
    kind: Kind = "photo"
    identity: str = ""
    """Who it is; '' if the source does not know, which makes the picture a person of its own."""
    smiling: bool | None = None
    """None if the source does not know."""
    split: Split | None = None
    """What the source's own partition says; None if it has none."""
    middle: tuple[float, float] | None = None
    """(x, y) in px between the eyes of the face that all this is said of, if the source knows."""
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
        """What `picture` gives, from what `read` gave. Raises ImageError."""
        picture = images.read(data, name=self.name)
        return sketch(picture, self.style) if self.style else picture


def walk(root: Path) -> Iterator[tuple[str, Place]]:
    """Each picture below a folder, archives included, or within one archive; sorted by name.

    Hidden files and folders and macOS's `__MACOSX` are left out; a folder reached twice by links is
    walked once, and one that may not be listed stands in place of its pictures.

    Raises:
        DataError: `root` is neither a folder nor an archive, or an archive is damaged.
    """
    if root.suffix.lower() in ARCHIVES and root.is_file():
        yield from sorted(_members(root), key=itemgetter(0))
    elif root.is_dir():
        for file in images.files_below(root, images.READABLE | ARCHIVES):
            name = file.relative_to(root).as_posix()
            if file.suffix.lower() not in ARCHIVES or file.is_dir():
                yield name, Place(file=file)
                continue
            try:
                members = sorted(_members(file), key=itemgetter(0))
            except DataError:  # a damaged one costs the others nothing: it fails when it is read
                yield name, Place(file=file)
                continue
            yield from ((f"{name}/{member}", place) for member, place in members)
    else:
        raise DataError(
            f"{root} is no folder and no {' or '.join(sorted(ARCHIVES))} archive; name what holds "
            "the pictures (a .tar.gz has to be unpacked first)"
        )


def _members(archive: Path) -> Iterator[tuple[str, Place]]:
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
