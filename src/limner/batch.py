"""Many pictures through one function: which they are, where the results go, what failed."""

import errno
import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import ImageError, Interrupted, LimnerError, OutputError, UsageError
from limner.progress import track
from limner.provenance import Provenance

STREAM = "-"
"""Stands for stdin among the inputs and for stdout as the output."""

Make = Callable[[NDArray[np.uint8], str], list[NDArray[np.uint8]]]
"""From a picture `[H, W, 3]` and its name to one or more results. Raises ImageError."""

_OF_ONE_NAME = {errno.ENAMETOOLONG, errno.EISDIR, errno.EILSEQ, errno.EINVAL}
"""Why one result cannot be written while others can."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to work on."""

    source: Path | None
    """The file; None is stdin."""
    target: Path | None
    """The file of the (first) result; None is stdout."""

    @property
    def name(self) -> str:
        """What messages call the picture."""
        return str(self.source) if self.source else "stdin"


@dataclass(kw_only=True)
class Outcome:
    """What came of the jobs."""

    done: int = 0
    failures: list[str] = field(default_factory=list)
    """A line each: the file, what was found, what to do."""
    stopped: LimnerError | None = None
    """Why the work ended before its end, if it did; what was done until then is whole."""


def jobs(inputs: Sequence[str], out: str) -> list[Job]:
    """Pair each input with its output: `a.jpg` becomes `OUT/a.png`.

    A folder stands for all pictures below it but those in `out`, and its sub-folders are kept.
    `out` is a file if it has a picture's suffix and there is one input.

    Raises:
        UsageError: An input matches nothing or would be overwritten, two would have the same
            output, or stdin or stdout is to serve more than one picture.
    """
    found = [pair for text in inputs for pair in _expand(text, Path(out))]
    sources = list(dict.fromkeys(found))
    suffix = Path(out).suffix.lower()
    to_file = suffix in images.READABLE and not _is_folder(out)
    if to_file and suffix not in images.WRITABLE:
        raise UsageError(
            f"{out}: cannot write '{suffix}' pictures; use one of "
            f"{', '.join(sorted(images.WRITABLE))}"
        )
    if len(sources) > 1 and (out == STREAM or (None, Path("stdin")) in sources or to_file):
        what = "stdout" if out == STREAM else f"the file {out}" if to_file else "stdin"
        raise UsageError(f"{what} serves one picture, not {len(sources)}; name an output folder")
    if out == STREAM or to_file:
        only = None if out == STREAM else Path(out)
        planned_jobs = [Job(source=source, target=only) for source, _ in sources]
    else:
        planned_jobs = _into_folder(sources, Path(out))
    read = {os.path.realpath(job.source) for job in planned_jobs if job.source}
    for job in planned_jobs:
        if job.target and os.path.realpath(job.target) in read:
            raise UsageError(f"{job.target} is an input and would be overwritten; name another -o")
    return planned_jobs


def _into_folder(sources: list[tuple[Path | None, Path]], out: Path) -> list[Job]:
    planned: dict[Path, Path | None] = {}
    for source, place in sources:
        target = (out / place).with_suffix(".png")
        if target in planned:
            raise UsageError(
                f"{planned[target]} and {source} would both become {target}; rename one"
            )
        planned[target] = source
    return [Job(source=source, target=target) for target, source in planned.items()]


def run(work: Sequence[Job], make: Make, *, provenance: Provenance | None = None) -> Outcome:
    """Do all jobs. A picture that fails is noted and the others go on.

    Ctrl-C, and a place that none of the results can be written to, end the work early.
    """
    outcome = Outcome()
    taken = {job.target for job in work if job.target}
    try:
        for job in track(work, "pictures"):
            try:
                results = make(images.read(_data_of(job), name=job.name), job.name)
                _put_all(results, job, taken, provenance)
            except ImageError as error:
                outcome.failures.append(str(error))
            except OutputError as error:
                if getattr(error.__cause__, "errno", None) not in _OF_ONE_NAME:
                    raise
                outcome.failures.append(str(error))
            except LimnerError:
                raise
            except Exception as error:  # one picture must not cost the others
                outcome.failures.append(
                    f"{job.name}: limner failed at it ({type(error).__name__}: {error}); "
                    "please report this"
                )
            else:
                outcome.done += 1
    except KeyboardInterrupt:
        outcome.stopped = Interrupted(
            f"interrupted with {outcome.done} of {len(work)} done; those are whole"
        )
    except LimnerError as error:
        outcome.stopped = error
    return outcome


# Path's own methods raise on names that are too long or may not be looked up.
def _exists(path: str | Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def _is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def _data_of(job: Job) -> Path | bytes:
    if job.source:
        return job.source
    try:
        return sys.stdin.buffer.read()
    except (AttributeError, OSError, ValueError) as error:  # None or closed
        raise ImageError("stdin: cannot be read; pipe a picture into it") from error


def _expand(text: str, out: Path) -> Iterator[tuple[Path | None, Path]]:
    """Each picture that `text` means, with its place below the output folder."""
    path = Path(text)
    if text == STREAM:
        yield None, Path("stdin")
    elif _is_folder(path):
        below = images.files_below(path)
        if out != path and path in out.parents:
            below = [file for file in below if out not in file.parents]
        if not below:
            raise UsageError(f"{text} holds no pictures")
        yield from ((file, file.relative_to(path)) for file in below)
    elif _exists(path) or not glob.has_magic(text):
        yield path, Path(path.name)  # a missing file fails by itself, and the others are done
    else:
        matches = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 - any root
        files = [file for file in matches if file.is_file()]
        if not files:
            raise UsageError(f"nothing matches {text}")
        yield from ((file, Path(file.name)) for file in files)


def _put_all(
    results: list[NDArray[np.uint8]], job: Job, taken: set[Path], provenance: Provenance | None
) -> None:
    """Write the results of one picture: `a.png`, `a-2.png`, …, past names that others have."""
    if job.target is None:
        if len(results) > 1:
            raise ImageError(
                f"{job.name}: {len(results)} results, and stdout takes one; name a folder"
            )
        _to_stdout(images.encode(results[0], provenance))
        return
    target, number = job.target, 1
    for result in results:
        images.write(target, result, provenance)
        while target in taken:
            number += 1
            target = job.target.with_stem(f"{job.target.stem}-{number}")
        taken.add(target)


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise images.output_error("stdout", error) from error
