"""Assembles a dataset from finished blocks."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from limner import images
from limner.data.blocks import Block, BlockStore
from limner.data.cleaning import REASONS
from limner.data.items import Item
from limner.data.selection import KEPT, Selection
from limner.data.writer import Writer
from limner.errors import ImageError

__all__ = ["assemble", "count_sources"]

SHEET = (6, 16)
"""Rows and columns of the contact sheet."""
KEPT_EXAMPLES = 48
"""Faces that `examples.parquet` shows with their original pictures."""
DROPPED_EXAMPLES = 24
"""Dropped pictures that it shows for each reason."""
THUMBNAIL = 128
"""Longer side in px of the original pictures shown."""


def count_sources(store: BlockStore, blocks: Sequence[Block], chosen: Selection) -> Counter[str]:
    """Number of selected faces of each source."""
    counts: Counter[str] = Counter()
    for rows, block in _with_rows(blocks):
        names = store.read(block, ["source"])["source"]
        counts.update(names.filter(pa.array(_of(chosen.reason, rows) == KEPT)).to_pylist())
    return counts


def assemble(
    store: BlockStore, blocks: Sequence[Block], chosen: Selection, out: Path, about: dict[str, Any]
) -> None:
    """Write all tables of a dataset, and its contact sheet, all or nothing.

    Args:
        store: Where the blocks are.
        blocks: In the order of the dataset.
        chosen: Which of their rows are kept.
        out: Folder of the dataset.
        about: Metadata of the dataset, see `limner.data.writer.Writer`.

    Raises:
        OutputError: It cannot be written.
        DataError: A block is missing.
    """
    kept = np.flatnonzero(chosen.reason == KEPT)
    on_sheet = set(_spread(kept, SHEET[0] * SHEET[1]).tolist())
    shown = set(_spread(kept, KEPT_EXAMPLES).tolist())
    for code in range(len(REASONS)):
        dropped = np.flatnonzero(chosen.reason == code)
        shown.update(_spread(dropped, DROPPED_EXAMPLES).tolist())
    twins = _Names(chosen.twin)
    sheet: list[bytes] = []
    with Writer(out, about) as writer:
        for rows, block in _with_rows(blocks):
            table = store.read(block)
            twins.see(rows.start, pc.struct_field(table["image"], "path").to_pylist())
            reasons = _of(chosen.reason, rows)
            table = _with_verdicts(table, reasons, [twins.sentence(row) for row in rows])
            stays = pa.array(reasons == KEPT)
            writer.add("faces", table.filter(stays))
            writer.add("dropped", _as_dropped(table.filter(pc.invert(stays))))
            here = [row - rows.start for row in rows if row in shown]
            before = [_thumbnail(block.items[place]) for place in here]
            writer.add("examples", _as_examples(table.take(pa.array(here, pa.int64())), before))
            pictures = (table["image"][row - rows.start] for row in rows if row in on_sheet)
            sheet += [picture.as_py()["bytes"] for picture in pictures]
        if sheet:
            images.write(out / "contact-sheet.png", contact_sheet(sheet))
        writer.commit()


def _with_rows(blocks: Sequence[Block]) -> Iterator[tuple[range, Block]]:
    """Each block with the row numbers of its pictures among all processed ones."""
    start = 0
    for block in blocks:
        yield range(start, start + len(block.items)), block
        start += len(block.items)


def _of(values: NDArray[np.int8], rows: range) -> NDArray[np.int8]:
    return values[rows.start : rows.stop]


class _Names:
    """Collects the names of pictures that have near-duplicates."""

    def __init__(self, twin: NDArray[np.int64]) -> None:
        self._twin = twin
        self._wanted = set(twin[twin >= 0].tolist())
        self._names: dict[int, str] = {}

    def see(self, start: int, names: list[str]) -> None:
        self._names |= {start + i: n for i, n in enumerate(names) if start + i in self._wanted}

    def sentence(self, row: int) -> str:
        twin = int(self._twin[row])
        return f"the same picture as {self._names[twin]}" if twin >= 0 else ""


def _with_verdicts(table: pa.Table, reasons: NDArray[np.int8], twins: list[str]) -> pa.Table:
    """The table of a block with the reasons and details of the selection."""
    later = {
        "near-duplicate": None,
        "smile balance": "smiles, and only one smiling face in N is kept",
        "surplus": "more than the recipe requests, or than its proportions allow",
    }
    details = table["detail"].to_pylist()
    names = [REASONS[code] if code != KEPT else "" for code in reasons.tolist()]
    for i, name in enumerate(names):
        if name in later:
            details[i] = later[name] or twins[i]
    for column, values in (("reason", names), ("detail", details)):
        at = table.schema.get_field_index(column)
        table = table.set_column(at, table.schema.field(at), pa.array(values, pa.string()))
    return table


def _thumbnail(item: Item) -> bytes | None:
    """A small JPEG of the original picture; None if it cannot be read any more."""
    try:
        small = Image.fromarray(item.picture())
    except ImageError:
        return None
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR, reducing_gap=2.0)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()


def _as_dropped(table: pa.Table) -> pa.Table:
    return table.append_column("path", pc.struct_field(table["image"], "path"))


def _as_examples(table: pa.Table, pictures: list[bytes | None]) -> pa.Table:
    paths = pc.struct_field(table["image"], "path").combine_chunks()
    faces = pc.struct_field(table["image"], "bytes").combine_chunks()
    names = ["bytes", "path"]
    before = pa.StructArray.from_arrays([pa.array(pictures, pa.binary()), paths], names)
    after = pa.StructArray.from_arrays([faces, paths], names, mask=pc.is_null(faces))
    columns = {"path": paths, "before": before, "after": after}
    columns |= {name: table[name] for name in ("source", "kind", "reason")}
    return pa.table(columns)


def contact_sheet(encoded: list[bytes]) -> NDArray[np.uint8]:
    """Faces side by side: `[H, W, 3]`."""
    faces = [images.read(face) for face in encoded]
    columns = SHEET[1]
    return images.montage([faces[i : i + columns] for i in range(0, len(faces), columns)])


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` of them, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    chosen: NDArray[np.int64] = rows[places]
    return chosen
