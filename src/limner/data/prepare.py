"""Prepare a dataset from pictures of faces, photos or sketches.

This takes two passes: workers process blocks of pictures and keep the results on disk; then one
process selects faces, with a few bytes of memory per picture, and writes the dataset.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from limner import __version__
from limner.data.assembly import assemble, count_sources
from limner.data.blocks import Block, BlockStore, Look, printable, split_into_blocks
from limner.data.cleaning import HASH_BITS, REASONS
from limner.data.items import Warn, warn_user
from limner.data.plan import Pool, plan, scaled
from limner.data.recipe import Part, Recipe
from limner.data.selection import KEPT, Looked, Selection, Share, select, share_of, trim
from limner.engines import Engine, LocalEngine
from limner.errors import DataError, Interrupted, UsageError
from limner.faces import Detector, DlibDetector, Preprocessing
from limner.progress import Bar, bar
from limner.sharing import name_of

__all__ = ["Prepared", "Share", "prepare"]

_LEAST_RATE = 0.05
"""Smallest fraction of kept faces assumed when estimating how many more to process."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Result of a preparation."""

    faces: int
    """Faces in the dataset."""
    dropped: dict[str, int]
    """Dropped pictures, for each reason."""
    shares: tuple[Share, ...]
    """One for each part of the recipe."""
    warnings: tuple[str, ...]
    """Messages about missing files in its sources."""


def prepare(
    recipe: Recipe,
    out: Path,
    *,
    data: Path = Path(),
    engine: Engine | None = None,
    detector: Callable[[], Detector] = DlibDetector,
    about: Path | None = None,
    warn: Warn = warn_user,
) -> Prepared:
    """Find, align, check and store the largest face of every picture of a recipe.

    Writes `faces.parquet`, `dropped.parquet`, `examples.parquet` and `contact-sheet.png` into
    `out`. Finished work is kept in `out/unfinished` until the dataset is complete; after an
    interruption, the same call resumes from it. The same recipe and pictures give the same bytes
    with any engine.

    Args:
        recipe: What goes into the dataset; see also `limner.data.recipe.of_folder`.
        out: Folder of the dataset.
        data: The folder that contains the sources of the recipe.
        engine: Where the pictures are processed; by default in this process.
        detector: Makes the face detector, once in each worker.
        about: TOML file with a table for each source, giving its `licence` and `origin`.
        warn: Receives what is missing in a source, each message once, before the work begins; by
            default a Python warning. The messages are stored in the dataset, too.

    Raises:
        DataError: A source is missing, or no picture gives a face; the reasons are written.
        UsageError: `about` is not TOML.
        OutputError: The dataset cannot be written.
        EngineError: Workers were lost.
        Interrupted: Ctrl-C.
    """
    facts = _read_about(about)
    look = Look(
        preprocessing=Preprocessing(
            size=recipe.size,
            min_eye_distance=recipe.cleaning.min_eye_distance,
            aligned=recipe.aligned,
            clean=recipe.clean,
        ),
        cleaning=recipe.cleaning,
        identity=recipe.identity,
        held_out=recipe.held_out,
        official_split=recipe.split == "source",
        detector=detector,
    )
    store = BlockStore(out / "unfinished")
    try:
        warnings = _Once(warn)
        pools = plan(recipe, data, leave_out=out, warn=warnings)
        if not any(pool.items for pool in pools):
            found = sum(pool.found for pool in pools)
            raise DataError(
                f"none of the {found} pictures of '{recipe.name}' can be used; "
                "is it the right folder?"
            )
        search = _Search(recipe, pools, look, store)
        search.run(engine or LocalEngine())
        faces, dropped, shares = _write(search, out, facts, warnings.given)
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"interrupted; finished work is kept in {store.path}, and the same command "
            "resumes it from there"
        ) from error
    store.remove()
    if not faces:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in dropped.items())
        raise DataError(
            f"none of the {len(search.looked().part)} pictures that were processed gives a face "
            f"({reasons}); see {out}/dropped.parquet"
        )
    return Prepared(faces=faces, dropped=dropped, shares=shares, warnings=tuple(warnings.given))


class _Once:
    """Passes each warning on once: parts may share a source."""

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self.given: list[str] = []

    def __call__(self, message: str) -> None:
        message = printable(message)  # it contains names of files
        if message not in self.given:
            self.given.append(message)
            self._warn(message)


class _Search:
    """Processes pictures until every part of a recipe has its faces, or no more pictures."""

    def __init__(
        self, recipe: Recipe, pools: Sequence[Pool], look: Look, store: BlockStore
    ) -> None:
        self.recipe, self.pools, self.settings, self.store = recipe, pools, look, store
        self.blocks: list[Block] = []
        """The processed blocks, part after part."""
        self._pieces: list[Looked] = []

    def run(self, engine: Engine) -> None:
        """Process the pictures. Raises EngineError, OutputError."""
        factor = 1.0
        with bar("pictures", sum(pool.target for pool in self.pools)) as progress:
            for number, pool in enumerate(self.pools):
                target = scaled(pool.target, factor)
                kept = self._run_part(number, pool, target, engine, progress)
                if pool.part.count and target:
                    factor *= min(1.0, kept / target)

    def _run_part(self, number: int, pool: Pool, target: int, engine: Engine, progress: Bar) -> int:
        """Process pictures of a part until `target` faces are kept; returns how many are."""
        seen = kept = 0
        expected = pool.target
        while kept < target and seen < len(pool.items):
            rate = max(_LEAST_RATE, kept / seen) if seen else 1.0
            end = seen + math.ceil((target - kept) / rate) if pool.part.count else len(pool.items)
            some = pool.items[seen:end]
            seen += len(some)
            progress.expect(max(0, seen - expected))
            expected = max(seen, expected)
            blocks = split_into_blocks(some, self.settings)
            self._look_at(blocks, engine, progress)
            self.blocks += blocks
            self._pieces += [self._facts(number, block) for block in blocks]
            kept = self.select().kept(self.looked().part, number)
        return kept

    def _look_at(self, blocks: list[Block], engine: Engine, progress: Bar) -> None:
        """Process the blocks that are not in the store yet."""
        waiting = {}
        for block in blocks:
            if self.store.holds(block):
                progress.advance(len(block.items))
            else:
                waiting[block.digest] = block
        for digest, table in engine.map(self.settings, waiting.values()):
            self.store.put(digest, table)
            progress.advance(len(waiting[digest].items))

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

    def looked(self) -> Looked:
        """Facts about the pictures so far, in the order of the blocks."""
        if len(self._pieces) > 1:
            names = Looked.__dataclass_fields__
            joined = {n: np.concatenate([getattr(p, n) for p in self._pieces]) for n in names}
            self._pieces = [Looked(**joined)]
        return self._pieces[0]

    def select(self) -> Selection:
        """Which of them are kept if no others follow."""
        return select(self.looked(), self.pools, self.recipe.cleaning.max_hash_distance)


def _write(
    search: _Search, out: Path, facts: dict[str, dict[str, str]], warnings: list[str]
) -> tuple[int, dict[str, int], tuple[Share, ...]]:
    looked = search.looked()
    chosen = trim(search.select(), looked, search.pools)
    shares = tuple(share_of(n, pool, looked, chosen) for n, pool in enumerate(search.pools))
    parts = _to_share(search.recipe).parts
    named = [replace(share, name=part.name) for share, part in zip(shares, parts, strict=True)]
    counts = count_sources(search.store, search.blocks, chosen)
    about = {
        "preprocessing": search.settings.preprocessing.to_dict(),
        "sources": {s: {"faces": n, **facts.get(s, {})} for s, n in sorted(counts.items())},
        "recipe": _to_share(search.recipe).to_dict(),
        "parts": [asdict(share) for share in named],
        "warnings": warnings,
        "version": __version__,
    }
    assemble(search.store, search.blocks, chosen, out, about)
    dropped = sum((Counter(share.dropped) for share in shares), Counter[str]())
    return sum(counts.values()), dict(dropped), shares


def _to_share(recipe: Recipe) -> Recipe:
    """The same recipe, with absolute paths of sources reduced to their names."""

    def named(part: Part) -> Part:
        absolute = Path(part.path).is_absolute()
        return replace(part, path=name_of(part.path)) if absolute else part

    return replace(recipe, parts=tuple(named(part) for part in recipe.parts))


def _read_about(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    for source, values in facts.items():
        if not isinstance(values, dict):
            raise UsageError(
                f"{path}: '{source}' is not a table; write [{source}] and its entries below"
            )
    return facts
