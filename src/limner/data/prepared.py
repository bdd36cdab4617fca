"""A prepared set: a folder with one Parquet table of faces and one of what was dropped.

`faces.parquet` has a row a face (see `FACES`); its image column is what Hugging Face datasets and
Ray Data read as pictures. How the faces were cut and where they come from stands in the file's
metadata, so that there is nothing else to remember.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from limner import images
from limner.data.items import Kind
from limner.errors import DataError
from limner.faces import Preprocessing

FACES = pa.schema(
    [
        # PNG bytes, and the file that the face was found in, relative to the source folder
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        # first folder below the source folder, or its own name
        ("source", pa.string()),
        # photo or sketch
        ("kind", pa.string()),
        # who it is, as far as known: never in two splits
        ("identity", pa.string()),
        ("split", pa.string()),
        # left, top, right, bottom in px of the file's picture
        ("box", pa.list_(pa.int32(), 4)),
        # x, y of the five points in px of the file's picture
        ("points", pa.list_(pa.float32(), 10)),
        # degrees that the eyes were turned by
        ("angle", pa.float32()),
        # score in 0..1, or what the source says: 0 or 1; null where nobody has judged
        ("smile", pa.float32()),
        # SHA-256 of the file
        ("checksum", pa.string()),
    ]
)
DROPPED = pa.schema([("path", pa.string()), ("reason", pa.string())])

Split = Literal["train", "test"]
_KEY = b"limner"


class PreparedSet:
    """Reads the folder that `limner prepare` wrote."""

    def __init__(self, path: Path) -> None:
        """Open it; the faces themselves are read when asked for.

        Raises:
            DataError: There is no prepared set, or it is damaged or empty.
        """
        self.path = path
        file = path / "faces.parquet"
        if not file.exists():
            raise DataError(
                f"{path} holds no prepared set (no faces.parquet); make one: "
                f"limner prepare PHOTOS {path}"
            )
        try:
            self.table = pq.read_table(file, schema=None)
            about = json.loads(self.table.schema.metadata[_KEY])
        except (pa.ArrowInvalid, OSError, TypeError, KeyError, ValueError) as error:
            raise DataError(f"{file} is damaged or not limner's; prepare the set again") from error
        self.preprocessing = Preprocessing.from_dict(about["preprocessing"])
        self.sources: dict[str, dict[str, Any]] = about["sources"]
        """For each source the number of `faces`, and what is known: `licence`, `origin`."""
        if self.table.schema.names != FACES.names:
            raise DataError(f"{file} was written by another version of limner; prepare it again")
        if self.table.num_rows == 0:
            raise DataError(f"{file} holds no faces; see the reasons in {path}/dropped.parquet")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def digest(self) -> str:
        """SHA-256 over what the faces were cut from and how, in hexadecimal."""
        settings = json.dumps(self.preprocessing.to_dict(), sort_keys=True)
        rows = zip(*(self.table[c].to_pylist() for c in ("checksum", "split")), strict=True)
        return hashlib.sha256(f"{settings} {list(rows)}".encode()).hexdigest()

    def count(self, split: Split | None = None, kind: Kind | None = None) -> int:
        """Number of faces of a split and a kind; None for all."""
        return int(self._rows(split, kind).num_rows)

    def images(self, split: Split | None = None, kind: Kind | None = None) -> NDArray[np.uint8]:
        """The faces of a split and a kind, None for all: `[N, S, S, 3]`.

        Raises:
            DataError: There are none.
        """
        table = self._rows(split, kind)
        if table.num_rows == 0:
            which = f"{kind or 'face'}s" + (f" in the split '{split}'" if split else "")
            raise DataError(f"{self.path} has no {which}; prepare more pictures")
        rows = table["image"].to_pylist()
        return np.stack([images.read(row["bytes"], name=row["path"]) for row in rows])

    def _rows(self, split: Split | None, kind: Kind | None) -> pa.Table:
        table = self.table
        for column, value in (("split", split), ("kind", kind)):
            if value is not None:
                table = table.filter(pa.compute.equal(table[column], value))
        return table


def write(
    path: Path,
    faces: list[dict[str, Any]],
    dropped: list[dict[str, str]],
    *,
    preprocessing: Preprocessing,
    sources: dict[str, dict[str, Any]],
) -> None:
    """Write a prepared set: rows as in `FACES` and `DROPPED`, all or nothing.

    Raises:
        OutputError: It cannot be written there.
    """
    about = {"preprocessing": preprocessing.to_dict(), "sources": sources}
    schema = FACES.with_metadata({_KEY: json.dumps(about).encode()})
    images.write_bytes(path / "dropped.parquet", _parquet(dropped, DROPPED))
    images.write_bytes(path / "faces.parquet", _parquet(faces, schema))


def _parquet(rows: list[dict[str, Any]], schema: pa.Schema) -> bytes:
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=schema)
    # PNG bytes do not get smaller.
    pq.write_table(table, buffer, compression="none", row_group_size=256)
    return buffer.getvalue()
