"""The command line: one thin command per capability, with heavy imports inside the commands."""

import errno
import os
import shlex
import sys
import warnings
from typing import Annotated, TextIO

import typer

from limner import __version__
from limner.cli import data, measuring, pictures, sketches, studio, study, training
from limner.cli.renamed import with_present_names
from limner.cli.restated import Command
from limner.cli.shared import complain
from limner.errors import EXTRA_OF, Interrupted, LimnerError, MissingExtraError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    name="limner",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn hand-drawn sketches of faces into photo-realistic faces, on a plain CPU.",
    epilog=(
        "Exit codes: 0 success, 1 something could not be read, made or written (other inputs are "
        "done), 2 usage error, 130 interrupted."
    ),
)


def main() -> None:
    """Entry point: errors become one line on stderr and an exit code."""
    warnings.showwarning = _show_warning
    try:
        _check_command(sys.argv[1:])
        app(with_present_names(sys.argv[1:], complain))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            raise
        complain(MissingExtraError(f"this command ({package})", EXTRA_OF[package]))
        sys.exit(1)
    except LimnerError as error:
        complain(error)
        codes = {UsageError: 2, Interrupted: 130}
        sys.exit(next((code for kind, code in codes.items() if isinstance(error, kind)), 1))
    except OSError as error:
        # `Path.exists` and the like raise these errors instead of returning False.
        if error.errno not in (errno.ENAMETOOLONG, errno.EACCES):
            raise
        complain(f"{error.filename}: cannot be accessed ({error.strerror}); check the path")
        sys.exit(2)


def _check_command(arguments: list[str]) -> None:
    """Raise UsageError if the user names a picture and no command."""
    given = arguments[0] if arguments else "-"
    if given.startswith("-") or not os.path.exists(given):  # noqa: PTH110 - as in limner.jobs
        return
    if given not in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        out = "photos" if os.path.isdir(given) else "photo.png"  # noqa: PTH112
        raise UsageError(
            f"there is no command '{given}'; did you mean: limner photo {shlex.quote(given)} "
            f"-o {out}"
        )


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show warnings for users in one line, like errors, and others as Python does."""
    if issubclass(category, FutureWarning):
        complain(message)
    else:
        print(
            warnings.formatwarning(message, category, filename, lineno, line),
            file=file or sys.stderr,
        )


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"limner {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of limner itself."""
    del version  # handled by its callback


for command in (
    pictures.photo,
    sketches.sketch,
    data.prepare,
    training.train,
    training.plot,
    training.export,
    training.average,
    measuring.measure,
    measuring.compare,
    study.study,
    studio.studio,
    pictures.models,
):
    app.command(cls=Command)(command)
app.add_typer(data.data_app, name="data")
