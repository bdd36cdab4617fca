"""Names of files in shared documents: never absolute paths.

An absolute path shows a user's name and the layout of a disk to everybody who gets the file, and is
of use to nobody else.
"""

import os
import re
from pathlib import Path

__all__ = ["name_of", "without_folders"]

_FOLDERS = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":]+)*[/\\](?=[^\s/\\])")
"""The folders of an absolute path within a text."""


def name_of(path: str | Path) -> str:
    """What a file or folder is called in a file that is shared.

    A path below the current folder stays as the user gave it. Of an absolute path, and of one that
    goes up, the last part is left.
    """
    path = Path(os.path.normpath(path))
    if path.is_absolute() or path.parts[:1] == (os.pardir,):
        # Not resolved: a link has the name that the user gave it.
        return path.name or str(path)
    return path.as_posix()


def without_folders(text: str) -> str:
    """A message with the last part left of each absolute path in it.

    For messages of other libraries. A path is taken to end at a space: of one with spaces in it,
    what follows the first space stays.
    """
    return _FOLDERS.sub("", text)
