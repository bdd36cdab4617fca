"""Options and messages that all commands share."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from limner.batch import Outcome

__all__ = ["Address", "EngineOption", "Out", "Pictures", "Workers", "complain", "finish"]

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
        help="Folder for the results, or a file if there is one input; `-` is stdout.",
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


def finish(outcome: "Outcome", *, faceless: str = "") -> None:
    """Report what was done and what failed, and set the exit code.

    Args:
        outcome: The outcome of the jobs.
        faceless: Advice if no face was found in some pictures.

    Raises:
        LimnerError: The error that ended the work early.
        Exit: Some inputs failed.
    """
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
