"""A cache of features, by the content of the pictures.

One SQLite file, which several processes may use at once. It may be deleted at any time.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.sharing import name_of

__all__ = ["FeatureCache", "default_folder"]

_FILE = "features-1.sqlite"  # the number is that of the table's form
_AT_ONCE = 500  # keys in a question: SQLite takes up to 999 in all versions
_PATIENCE = 30.0  # seconds that another process may write


def default_folder() -> Path:
    """Where limner keeps features unless told otherwise."""
    from platformdirs import user_cache_path

    return user_cache_path("limner", appauthor=False)


class FeatureCache:
    """What is kept in a folder. One that cannot be used is as good as an empty one.

    Evaluation continues without it: `unusable` says why there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        """Open it; None keeps nothing."""
        self.unusable = ""
        self._table: sqlite3.Connection | None = None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._table = _opened(folder / _FILE)
            except (OSError, sqlite3.Error) as error:
                # A report quotes it.
                cause = getattr(error, "strerror", None) or error
                self.unusable = f"no features are kept in the cache {name_of(folder)}: {cause}"

    def __enter__(self) -> Self:
        """Nothing but itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        if self._table is not None:
            self._table.close()

    def get(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Those that are there."""
        if self._table is None:
            return {}
        found: dict[bytes, NDArray[np.float32]] = {}
        with contextlib.suppress(sqlite3.Error):  # damaged since: they are found again
            for some in _split(list(keys)):
                marks = ", ".join("?" * len(some))
                rows = self._table.execute(
                    f"SELECT key, vector FROM features WHERE key IN ({marks})",  # noqa: S608
                    some,
                )
                found |= {key: np.frombuffer(vector, "<f4") for key, vector in rows}
        return found

    def put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep them."""
        if self._table is None or not vectors:
            return
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        # A full disk or a damaged file costs time later, not the scores now.
        with contextlib.suppress(sqlite3.Error), self._table:
            self._table.executemany("INSERT OR IGNORE INTO features VALUES (?, ?)", rows)


def _opened(file: Path) -> sqlite3.Connection:
    try:
        return _connected(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # busy, or may not be written
            raise
        file.unlink()  # damaged, or something else of that name
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    table = sqlite3.connect(file, timeout=_PATIENCE)
    try:
        table.execute("PRAGMA journal_mode = WAL")  # one writes while others read
        table.execute("PRAGMA synchronous = NORMAL")
        table.execute(
            "CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, vector BLOB NOT NULL) "
            "WITHOUT ROWID"
        )
    except sqlite3.Error:
        table.close()
        raise
    return table


def _split(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
