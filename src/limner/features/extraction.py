"""Extract the features that metrics need: each once, picture by picture, in several processes.

Pictures are read, framed and let go of again: memory does not grow with their number. What was
found before for the same contents is taken from the cache, and then nothing is decoded.
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
"""Of a kind of vectors: the feature and the roles."""


@dataclass(kw_only=True)
class RoleFacts:
    """What the pictures of a role are."""

    n: int = 0
    """Those that could be used."""
    formats: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    """`WIDTHxHEIGHT` in px."""
    framed: Counter[str] = field(default_factory=Counter)
    """How they were brought to the frame: values of `Framing`."""
    grey: int = 0
    """Those without any colour."""
    constant: int = 0
    """Those that are one colour all over."""
    excluded: dict[str, str] = field(default_factory=dict)
    """Those that could not be used: the name and why."""


@dataclass(kw_only=True)
class Extracted:
    """Features of all pictures."""

    rows: tuple[str, ...]
    """Names of the pictures that belong together; row i of all vectors is picture i."""
    vectors: dict[Key, NDArray[np.float32]]
    """`[len(rows), D]`, NaN where there is no picture; `[n, D]` for sets."""
    facts: dict[Role, RoleFacts]
    unpaired: dict[Role, tuple[int, ...]]
    """Of each set the numbers of the pictures that the rows of its vectors are of."""
    unusable: str = ""
    """Why nothing could be kept, if so."""

    def of(self, inputs: Mapping[str, Input]) -> tuple[dict[str, NDArray[np.float32]], list[int]]:
        """The inputs of a metric, and their rows: those of which all inputs are there."""
        paired = [needed for needed in inputs.values() if not UNPAIRED.intersection(needed.roles)]
        whole = np.ones(len(self.rows), bool)
        for needed in paired:
            whole &= np.isfinite(self._vectors(needed)).all(axis=1)
        found = {
            name: self._vectors(needed)[whole] if needed in paired else self._vectors(needed)
            for name, needed in inputs.items()
        }
        return found, np.flatnonzero(whole).tolist()

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
    """Format, size, and what the frame says."""
    excluded: dict[Role, tuple[str, str]] = field(default_factory=dict)
    fresh: dict[bytes, NDArray[np.float32]] = field(default_factory=dict)
    """For the cache."""


def extract(
    evaluated: EvaluationSet,
    inputs: Iterable[Input],
    *,
    engine: Engine | None = None,
    cache: Path | None = None,
) -> Extracted:
    """Find them.

    Args:
        evaluated: Whose pictures.
        inputs: Which features of which of its roles; those of roles that it lacks are left out.
        engine: Where it is done; by default in this process.
        cache: Folder of features that were found before; None keeps nothing.

    Raises:
        EngineError: Worker processes were lost.
        MissingExtraError: What a feature needs is not installed.
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
        finally:  # after Ctrl-C, too: the next time resumes from there
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
    """Vectors by row."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._found: dict[Key, dict[int, NDArray[np.float32]]] = {}

    def add(self, done: _Done) -> None:
        for key, vector in done.vectors.items():
            self._found.setdefault(key, {})[done.row] = vector

    @property
    def numbers(self) -> tuple[int, ...]:
        """Those of the pictures that there are vectors of."""
        found = next(iter(self._found.values()), {})
        return tuple(sorted(found))

    def array(self, key: Key) -> NDArray[np.float32]:
        """NaN for rows that paired pictures lack; of a set, those that there are, in order."""
        found = self._found.get(key, {})
        length = len(next(iter(found.values()))) if found else 1
        if not self._rows:
            listed = [found[row] for row in sorted(found)]
            return np.stack(listed) if listed else np.empty((0, length), np.float32)
        whole = np.full((self._rows, length), np.nan, np.float32)
        for row, vector in found.items():
            whole[row] = vector
        return whole


@dataclass(frozen=True, kw_only=True)
class _Start:
    """What a worker is sent."""

    inputs: tuple[Input, ...]
    framer: Framer
    cache: Path | None

    def __call__(self) -> "_Worker":
        return _Worker(self)


class _Worker:
    def __init__(self, start: _Start) -> None:
        self._framer, self._kept = start.framer, FeatureCache(start.cache)
        # A key may rest on files, which are not looked for again with every picture.
        self._wants: list[Key] = []
        self._extract: dict[str, Extract] = {}
        for needed in start.inputs:
            feature = needed.feature.key
            self._wants.append((feature, needed.roles))
            if feature not in self._extract:
                self._extract[feature] = needed.feature.start()

    def __call__(self, task: _Task) -> _Done:
        done = _Done(task.row)
        files = Files(task.pictures, self._framer)
        for role, why in files.unreadable.items():
            done.excluded[role] = task.pictures[role].name, why
        # Two roles whose pictures are the same share a key.
        wanted = [
            (needed, _digest(needed[0], files.key(needed[1])))
            for needed in self._wants
            if files.have(needed[1])
        ]
        frames = [(role, _digest("frame", files.key((role,)))) for role in files.readable]
        known = self._kept.get({key for _, key in (*wanted, *frames)})
        for role, key in frames:
            if key not in known:
                try:
                    known[key] = done.fresh[key] = files.frame(role).facts
                except ImageError as error:  # not kept: the message names the file
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
