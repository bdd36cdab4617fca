"""Picture files on disk: read with a size limit, written atomically, listed in folders."""

import contextlib
import errno
import os
import stat
from collections.abc import Set
from pathlib import Path

from limner.errors import ImageError, OutputError
from limner.images.formats import READABLE

MAX_BYTES = 512_000_000
"""Largest picture file that is read, in bytes: more than an uncompressed one of `MAX_PIXELS`."""


def read_bytes(path: str | os.PathLike[str], *, name: str | None = None) -> bytes:
    """The bytes of a picture file.

    Args:
        path: path of the file.
        name: its name in messages; by default its path.

    Raises:
        ImageError: missing, unreadable, empty, or longer than MAX_BYTES.
    """
    name, path = name or str(path), Path(path)
    try:
        with path.open("rb") as file:
            # Not MAX_BYTES for every small file: reading reserves them. A pipe has no size.
            size = os.fstat(file.fileno()).st_size
            return checked(file.read(min(size or MAX_BYTES, MAX_BYTES) + 1), name)
    except FileNotFoundError as error:
        if is_address(name):
            raise ImageError(f"{name}: an address, not a file; download it first") from error
        raise ImageError(f"{name}: no such file; check the path") from error
    except IsADirectoryError as error:
        raise ImageError(f"{name}: a folder, not a picture; name the files in it") from error
    except PermissionError as error:
        # Windows raises it for folders too.
        what = "a folder, not a picture" if path.is_dir() else "no permission to read it"
        raise ImageError(f"{name}: {what}; name a file that you may read") from error
    except OSError as error:
        cause = error.strerror or one_line(error)
        raise ImageError(f"{name}: cannot be read ({cause}); check the path") from error


def is_address(text: str) -> bool:
    """Whether a text is an address on the web and not a path."""
    return text.lower().startswith(("http://", "https://", "ftp://"))


def checked(data: bytes, name: str) -> bytes:
    """The bytes, if there are some and not too many. Raises ImageError."""
    if not data:
        raise ImageError(f"{name}: empty (0 bytes); save or download it again")
    if len(data) > MAX_BYTES:
        raise ImageError(
            f"{name}: longer than {MAX_BYTES / 1e6:g} MB; save it with compression, or smaller"
        )
    return data


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file completely or not at all; missing folders are made.

    Raises:
        OutputError: no space, no permission, a file where a folder should be. A file at `path`
            stays as it was.
    """
    path = Path(path)
    # In the same folder, since a rename is atomic only within one file system.
    part = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:  # after Ctrl-C too; once renamed, it does not exist
        with contextlib.suppress(OSError):
            part.unlink()


def remove_parts(folder: Path) -> None:
    """Delete partial files that killed processes left in a folder."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def output_error(path: str | Path, error: OSError) -> OutputError:
    """The error to raise when writing to `path` failed: what happened, and what to do."""
    cause = error.strerror or one_line(error)
    return OutputError(f"{path}: cannot write it ({cause}); {_remedy(error)}")


def _remedy(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space or choose a folder on another disk"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "choose a folder that you may write to"
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR | errno.ENOTEMPTY:
            return "a file and a folder have the same name there; choose another name"
        case errno.ENAMETOOLONG:
            return "choose a shorter name"
        case _:
            return "choose another folder"


def files_below(folder: Path, suffixes: Set[str] = READABLE) -> list[Path]:
    """All files below `folder` with one of these suffixes, in any case, sorted by path.

    Hidden files and folders are left out, and so are the files that macOS adds next to pictures on
    other file systems (`._a.jpg`); `folder` itself may be hidden. Linked folders are followed; one
    that is reached twice is walked once. Files and folders without permission are in the list, too:
    reading them says why.
    """
    found: list[Path] = []
    seen: set[str] = set()

    def note(error: OSError) -> None:
        found.append(Path(error.filename))

    for parent, folders, names in os.walk(folder, followlinks=True, onerror=note):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(parent) / name
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes
        ]
    return sorted(path for path in found if _may_be_read(path))


def _may_be_read(path: Path) -> bool:
    """False for a pipe or a device, which could block for ever."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def one_line(error: Exception) -> str:
    """The message of an error, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
