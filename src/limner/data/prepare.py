"""Pictures of faces, photos or sketches, become a prepared set.

In two passes: workers look at blocks of pictures and leave what they find on disk; then one
process decides what stays, which takes no more than a few bytes a picture, and writes the set.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from limner import __version__, images
from limner.data import prepared
from limner.data.blocks import Block, BlockStore, Look, split_into_blocks
from limner.data.cleaning import HASH_BITS, REASONS
from limner.data.plan import Pool, plan, scaled
from limner.data.recipe import Recipe
from limner.data.selection import KEPT, SMILING, Looked, Selection, select, trim
from limner.engines import Engine, LocalEngine
from limner.errors import DataError, Interrupted, UsageError
from limner.faces import Detector, DlibDetector, Preprocessing
from limner.progress import Bar, bar

__all__ = ["Prepared", "Share", "prepare"]

SHEET = (6, 16)
"""Rows and columns of the contact sheet."""
KEPT_EXAMPLES = 48
"""Faces of which `examples.parquet` shows what they were cut from."""
DROPPED_EXAMPLES = 24
"""Pictures that it shows for each reason of being dropped."""

_LEAST_RATE = 0.05
"""Share of pictures that become faces, at least, when guessing how many more to look at."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a part of the recipe came to."""

    name: str
    wanted: int
    """Faces; 0 stands for all."""
    found: int
    """Pictures of its source."""
    smiling_found: int
    """Those that are known to smile, by the source or else by the score."""
    looked_at: int
    """Pictures that were opened."""
    dropped: dict[str, int]
    """How many of those, for each reason."""
    kept: int
    smiling_kept: int

    def __str__(self) -> str:
        wanted = f" of {self.wanted} wanted" if self.wanted else ""
        known = self.smiling_found > 0
        smiles = f", {self.smiling_found} smiling before and {self.smiling_kept} after" * known
        return f"{self.name}: {self.kept} faces{wanted} ({self.found} pictures{smiles})"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What came of a preparation."""

    faces: int
    """Faces in the set."""
    dropped: dict[str, int]
    """Pictures that gave none, for each reason."""
    shares: tuple[Share, ...]
    """For each part of the recipe."""


def prepare(
    recipe: Recipe,
    out: Path,
    *,
    data: Path = Path(),
    engine: Engine | None = None,
    detector: Callable[[], Detector] = DlibDetector,
    about: Path | None = None,
) -> Prepared:
    """Find, align, judge and store the largest face of every picture of a recipe.

    Writes `faces.parquet`, `dropped.parquet`, `examples.parquet` and `contact-sheet.png` into
    `out`. What was looked at waits in `out/unfinished` until all of it is there; after an
    interruption, the same call goes on from it. The same recipe and pictures give the same bytes,
    whatever the engine.

    Args:
        recipe: What goes into the set; see also `limner.data.recipe.of_folder`.
        out: Folder of the prepared set.
        data: The folder below which the sources of the recipe lie.
        engine: Where the pictures are looked at; by default in this process.
        detector: Makes what finds the faces, once in each worker.
        about: TOML file with a table for each source, giving its `licence` and `origin`.

    Raises:
        DataError: A source is absent, or none of the pictures gives a face; why not is written.
        UsageError: `about` is no TOML.
        OutputError: The set cannot be written.
        EngineError: Workers were lost.
        Interrupted: Ctrl-C or SIGTERM.
    """
    facts = _read_about(about)
    look = Look(
        preprocessing=Preprocessing(
            size=recipe.size, min_eye_distance=recipe.cleaning.min_eye_distance
        ),
        cleaning=recipe.cleaning,
        identity=recipe.identity,
        held_out=recipe.held_out,
        detector=detector,
    )
    work = _Preparation(recipe, plan(recipe, data), look, out, engine or LocalEngine())
    try:
        work.look()
        return work.write(facts)
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"interrupted; what was looked at waits in {work.store.path}, and the same command "
            "goes on from there"
        ) from error


class _Preparation:
    def __init__(
        self, recipe: Recipe, pools: list[Pool], look: Look, out: Path, engine: Engine
    ) -> None:
        self.recipe, self.pools, self.settings, self.out = recipe, pools, look, out
        self.engine = engine
        self.store = BlockStore(out / "unfinished")
        self.blocks: list[list[Block]] = [[] for _ in pools]
        """Those that were looked at, for each part."""
        self.pieces: list[Looked] = []

    def look(self) -> None:
        """Look at pictures until every part has its faces, or no more pictures."""
        factor = 1.0
        with bar("pictures", sum(pool.target for pool in self.pools)) as progress:
            for number, pool in enumerate(self.pools):
                target = scaled(pool.target, factor)
                kept = self._look_at_part(number, pool, target, progress)
                if pool.part.count and target:
                    factor *= min(1.0, kept / target)

    def _look_at_part(self, number: int, pool: Pool, target: int, progress: Bar) -> int:
        seen = kept = 0
        while kept < target and seen < len(pool.items):
            rate = max(_LEAST_RATE, kept / seen) if seen else 1.0
            end = seen + math.ceil((target - kept) / rate) if pool.part.count else len(pool.items)
            blocks = split_into_blocks(pool.items[seen:end], self.settings)
            progress.expect(max(0, seen + sum(len(b.items) for b in blocks) - target) if seen else 0)
            self._run(blocks, progress)
            self.blocks[number] += blocks
            self.pieces += [self._facts(number, block) for block in blocks]
            seen = min(end, len(pool.items))
            if not pool.part.count:
                return seen
            looked = self._looked()
            chosen = select(looked, self.pools, self.recipe.cleaning.max_duplicate_bits)
            kept = chosen.kept(looked.part, number)
        return kept

    def _run(self, blocks: list[Block], progress: Bar) -> None:
        waiting = {}
        for block in blocks:
            if self.store.holds(block):
                progress.advance(len(block.items))
            else:
                waiting[block.digest] = len(block.items)
        todo = (block for block in blocks if block.digest in waiting)
        for digest, table in self.engine.map(self.settings, todo):
            self.store.put(digest, table)
            progress.advance(waiting[digest])

    def _facts(self, number: int, block: Block) -> Looked:
        columns = ["reason", "kind", "smile", "labelled", "hash"]
        table = self.store.read(block, columns)
        empty = bytes(HASH_BITS // 8)
        hashes = b"".join(value or empty for value in table["hash"].to_pylist())
        codes = {reason: code for code, reason in enumerate(REASONS)} | {"": KEPT}
        return Looked(
            part=np.full(len(table), number, np.int32),
            reason=np.array([codes[value] for value in table["reason"].to_pylist()], np.int8),
            sketch=np.array([value == "sketch" for value in table["kind"].to_pylist()]),
            smile=np.array(table["smile"].to_pylist(), np.float32),  # None becomes NaN
            labelled=np.array(table["labelled"].to_pylist(), bool),
            fingerprint=np.frombuffer(hashes, np.uint8).reshape(len(table), -1),
        )

    def _looked(self) -> Looked:
        if len(self.pieces) > 1:
            names = Looked.__dataclass_fields__
            joined = {n: np.concatenate([getattr(p, n) for p in self.pieces]) for n in names}
            self.pieces = [Looked(**joined)]
        if not self.pieces:
            raise DataError(f"none of the {self._found} pictures shows a face; is it the right folder?")
        return self.pieces[0]

    @property
    def _found(self) -> int:
        return sum(pool.found for pool in self.pools)

    def write(self, facts: dict[str, dict[str, str]]) -> Prepared:
        """Decide what stays, and write the set."""
        looked = self._looked()
        chosen = select(looked, self.pools, self.recipe.cleaning.max_duplicate_bits)
        chosen = trim(chosen, looked, self.pools)
        shares = tuple(
            _share(number, pool, looked, chosen) for number, pool in enumerate(self.pools)
        )
        dropped: Counter[str] = Counter()
        for share in shares:
            dropped.update(share.dropped)
        about = {
            "preprocessing": self.settings.preprocessing.to_dict(),
            "sources": self._sources(chosen, facts),
            "recipe": self.recipe.to_dict(),
            "parts": [asdict(share) for share in shares],
            "version": __version__,
        }
        with prepared.Writer(self.out, about) as writer:
            sheet = self._write_rows(writer, chosen)
            if sheet:
                images.write(self.out / "contact-sheet.png", contact_sheet(sheet))
            writer.commit()
        if not sheet:
            raise DataError(
                f"none of the {len(looked.part)} pictures that were looked at gives a face of the "
                f"set ({_in_words(dropped)}); see {self.out}/dropped.parquet"
            )
        self.store.remove()
        return Prepared(faces=sum(s.kept for s in shares), dropped=dict(dropped), shares=shares)

    def _sources(
        self, chosen: Selection, facts: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, Any]]:
        counts: Counter[str] = Counter()
        for rows, block in self._rows():
            names = self.store.read(block, ["source"])["source"]
            counts.update(names.filter(pa.array(chosen.reason[rows] == KEPT)).to_pylist())
        return {s: {"faces": n, **facts.get(s, {})} for s, n in sorted(counts.items())}

    def _rows(self) -> Iterable[tuple[slice, Block]]:
        """All blocks in order, each with the rows that are its pictures'."""
        start = 0
        for block in chain.from_iterable(self.blocks):
            yield slice(start, start + len(block.items)), block
            start += len(block.items)

    def _write_rows(self, writer: prepared.Writer, chosen: Selection) -> list[bytes]:
        """Write all tables; returns the faces of the contact sheet."""
        kept = np.flatnonzero(chosen.reason == KEPT)
        on_sheet = set(_spread(kept, SHEET[0] * SHEET[1]).tolist())
        shown = set(_spread(kept, KEPT_EXAMPLES).tolist())
        for code in range(len(REASONS)):
            rows = np.flatnonzero(chosen.reason == code)
            shown.update(_spread(rows, DROPPED_EXAMPLES).tolist())
        twins = _Names(chosen.twin)
        sheet: list[bytes] = []
        for rows, block in self._rows():
            table = self.store.read(block)
            names = pc.struct_field(table["image"], "path").to_pylist()
            twins.see(rows.start, names)
            reasons = chosen.reason[rows]
            table = _with_verdicts(table, reasons, [twins.sentence(i) for i in _range(rows)])
            stays = pa.array(reasons == KEPT)
            faces = table.filter(stays)
            writer.add("faces", faces)
            writer.add("dropped", _as_dropped(table.filter(pc.invert(stays))))
            here = [i - rows.start for i in _range(rows) if i in shown]
            writer.add("examples", _as_examples(table.take(pa.array(here, pa.int64()))))
            for i in _range(rows):
                if i in on_sheet:
                    sheet.append(table["image"][i - rows.start].as_py()["bytes"])
        return sheet


class _Names:
    """Names of the pictures that others are near-duplicates of, as they come by."""

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
    """The table of a block with the reasons and details that the selection came to."""
    later = {
        "near-duplicate": None,
        "smile balance": "smiles, and only one smiling face in so many is kept",
        "surplus": "more than the recipe wants, or than its shares allow",
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


def _as_dropped(table: pa.Table) -> pa.Table:
    return table.append_column("path", pc.struct_field(table["image"], "path"))


def _as_examples(table: pa.Table) -> pa.Table:
    paths = pc.struct_field(table["image"], "path").combine_chunks()
    faces = pc.struct_field(table["image"], "bytes").combine_chunks()
    names = ["bytes", "path"]
    before = pa.StructArray.from_arrays([table["before"].combine_chunks(), paths], names)
    after = pa.StructArray.from_arrays([faces, paths], names, mask=pc.is_null(faces))
    columns = {"path": paths, "before": before, "after": after}
    columns |= {name: table[name] for name in ("source", "kind", "reason")}
    return pa.table(columns)


def _share(number: int, pool: Pool, looked: Looked, chosen: Selection) -> Share:
    mine = looked.part == number
    kept = mine & (chosen.reason == KEPT)
    smiles = looked.smile > SMILING
    counts = np.bincount(chosen.reason[mine & ~kept], minlength=len(REASONS)).tolist()
    return Share(
        name=pool.part.name,
        wanted=pool.part.count,
        found=pool.found,
        smiling_found=pool.smiling + int((mine & smiles & ~looked.labelled).sum()),
        looked_at=int(mine.sum()),
        dropped={reason: n for reason, n in zip(REASONS, counts, strict=True) if n},
        kept=int(kept.sum()),
        smiling_kept=int((kept & smiles).sum()),
    )


def contact_sheet(encoded: list[bytes]) -> NDArray[np.uint8]:
    """Faces side by side: `[H, W, 3]`."""
    faces = [images.read(face) for face in encoded]
    columns = SHEET[1]
    return images.montage([faces[i : i + columns] for i in range(0, len(faces), columns)])


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of them, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return rows[places]


def _range(rows: slice) -> range:
    return range(rows.start, rows.stop)


def _in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{reason}: {n}" for reason, n in counts.most_common()) or "none looked at"


def _read_about(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    for source, values in facts.items():
        if not isinstance(values, dict):
            raise UsageError(
                f"{path}: '{source}' is no table; write [{source}] and its facts below"
            )
    return facts
