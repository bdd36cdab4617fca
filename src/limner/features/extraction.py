"""Extract the features that metrics need: each once, picture by picture, in several processes.

Pictures are read, aligned and released again: memory does not grow with their number. Features of
the same contents are taken from the cache, without decoding pictures.
"""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.engines import Engine, LocalEngine
from limner.errors import ImageError
from limner.features.cache import FeatureCache
from limner.features.evaluation_set import EvaluationSet, Picture
from limner.features.feature import UNPAIRED, Extract, Input, Role
from limner.features.files import Files
from limner.features.framing import Framer, Framing
from limner.progress import bar

__all__ = ["Extracted", "RoleFacts", "extract"]

_WAITING = 2000  # vectors that are written to the cache together

Key = tuple[str, tuple[Role, ...]]
"""A feature and the roles that it is extracted from."""


@dataclass(kw_only=True)
class RoleFacts:
    """Statistics of the pictures of a role."""

    n: int = 0
    """Number of usable pictures."""
    formats: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    """`WIDTHxHEIGHT` in px."""
    framed: Counter[str] = field(default_factory=Counter)
    """How they were aligned: values of `Framing`."""
    grey: int = 0
    """Number of greyscale pictures."""
    constant: int = 0
    """Number of pictures with a single colour."""
    excluded: dict[str, str] = field(default_factory=dict)
    """Unusable pictures: the name and the reason."""


@dataclass(kw_only=True)
class Extracted:
    """Features of all pictures."""

    rows: tuple[str, ...]
    """Names of the paired pictures; row i of all vectors belongs to name i."""
    vectors: dict[Key, NDArray[np.float32]]
    """`[len(rows), D]`, NaN where there is no picture; `[n, D]` for sets."""
    facts: dict[Role, RoleFacts]
    unpaired: dict[Role, tuple[int, ...]]
    """For each set the numbers of the pictures in the rows of its vectors."""
    unusable: str = ""
    """Why the cache is unusable, if it is."""

    def of(self, inputs: Mapping[str, Input]) -> tuple[dict[str, NDArray[np.float32]], list[int]]:
        """The inputs of a metric, and the rows for which all inputs exist."""
        paired = [needed for needed in inputs.values() if not UNPAIRED.intersection(needed.roles)]
        complete = np.ones(len(self.rows), bool)
        for needed in paired:
            complete &= np.isfinite(self._vectors(needed)).all(axis=1)
        found = {
            name: self._vectors(needed)[complete] if needed in paired else self._vectors(needed)
            for name, needed in inputs.items()
        }
        return found, np.flatnonzero(complete).tolist()

    def _vectors(self, needed: Input) -> NDArray[np.float32]:
        return self.vectors[needed.feature.key, needed.roles]


@dataclass(frozen=True)
class _Task:
    row: int
    pictures: dict[Role, Picture]


@dataclass
class _Done:
    row: int
    vectors: dict[Key, NDArray[np.float32]] = field(default_factory=dict)
    facts: dict[Role, tuple[str, str, NDArray[np.float32]]] = field(default_factory=dict)
    """Format, size, and `Frame.facts`."""
    excluded: dict[Role, tuple[str, str]] = field(default_factory=dict)
    fresh: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)
    """New vectors for the cache."""


def extract(
    evaluated: EvaluationSet,
    inputs: Iterable[Input],
    *,
    engine: Engine | None = None,
    cache: Path | None = None,
) -> Extracted:
    """Extract features from all pictures.

    Args:
        evaluated: The pictures.
        inputs: The features and their roles; those of roles without pictures are skipped.
        engine: Where to extract them; by default in this process.
        cache: Folder of cached features; None caches nothing.

    Raises:
        EngineError: Worker processes were lost.
        MissingExtraError: A package that a feature needs is not installed.
    """
    engine = engine or LocalEngine()
    there = evaluated.roles()
    chosen = tuple(dict.fromkeys(needed for needed in inputs if there.issuperset(needed.roles)))
    rows = tuple(sorted(evaluated.rows))
    start = _Start(
        inputs=chosen, framer=Framer(size=evaluated.size, as_is=evaluated.as_is), cache=cache
    )
    paired, unpaired = _Gathered(len(rows)), {role: _Gathered(0) for role in evaluated.unpaired}
    facts: dict[Role, RoleFacts] = {role: RoleFacts() for role in sorted(there)}
    total = len(rows) + sum(map(len, evaluated.unpaired.values()))
    with FeatureCache(cache) as kept, bar("pictures", total) as progress:
        waiting: dict[bytes, NDArray[np.float32]] = {}
        try:
            with contextlib.closing(engine.map(start, _tasks(evaluated, rows))) as results:
                for done in results:
                    only = next(iter(done.facts or done.excluded))
                    into = unpaired[only] if only in UNPAIRED else paired
                    into.add(done)
                    _note(facts, done)
                    waiting |= done.fresh
                    if len(waiting) > _WAITING:
                        kept.put(waiting)
                        waiting = {}
                    progress.advance()
        finally:  # after Ctrl-C, too: the next run resumes from there
            kept.put(waiting)
    vectors: dict[Key, NDArray[np.float32]] = {}
    for needed in chosen:
        pictures = next((role for role in needed.roles if role in UNPAIRED), None)
        gathered = paired if pictures is None else unpaired[pictures]
        vectors[needed.feature.key, needed.roles] = gathered.array(
            (needed.feature.key, needed.roles)
        )
    return Extracted(
        rows=rows,
        vectors=vectors,
        facts=facts,
        unpaired={role: gathered.numbers for role, gathered in unpaired.items()},
        unusable=kept.unusable,
    )


def _tasks(evaluated: EvaluationSet, rows: Sequence[str]) -> Iterator[_Task]:
    for number, name in enumerate(rows):
        yield _Task(number, dict(evaluated.rows[name]))
    for role, pictures in evaluated.unpaired.items():
        for number, picture in enumerate(pictures):
            yield _Task(number, {role: picture})


def _note(facts: dict[Role, RoleFacts], done: _Done) -> None:
    for role, (form, size, frame) in done.facts.items():
        of_role = facts[role]
        framing, grey, constant = frame.tolist()
        of_role.n += 1
        of_role.formats[form] += 1
        of_role.sizes[size] += 1
        of_role.framed[Framing(int(framing)).name.lower().replace("_", " ")] += 1
        of_role.grey += int(grey)
        of_role.constant += int(constant)
    for role, (name, why) in done.excluded.items():
        facts[role].excluded[name] = why


class _Gathered:
    """Collects vectors by row."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._found: dict[Key, dict[int, NDArray[np.float32]]] = {}

    def add(self, done: _Done) -> None:
        for key, vector in done.vectors.items():
            self._found.setdefault(key, {})[done.row] = vector

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the pictures that have vectors."""
        found = next(iter(self._found.values()), {})
        return tuple(sorted(found))

    def array(self, key: Key) -> NDArray[np.float32]:
        """All vectors in order: paired pictures have NaN for missing rows, sets leave them out."""
        found = self._found.get(key, {})
        length = len(next(iter(found.values()))) if found else 1
        if not self._rows:
            listed = [found[row] for row in sorted(found)]
            return np.stack(listed) if listed else np.empty((0, length), np.float32)
        vectors = np.full((self._rows, length), np.nan, np.float32)
        for row, vector in found.items():
            vectors[row] = vector
        return vectors


@dataclass(frozen=True, kw_only=True)
class _Start:
    """Starts a worker; sent to each process."""

    inputs: tuple[Input, ...]
    framer: Framer
    cache: Path | None

    def __call__(self) -> "_Worker":
        return _Worker(self)


class _Worker:
    def __init__(self, start: _Start) -> None:
        self._framer, self._kept = start.framer, FeatureCache(start.cache)
        # A key may depend on files, so it is computed once and not for every picture.
        self._needed: list[Key] = []
        self._extract: dict[str, Extract] = {}
        for needed in start.inputs:
            feature = needed.feature.key
            self._needed.append((feature, needed.roles))
            if feature not in self._extract:
                self._extract[feature] = needed.feature.start()

    def __call__(self, task: _Task) -> _Done:
        done = _Done(task.row)
        files = Files(task.pictures, self._framer)
        for role, why in files.unreadable.items():
            done.excluded[role] = task.pictures[role].name, why
        # Two roles with the same picture share a key.
        wanted = [
            (needed, _digest(needed[0], files.key(needed[1])))
            for needed in self._needed
            if files.have(needed[1])
        ]
        frames = [(role, _digest("frame", files.key((role,)))) for role in files.readable]
        known = self._kept.get({key for _, key in (*wanted, *frames)})
        for role, key in frames:
            if key not in known:
                try:
                    known[key] = done.fresh[key] = files.frame(role).facts
                except ImageError as error:  # not cached: the message names the file
                    done.excluded[role] = task.pictures[role].name, str(error)
                    continue
            done.facts[role] = *files.described[role], known[key]
        for needed, key in wanted:
            feature, roles = needed
            if any(role in done.excluded for role in roles):
                continue
            if key not in known:
                found = self._extract[feature](*(files.frame(role).picture for role in roles))
                known[key] = done.fresh[key] = np.asarray(found, np.float32)
            done.vectors[needed] = known[key]
        return done


def _digest(feature: str, pictures: bytes) -> bytes:
    return hashlib.sha256(feature.encode() + b"\0" + pictures).digest()
