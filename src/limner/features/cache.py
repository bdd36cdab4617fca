"""A cache of features, keyed by the content of the pictures.

It is one SQLite file, which several processes may use at once and which may be deleted at any time.
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

_FILE = "features-1.sqlite"  # the number is the version of the table's schema
_AT_ONCE = 500  # keys per query: all versions of SQLite accept up to 999
_PATIENCE = 30.0  # seconds to wait while another process writes


def default_folder() -> Path:
    """The default folder of cached features."""
    from platformdirs import user_cache_path

    return user_cache_path("limner", appauthor=False)


class FeatureCache:
    """The cache in a folder. An unusable one works like an empty one.

    Evaluation continues without it: `unusable` gives the reason.
    """

    def __init__(self, folder: Path | None) -> None:
        """Open it; None caches nothing."""
        self.unusable = ""
        self._table: sqlite3.Connection | None = None
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._table = _opened(folder / _FILE)
            except (OSError, sqlite3.Error) as error:
                # Reports quote it.
                cause = getattr(error, "strerror", None) or error
                self.unusable = f"no features are cached in {name_of(folder)}: {cause}"

    def __enter__(self) -> Self:
        """Return itself."""
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
        """The cached vectors by key; missing keys are left out."""
        if self._table is None:
            return {}
        found: dict[bytes, NDArray[np.float32]] = {}
        with contextlib.suppress(sqlite3.Error):  # damaged since: they are computed again
            for some in _split(list(keys)):
                marks = ", ".join("?" * len(some))
                rows = self._table.execute(
                    f"SELECT key, vector FROM features WHERE key IN ({marks})",  # noqa: S608
                    some,
                )
                found |= {key: np.frombuffer(vector, "<f4") for key, vector in rows}
        return found

    def put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Write vectors to the cache."""
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
        if isinstance(error, sqlite3.OperationalError):  # busy or not writable
            raise
        file.unlink()  # damaged, or another file of that name
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
