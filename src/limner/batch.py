"""Process many pictures with one function, with progress and a list of failures.

Workers read the pictures, make the results and encode them; this process writes. `run` may start
worker processes, which import the main module again, so scripts must call it under
`if __name__ == "__main__":`.
"""

import contextlib
import errno
import functools
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.engines import Engine, EngineName, LocalEngine, cores, engine_of
from limner.errors import ImageError, Interrupted, LimnerError, NoFaceError, OutputError
from limner.jobs import STREAM, Job, jobs, key_of
from limner.progress import bar
from limner.provenance import Provenance

__all__ = ["STREAM", "Job", "Made", "Make", "Maker", "Outcome", "engine_for", "jobs", "run"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """The results of one picture."""

    images: list[NDArray[np.uint8]]
    """One or more results."""
    notes: tuple[str, ...] = ()
    """Changes made to the picture first, in words."""
    numbered: bool = False
    """Whether the first result is numbered too: `a-1.png`, `a-2.png`, …"""


Make = Callable[[NDArray[np.uint8], str], Made]
"""Takes a picture `[H, W, 3]` and its name, and returns its results. Raises ImageError."""

_SHARE = 12
"""Pictures per worker process that make starting it worthwhile.

On 2 cores of an Intel Xeon with AMX, two workers did 12 pictures at 0.91 times the speed
of one, 24 at 1.18 times and 48 at 1.43 times, as `benchmarks/batch.py --pictures 24` prints.
"""

_OF_ONE_NAME = {errno.ENAMETOOLONG, errno.EISDIR, errno.EILSEQ, errno.EINVAL}
"""Errors that concern one result, while others can be written."""


@dataclass(frozen=True, kw_only=True)
class Maker:
    """The function that a worker applies, and what it writes into the results."""

    make: Make
    provenance: Provenance | None = None
    """Written into the results."""


@dataclass(kw_only=True)
class Outcome:
    """The outcome of all jobs."""

    done: int = 0
    failures: list[str] = field(default_factory=list)
    """A line each: the file, what was found, what to do."""
    faceless: int = 0
    """Number of pictures without a face."""
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Notes on each finished picture, by its name: changes made to it first, or that it is one page
    of several."""
    stopped: LimnerError | None = None
    """Why the work ended early, if it did; finished results are complete."""


def engine_for(
    work: Sequence[Job], name: EngineName = "local", *, workers: int = 0, address: str = ""
) -> Engine:
    """The engine that the command line names; with 0 workers, their number suits the pictures.

    Raises:
        UsageError: See `engine_of`.
    """
    if name == "local" and not workers:
        workers = max(1, min(cores(), len(work) // _SHARE))
    return engine_of(name, workers=workers, address=address)


def run(
    work: Sequence[Job], start: Callable[[], Maker], *, engine: Engine | None = None
) -> Outcome:
    """Do all jobs. If a picture fails, the failure is noted and the others continue.

    Ctrl-C, lost workers, and an output folder that cannot be written to end the work early.

    Args:
        work: The jobs.
        start: Called once in each worker; picklable if the engine has more than one.
        engine: Where to run them; by default in this process.
    """
    engine = engine or LocalEngine()
    outcome = Outcome()
    failures: dict[int, str] = {}
    notes: dict[int, tuple[str, ...]] = {}
    taken = {key_of(path) for job in work for path in (job.source, job.target) if path}
    try:
        with (
            bar("pictures", len(work)) as progress,
            contextlib.closing(
                engine.map(
                    functools.partial(_begin, start), _tasks(work, engine.together, failures)
                )
            ) as results,
        ):
            for number, made in (pair for task in results for pair in task):
                failure = made.failure or _put(made, work[number], taken)
                if failure:
                    failures[number] = failure
                    outcome.faceless += made.faceless
                else:
                    outcome.done += 1
                    notes[number] = made.notes
                progress.advance()
    except KeyboardInterrupt:
        outcome.stopped = Interrupted(
            f"interrupted with {outcome.done} of {len(work)} done; those are complete"
        )
    except LimnerError as error:
        outcome.stopped = error
    outcome.failures = [failures[number] for number in sorted(failures)]
    outcome.notes = {work[number].name: notes[number] for number in sorted(notes) if notes[number]}
    return outcome


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """A job as it is sent to a worker."""

    number: int
    name: str
    data: Path | bytes
    form: images.Format


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What a worker returns for a picture."""

    files: list[bytes] = field(default_factory=list)
    """Its results, encoded."""
    notes: tuple[str, ...] = ()
    numbered: bool = False
    """See `Made`."""
    failure: str = ""
    """Why there are no results."""
    faceless: bool = False
    """Whether no face was found, for which the caller has advice."""


_Task = tuple[_Picture, ...]
_Done = list[tuple[int, _Files]]
"""The number of each picture, and its results."""


def _tasks(work: Sequence[Job], together: int, failures: dict[int, str]) -> Iterator[_Task]:
    for first in range(0, len(work), together):
        task = []
        for number, job in enumerate(work[first : first + together], first):
            try:
                data = _data_of(job)
            except ImageError as error:
                failures[number] = str(error)
                continue
            form = images.format_of(job.target) if job.target else "PNG"
            task.append(_Picture(number=number, name=job.name, data=data, form=form))
        yield tuple(task)


def _begin(start: Callable[[], Maker]) -> Callable[[_Task], _Done]:
    """In a worker: load what is needed, and return the function for its tasks."""
    maker = start()
    return lambda task: [(picture.number, _make(picture, maker)) for picture in task]


def _make(picture: _Picture, maker: Maker) -> _Files:
    try:
        made = maker.make(images.read(picture.data, name=picture.name), picture.name)
        pages = images.pages(picture.data)
        first = (f"page 1 of {pages}",) if pages > 1 else ()
        files = [
            images.encode(one, maker.provenance, picture.form, name=picture.name)
            for one in made.images
        ]
        return _Files(files=files, notes=first + made.notes, numbered=made.numbered)
    except NoFaceError as error:
        return _Files(failure=error.found, faceless=bool(error.advice))
    except ImageError as error:
        return _Files(failure=str(error))
    except LimnerError:
        raise
    except Exception as error:  # one picture must not stop the others
        return _Files(
            failure=f"{picture.name}: limner failed ({type(error).__name__}: {error}); "
            "please report this"
        )


def _data_of(job: Job) -> Path | bytes:
    if job.source:
        return job.source
    try:
        return sys.stdin.buffer.read()
    except (AttributeError, OSError, ValueError) as error:  # None or closed
        raise ImageError("stdin: cannot be read; pipe a picture into it") from error


def _put(made: _Files, job: Job, taken: set[str]) -> str:
    """Write the results of one picture, avoiding names that inputs or other results have.

    Returns:
        Why it failed, or an empty string.

    Raises:
        OutputError: Other pictures cannot be written there either.
    """
    if job.target is None:
        if len(made.files) > 1:
            return f"{job.name}: {len(made.files)} results, but stdout takes one; name a folder"
        _to_stdout(made.files[0])
        return ""
    names = _names(job.target, numbered=made.numbered)
    try:
        for result in made.files:
            target = next(name for name in names if name == job.target or key_of(name) not in taken)
            images.write_bytes(target, result)
            taken.add(key_of(target))
    except OutputError as error:
        if getattr(error.__cause__, "errno", None) in _OF_ONE_NAME:
            return str(error)
        raise
    return ""


def _names(target: Path, *, numbered: bool) -> Iterator[Path]:
    """Names for results: `a.png`, `a-2.png`, …; if `numbered`, `a-1.png`, `a-2.png`, …."""
    if not numbered:
        yield target
    for number in itertools.count(1 if numbered else 2):
        yield target.with_stem(f"{target.stem}-{number}")


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise images.output_error("stdout", error) from error
