"""Shared by all commands: options, and messages on stderr."""

from typing import Annotated, Literal

import typer

__all__ = ["Address", "EngineOption", "Workers", "complain"]

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
