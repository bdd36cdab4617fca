"""Writes a dataset, piece by piece, all or nothing."""

import contextlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq

from limner import images
from limner.data.schema import DROPPED, EXAMPLES, FACES, KEY, ROWS, hugging_face_features

__all__ = ["Writer"]


class Writer:
    """Writes a dataset piece by piece, all or nothing.

    ```python
    from pathlib import Path

    import pyarrow.parquet as pq

    from limner.data.prepared import PreparedSet
    from limner.data.writer import Writer

    table = pq.read_table("sets/mine/faces.parquet")
    with Writer(Path("sets/fewer"), PreparedSet(Path("sets/mine")).about) as writer:
        writer.add("faces", table.slice(0, 2))
        writer.commit()
    ```
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        """Begin.

        Args:
            path: Folder of the dataset.
            about: Its metadata; `preprocessing` and `sources` at least.

        Raises:
            OutputError: It cannot be written there.
        """
        self.path = path
        images.remove_parts(path)
        metadata = {KEY: json.dumps(about).encode(), b"huggingface": hugging_face_features()}
        schemas = {
            "dropped": DROPPED,
            "examples": EXAMPLES,
            "faces": FACES.with_metadata(metadata),
        }
        self._tables: dict[str, _Table] = {}
        try:
            for name, schema in schemas.items():
                self._tables[name] = _Table(path / f"{name}.parquet", schema)
        except OSError as error:
            self._discard()
            raise images.output_error(path, error) from error

    def add(self, name: Literal["faces", "dropped", "examples"], rows: pa.Table) -> None:
        """Add rows to a table. Raises OutputError."""
        try:
            self._tables[name].add(rows)
        except OSError as error:
            raise images.output_error(self.path / f"{name}.parquet", error) from error

    def commit(self) -> None:
        """Move all tables into place, the faces last. Raises OutputError."""
        try:
            for table in self._tables.values():
                table.close()
            for table in self._tables.values():
                # Without a single face there is no set, only the table of dropped pictures.
                if table.target.stem != "faces" or table.rows:
                    table.part.replace(table.target)
        except OSError as error:
            raise images.output_error(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._discard()

    def _discard(self) -> None:
        for table in self._tables.values():
            with contextlib.suppress(OSError):
                table.close()
            with contextlib.suppress(OSError):
                table.part.unlink(missing_ok=True)


class _Table:
    """A Parquet file under another name until it is complete."""

    def __init__(self, target: Path, schema: pa.Schema) -> None:
        self.target = target
        self.part = target.with_name(f".{os.urandom(8).hex()}.part")
        self.rows = 0
        self._schema = schema
        self._waiting: list[pa.Table] = []
        target.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.part.open("xb")
        # PNG bytes do not get smaller.
        self._writer = pq.ParquetWriter(
            self._file, schema, compression="none", write_page_checksum=True
        )

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(rows.select(self._schema.names).cast(self._schema))
        self.rows += rows.num_rows
        if sum(table.num_rows for table in self._waiting) >= ROWS:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
            self._writer.close()
        finally:
            self._file.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.write_table(pa.concat_tables(waiting))
