"""What commands share: options, and how messages reach the user."""

from typing import Annotated, Literal

import typer

__all__ = ["Address", "EngineOption", "Workers", "complain"]

Workers = Annotated[
    int,
    typer.Option(min=0, help="Processes that share the work; 0 takes one for each core."),
]
EngineOption = Annotated[
    Literal["local", "ray"], typer.Option("--engine", help="Where: here, or on a Ray cluster.")
]
Address = Annotated[
    str, typer.Option(help="Of the Ray cluster, e.g. `auto`; by default one is started here.")
]


def complain(message: object) -> None:
    """Say what is wrong, on stderr."""
    typer.echo(f"limner: {message}", err=True)
