"""Names of files in shared documents: never absolute paths.

An absolute path shows a user's name and the layout of a disk to everybody who gets the file, and
does not help them.
"""

import os
import re
from pathlib import Path

__all__ = ["name_of", "without_folders"]

_FOLDERS = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":]+)*[/\\](?=[^\s/\\])")
"""The folders of an absolute path within a text."""


def name_of(path: str | Path) -> str:
    """The name of a file or folder in a file that is shared.

    A path below the current folder stays as the user gave it. An absolute path, or one that goes
    up, is reduced to its last part.
    """
    path = Path(os.path.normpath(path))
    if path.is_absolute() or path.parts[:1] == (os.pardir,):
        # Not resolved: a link keeps the name that the user gave it.
        return path.name or str(path)
    return path.as_posix()


def without_folders(text: str) -> str:
    """A message in which each absolute path is reduced to its last part.

    For messages of other libraries. A path is assumed to end at a space: if it contains spaces, the
    part after the first one stays.
    """
    return _FOLDERS.sub("", text)
