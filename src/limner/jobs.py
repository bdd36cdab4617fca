"""The pictures that a command line names, and the files of their results."""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limner import images
from limner.errors import UsageError

STREAM = "-"
"""Means stdin among the inputs, and stdout as the output."""

FOLDS = sys.platform in ("darwin", "win32")
"""Whether names that differ in case only are those of one file, as on most disks there."""

_SHOWN = 3
"""Results that a note lists."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to work on."""

    source: Path | None
    """The file; None for stdin."""
    target: Path | None
    """The file of the (first) result; None for stdout."""

    @property
    def name(self) -> str:
        """Name of the picture in messages."""
        return str(self.source) if self.source else "stdin"


def _say_nothing(_: str) -> None:
    pass


def jobs(
    inputs: Sequence[str], out: str, *, note: Callable[[str], None] = _say_nothing
) -> list[Job]:
    """Pair each input with its output: `a.jpg` becomes `OUT/a.png`.

    A folder means all pictures below it except those in `out`; its sub-folders are kept. `out` is
    a file if it has the suffix of a picture or a document and there is one input.

    Inputs that would have the same output keep more of their names: `a.jpg` and `a.png` become
    `OUT/a.jpg.png` and `OUT/a.png.png`, `x/a.jpg` and `y/a.jpg` `OUT/x/a.png` and `OUT/y/a.png`.

    Args:
        inputs: Files, folders and globs; `-` is stdin.
        out: A folder or a file; `-` is stdout.
        note: Called with a line if files of a folder are skipped, and if results are not named
            after the stem alone.

    Raises:
        UsageError: An input matches nothing, is an address or would be overwritten, two would
            still have the same output, `out` is a file that cannot be written, or there are several
            pictures for stdin or stdout.
    """
    found = [pair for text in inputs for pair in _expand(text, Path(out), note)]
    sources = list(dict.fromkeys(found))
    suffix = Path(out).suffix.lower()
    to_file = suffix in images.READABLE | images.UNREADABLE and not _is_folder(out)
    if to_file:
        images.format_of(out)
    if len(sources) > 1 and (out == STREAM or (None, Path("stdin")) in sources or to_file):
        what = "stdout" if out == STREAM else f"the file {out}" if to_file else "stdin"
        raise UsageError(f"{what} is for one picture, not {len(sources)}; name an output folder")
    if out == STREAM or to_file:
        only = None if out == STREAM else Path(out)
        planned_jobs = [Job(source=source, target=only) for source, _ in sources]
    else:
        planned_jobs = _into_folder(sources, Path(out), note)
    read = {_identity(job.source) for job in planned_jobs if job.source}
    for job in planned_jobs:
        if job.target and _identity(job.target) in read:
            raise UsageError(f"{job.target} is an input and would be overwritten; name another -o")
    return planned_jobs


def key_of(path: str | Path) -> str:
    """The same for all names of a file in a folder that nothing links to."""
    absolute = os.path.normpath(os.path.abspath(path))  # noqa: PTH100 - links stay
    return absolute.casefold() if FOLDS else absolute


def _identity(path: Path) -> tuple[int, int] | str:
    """What two names of one file have in common."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # there is none, or its name is not permitted
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


_Source = tuple[Path | None, Path]
"""A file, or None for stdin, and its path below the output folder."""


def _by_stem(source: _Source) -> Path:
    return source[1].with_suffix(".png")


def _by_name(source: _Source) -> Path:
    return source[1].with_name(f"{source[1].name}.png")


def _folder_of(source: _Source) -> Path:
    """The name of the folder that a file's path below the output folder starts from."""
    file, place = source
    if file is None:
        return Path()
    return Path(Path(os.path.abspath(file)).parents[len(place.parts) - 1].name)  # noqa: PTH100


_NAMINGS: tuple[Callable[[_Source], Path], ...] = (
    _by_stem,
    _by_name,
    lambda source: _folder_of(source) / _by_stem(source),
    lambda source: _folder_of(source) / _by_name(source),
)
"""Ways to name results; a later one is used if the earlier ones give two results one name."""


def _into_folder(sources: Sequence[_Source], out: Path, note: Callable[[str], None]) -> list[Job]:
    """Name the results. Those with the same stem are named in the same way."""
    ways = {_by_stem(source): 0 for source in sources}
    while True:
        planned: dict[str, list[_Source]] = {}
        for source in sources:
            place = _NAMINGS[ways[_by_stem(source)]](source)
            planned.setdefault(key_of(out / place), []).append(source)
        clashes = [clash for clash in planned.values() if len(clash) > 1]
        if not clashes:
            break
        ways |= {stem: way for clash in clashes for stem, way in _next_ways(clash, ways, out)}
    places = {source: _NAMINGS[ways[_by_stem(source)]](source) for source in sources}
    renamed = [
        f"{source[0]} becomes {out / place}"
        for source, place in places.items()
        if place != _by_stem(source)
    ]
    if renamed:
        note(
            f"{len(renamed)} results keep more of their inputs' names, which differ only in the "
            f"suffix or the folder: {', '.join(renamed[:_SHOWN])}"
            + (", ..." if len(renamed) > _SHOWN else "")
        )
    return [Job(source=source, target=out / place) for (source, _), place in places.items()]


def _next_ways(
    clash: Sequence[_Source], ways: Mapping[Path, int], out: Path
) -> Iterator[tuple[Path, int]]:
    """For sources that would share a result, the next way to name the shortest of them."""
    stems = {_by_stem(source) for source in clash}
    least = min(ways[stem] for stem in stems)
    if least + 1 == len(_NAMINGS):
        (one, _), (other, _), *_ = clash
        raise UsageError(
            f"{one} and {other} would both become {out / _by_stem(clash[0])}; rename one"
        )
    yield from ((stem, least + 1) for stem in stems if ways[stem] == least)


def _expand(text: str, out: Path, note: Callable[[str], None]) -> Iterator[_Source]:
    """Each picture that `text` means, with its path below the output folder."""
    path = Path(text)
    if text == STREAM:
        yield None, Path("stdin")
    elif images.is_address(text):
        raise UsageError(f"{text} is an address, not a file; download it first")
    elif _is_folder(path):
        known = images.files_below(path, images.READABLE | images.UNREADABLE)
        within, whole = Path(key_of(out)), Path(key_of(path))
        if whole in within.parents:
            known = [file for file in known if within not in Path(key_of(file)).parents]
        below = [file for file in known if file.suffix.lower() not in images.UNREADABLE]
        others = images.in_words(file for file in known if file.suffix.lower() in images.UNREADABLE)
        if not below:
            raise UsageError(f"{text} contains no pictures" + (others and f", but {others}"))
        if others:
            note(f"skipped in {text}: {others}")
        yield from ((file, file.relative_to(path)) for file in below)
    elif _exists(path) or not glob.has_magic(text):
        yield path, Path(path.name)  # a missing file fails later, and the others are done
    else:
        matches = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 - any root
        files = [file for file in matches if file.is_file()]
        if not files:
            raise UsageError(f"nothing matches {text}")
        yield from ((file, Path(file.name)) for file in files)


# Path's own methods raise on names that are too long or not permitted.
def _exists(path: str | Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def _is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112
