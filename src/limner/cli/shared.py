"""Options and messages that all commands share."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from limner.batch import Outcome

__all__ = ["Address", "EngineOption", "Out", "Pictures", "Workers", "complain", "finish"]

_NOTED = 20
"""Maximum number of pages whose notes are listed one by one."""

Pictures = Annotated[
    list[str],
    typer.Argument(
        show_default=False,
        help="Files, folders (searched recursively) and globs; `-` reads one from stdin.",
    ),
]
Out = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        show_default=False,
        help="Folder for the results, or a file if there is one input; existing files are "
        "replaced. `-` is stdout.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(min=0, help="Number of worker processes; 0 means one per core."),
]
EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="Where to run: on this machine or on a Ray cluster."),
]
Address = Annotated[
    str,
    typer.Option(
        help="Address of the Ray cluster, e.g. `auto`; by default a local one is started."
    ),
]


def complain(message: object) -> None:
    """Print a message on stderr."""
    typer.echo(f"limner: {message}", err=True)


def finish(outcome: "Outcome", *, faceless: str = "", several: str = "") -> None:
    """Report what was done and what failed, and set the exit code.

    Args:
        outcome: The outcome of the jobs.
        faceless: Advice if no face was found in some pictures.
        several: Advice if some pictures have more faces than were used.

    Raises:
        LimnerError: The error that ended the work early.
        Exit: Some inputs failed.
    """
    _say_notes(outcome.notes)
    if several and any(_leaves_faces_out(notes) for notes in outcome.notes.values()):
        complain(several)
    for failure in outcome.failures:
        complain(failure)
    if outcome.faceless:
        complain(f"if no face is found: {faceless}")
    total = outcome.done + len(outcome.failures)
    if outcome.stopped is not None:
        raise outcome.stopped
    if total > 1:
        typer.echo(f"{outcome.done} of {total} done", err=True)
    if outcome.failures:
        raise typer.Exit(1)


def _leaves_faces_out(notes: tuple[str, ...]) -> bool:
    from limner.faces.page import LARGEST

    return any(note.startswith(LARGEST) for note in notes)


def _say_notes(notes: "Mapping[str, tuple[str, ...]]") -> None:
    """Report changes made to pages and what was left out: one line per page, or a summary."""
    if len(notes) <= _NOTED:
        for name, done in notes.items():
            typer.echo(f"{name}: {', '.join(done)}", err=True)
        return
    counts = Counter(one for done in notes.values() for one in done)
    listed = ", ".join(f"{one} {count} times" for one, count in counts.most_common())
    typer.echo(f"notes on {len(notes)} pages: {listed}", err=True)
