"""Many pictures through one function: which they are, where the results go, what failed."""

import glob
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import ImageError, Interrupted, UsageError
from limner.progress import track
from limner.provenance import Provenance

STREAM = "-"
"""Stands for stdin among the inputs and for stdout as the output."""

Make = Callable[[NDArray[np.uint8], str], list[NDArray[np.uint8]]]
"""From a picture `[H, W, 3]` and its name to one or more results. Raises ImageError."""


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


def jobs(inputs: Sequence[str], out: str) -> list[Job]:
    """Pair each input with its output: `a.jpg` becomes `OUT/a.png`.

    A folder stands for all pictures below it, and its sub-folders are kept. `out` is a file if it
    has a picture's suffix and there is one input.

    Raises:
        UsageError: An input matches nothing, two would have the same output, or stdin or stdout
            is to serve more than one picture.
    """
    found = [pair for text in inputs for pair in _expand(text)]
    sources = list(dict.fromkeys(found))
    to_file = Path(out).suffix.lower() in images.WRITABLE and not Path(out).is_dir()
    if len(sources) > 1 and (out == STREAM or (None, Path("stdin")) in sources or to_file):
        what = "stdout" if out == STREAM else f"the file {out}" if to_file else "stdin"
        raise UsageError(f"{what} serves one picture, not {len(sources)}; name an output folder")
    if out == STREAM or to_file:
        only = None if out == STREAM else Path(out)
        return [Job(source=source, target=only) for source, _ in sources]

    planned: dict[Path, Path | None] = {}
    for source, place in sources:
        target = (Path(out) / place).with_suffix(".png")
        if target in planned:
            raise UsageError(
                f"{planned[target]} and {source} would both become {target}; rename one"
            )
        planned[target] = source
    return [Job(source=source, target=target) for target, source in planned.items()]


def run(work: Sequence[Job], make: Make, *, provenance: Provenance | None = None) -> Outcome:
    """Do all jobs. A picture that fails is noted and the others go on.

    Raises:
        OutputError: A result cannot be written; the others could not be either.
        Interrupted: Ctrl-C.
    """
    outcome = Outcome()
    try:
        for job in track(work, "pictures"):
            try:
                data = job.source if job.source else sys.stdin.buffer.read()
                results = make(images.read(data, name=job.name), job.name)
            except ImageError as error:
                outcome.failures.append(str(error))
                continue
            for number, result in enumerate(results, start=1):
                _put(result, job.target, number, provenance)
            outcome.done += 1
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"interrupted with {outcome.done} of {len(work)} done; those are whole"
        ) from error
    return outcome


def _expand(text: str) -> Iterator[tuple[Path | None, Path]]:
    """Each picture that `text` means, with its place below the output folder."""
    path = Path(text)
    if text == STREAM:
        yield None, Path("stdin")
    elif path.is_dir():
        below = images.files_below(path)
        if not below:
            raise UsageError(f"{text} holds no pictures")
        yield from ((file, file.relative_to(path)) for file in below)
    elif path.exists() or not glob.has_magic(text):
        yield path, Path(path.name)  # a missing file fails by itself, and the others are done
    else:
        matches = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 - any root
        files = [file for file in matches if file.is_file()]
        if not files:
            raise UsageError(f"nothing matches {text}")
        yield from ((file, Path(file.name)) for file in files)


def _put(
    result: NDArray[np.uint8], target: Path | None, number: int, provenance: Provenance | None
) -> None:
    if target is None:
        try:
            sys.stdout.buffer.write(images.encode(result, provenance))
            sys.stdout.buffer.flush()
        except OSError as error:
            raise images.output_error("stdout", error) from error
        return
    if number > 1:
        target = target.with_stem(f"{target.stem}-{number}")
    images.write(target, result, provenance)
