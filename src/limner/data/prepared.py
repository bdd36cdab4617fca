"""Datasets made by `limner prepare`: folders of Parquet tables of faces and dropped pictures.

`faces.parquet` has one row per face (see `limner.data.schema`); Hugging Face datasets and Ray Data
read its image column as pictures. The preprocessing and the sources of the faces are in the file's
metadata, so that a dataset needs no other files.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from limner import images
from limner.data.items import Kind, Split
from limner.data.schema import FACES, KEY, ROWS
from limner.errors import DataError, ImageError
from limner.faces import Preprocessing
from limner.sharing import name_of

__all__ = ["PreparedSet"]

_DAMAGE = (pa.ArrowException, AttributeError, KeyError, OSError, TypeError, ValueError)
"""Exceptions for a file that is damaged or not written by limner."""


class PreparedSet:
    """Reads the folder that `limner prepare` wrote."""

    def __init__(self, path: Path) -> None:
        """Open it; the faces themselves are read when asked for.

        Raises:
            DataError: There is no dataset, or it is damaged or empty.
        """
        self.path = path
        self._file = path / "faces.parquet"
        if not self._file.exists():
            raise DataError(
                f"{path} contains no dataset (no faces.parquet); make one: "
                f"limner prepare PHOTOS {path}"
            )
        try:
            schema = pq.read_schema(self._file)
            self.about: dict[str, Any] = json.loads(schema.metadata[KEY])
            """Metadata of the dataset: recipe, sources, parts."""
            self.preprocessing = Preprocessing.from_dict(self.about["preprocessing"])
            self.sources: dict[str, dict[str, Any]] = dict(self.about["sources"])
            """For each source the number of `faces` and, if known, its `licence` and `origin`."""
            if schema.names != FACES.names:
                raise DataError(
                    f"{self._file} was written by another version of limner; prepare it again"
                )
            columns = [name for name in FACES.names if name != "image"]
            with pq.ParquetFile(self._file, page_checksum_verification=True) as file:
                read = file.read(columns=columns)
            # Others may have written the same in wider types.
            self.table: pa.Table = read.cast(pa.schema([FACES.field(name) for name in columns]))
            """All columns but the images."""
        except DataError:
            raise
        except _DAMAGE as error:
            raise DataError(
                f"{self._file} is damaged or not limner's; prepare the dataset again"
            ) from error
        if self.table.num_rows == 0:
            raise DataError(
                f"{self._file} contains no faces; see the reasons in {path}/dropped.parquet"
            )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def digest(self) -> str:
        """SHA-256 of the preprocessing and the original files, in hexadecimal."""
        settings = json.dumps(self.preprocessing.to_dict(), sort_keys=True)
        rows = zip(*(self.table[c].to_pylist() for c in ("checksum", "split")), strict=True)
        return hashlib.sha256(f"{settings} {list(rows)}".encode()).hexdigest()

    def count(self, split: Split | None = None, kind: Kind | None = None) -> int:
        """Number of faces of a split and a kind; None for all."""
        return len(self._rows(split, kind))

    def column(self, name: str, split: Split | None = None, kind: Kind | None = None) -> list[Any]:
        """A column of `table` for the faces of a split and a kind, in the order of `images`."""
        return self.table[name].take(pa.array(self._rows(split, kind))).to_pylist()  # type: ignore[no-any-return]

    def images(self, split: Split | None = None, kind: Kind | None = None) -> NDArray[np.uint8]:
        """The faces of a split and a kind, None for all: `[N, S, S, 3]`.

        Raises:
            DataError: There are none, the file is damaged, or a picture in it is not a face of side
            S.
        """
        chosen = self._rows(split, kind)
        if not len(chosen):
            which = f"{kind or 'face'}s" + (f" in the split '{split}'" if split else "")
            raise DataError(f"{self.path} has no {which}; prepare more pictures")
        side = self.preprocessing.size
        try:
            faces = np.empty((len(chosen), side, side, 3), np.uint8)
        except MemoryError as error:
            raise DataError(
                f"{len(chosen):,} faces of {side} px, from {self.path}, do not fit into memory; "
                "prepare fewer, or smaller ones with --size"
            ) from error
        for place, (row, cell) in enumerate(self._cells(chosen)):
            faces[place] = self._face(cell, row)
        return faces

    def encoded(
        self, split: Split | None = None, kind: Kind | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """The faces of a split and a kind, None for all, as PNG files, each after its name.

        They are read one by one, so that they take little memory.

        Raises:
            DataError: The file is damaged.
        """
        called = f"{name_of(self.path)}/{self._file.name}"  # reports quote it
        for row, cell in self._cells(self._rows(split, kind)):
            yield _where(cell, row, called), (cell or {}).get("bytes") or b""

    def _cells(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """The image cells of some rows, in order. Raises DataError."""
        wanted = set(rows.tolist())
        row = 0
        try:
            with pq.ParquetFile(self._file) as file:
                for batch in file.iter_batches(ROWS, columns=["image"]):
                    for cell in batch.column(0):
                        if row in wanted:
                            yield row, _picture_in(cell)
                        row += 1
        except _DAMAGE as error:
            raise DataError(f"{self._file} is damaged; prepare the dataset again") from error
        if row != len(self):
            raise DataError(
                f"{self._file} has {row} rows, and had {len(self)} when it was opened; do not "
                "change it while it is read"
            )

    def _face(self, cell: dict[str, Any] | None, row: int) -> NDArray[np.uint8]:
        """The picture in a row: `[S, S, 3]`. Raises DataError if damaged or of another size."""
        side = self.preprocessing.size
        where = _where(cell, row, self._file)
        try:
            face = images.read((cell or {}).get("bytes") or b"", name=where)
        except ImageError as error:
            raise DataError(f"{error}; or prepare the dataset again") from error
        if face.shape != (side, side, 3):
            height, width = face.shape[:2]
            raise DataError(
                f"{where}: a face of {width}x{height} px in a dataset of {side}x{side}; prepare "
                "the dataset again, with one size for all"
            )
        return face

    def _rows(self, split: Split | None, kind: Kind | None) -> NDArray[np.int64]:
        chosen = np.ones(len(self), bool)
        for column, value in (("split", split), ("kind", kind)):
            if value is not None:
                equal = pc.equal(self.table[column], value)
                chosen &= pc.fill_null(equal, False).to_numpy()  # noqa: FBT003
        return np.flatnonzero(chosen)


def _where(cell: dict[str, Any] | None, row: int, file: Path | str) -> str:
    """How messages name a row of a file."""
    return f"row {row} of {file}, {(cell or {}).get('path')}"


def _picture_in(cell: pa.Scalar) -> dict[str, Any] | None:
    """The value of a cell of the image column. Raises TypeError if that is not a picture."""
    picture = cell.as_py()
    if picture is not None and not isinstance(picture, dict):
        raise TypeError(f"a cell of the image column contains {type(picture).__name__}")
    return picture
