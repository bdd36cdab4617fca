"""The command line: one thin command a capability. Heavy imports stay inside the commands."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from limner import __version__
from limner.errors import EXTRA_OF, Interrupted, LimnerError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from limner.batch import Outcome

app = typer.Typer(
    name="limner",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn hand-drawn sketches of faces into photo-realistic faces, on a plain CPU.",
    epilog=(
        "Exit codes: 0 all done, 1 some inputs failed (the others are done), 2 wrong usage, "
        "130 interrupted."
    ),
)

Pictures = Annotated[
    list[str],
    typer.Argument(
        show_default=False,
        help="Files, folders (searched to the bottom) and globs; `-` reads one from stdin.",
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
    typer.Option(min=0, help="Processes that share the work; 0 takes one for each core."),
]
EngineOption = Annotated[
    Literal["local", "ray"], typer.Option("--engine", help="Where: here, or on a Ray cluster.")
]
Address = Annotated[
    str, typer.Option(help="Of the Ray cluster, e.g. `auto`; by default one is started here.")
]


def main() -> None:
    """Entry point: errors become one line on stderr and an exit code."""
    try:
        app()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            raise
        _complain(MissingExtraError(f"this command ({package})", EXTRA_OF[package]))
        sys.exit(1)
    except LimnerError as error:
        _complain(error)
        codes = {UsageError: 2, Interrupted: 130}
        sys.exit(next((code for kind, code in codes.items() if isinstance(error, kind)), 1))


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
    del version  # its callback has seen to it


@app.command()
def photo(
    sketches: Pictures,
    out: Out,
    model: Annotated[
        str, typer.Option(help="Name from `limner models`, or an .onnx file.")
    ] = "portrait",
    size: Annotated[
        int | None,
        typer.Option(
            min=16, max=4096, help="Side of the results in px; by default the model's own."
        ),
    ] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="The whole picture is the face: look for none.")
    ] = False,
    put_back: Annotated[
        bool, typer.Option("--put-back", help="Put the results back where the faces were.")
    ] = False,
    face: Annotated[
        Literal["largest", "all"],
        typer.Option(help="Which faces of a picture; all are written as NAME, NAME-2, NAME-3, …"),
    ] = "largest",
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Turn sketches of faces into photos.

    Finds the face in each sketch, aligns it as in training and translates it.

    - `limner photo drawing.jpg -o photo.png`
    - `limner photo drawings/ -o photos/ --size 512`
    - `limner photo page.png -o page-photo.png --face all --put-back`
    """
    from limner import batch
    from limner.makers import Photos

    if as_is and face == "all":
        raise UsageError("--as-is takes the whole picture for one face: leave out --face all")
    if put_back and size:
        raise UsageError("--put-back keeps the picture's own size: leave out --size")
    work = batch.jobs(sketches, out)
    where = batch.engine_for(work, engine, workers=workers, address=address)
    start = Photos(
        model=model,
        size=size,
        as_is=as_is,
        put_back=put_back,
        every_face=face == "all",
        threads=where.threads,
    )
    _finish(batch.run(work, start, engine=where))


@app.command()
def sketch(
    photos: Pictures,
    out: Out,
    style: Annotated[
        str, typer.Option(help="How to draw; a wrong name lists them all.")
    ] = "pencil",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another hand.")] = 0,
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Turn photos into sketches, whole pictures of any size.

    - `limner sketch portrait.jpg -o portrait-sketch.png`
    - `limner sketch photos/ -o sketches/ --style xdog`
    """
    from limner import batch
    from limner.makers import Sketches
    from limner.sketching import check_style

    check_style(style)
    work = batch.jobs(photos, out)
    where = batch.engine_for(work, engine, workers=workers, address=address)
    _finish(batch.run(work, Sketches(style=style, seed=seed), engine=where))


@app.command()
def prepare(
    source: Annotated[
        str,
        typer.Argument(
            show_default=False,
            help="Folder of pictures, searched to the bottom, a .zip or .tar of them, or a recipe: "
            "`set1`, `set2` or a .toml file.",
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder of the prepared set.")],
    data: Annotated[
        Path, typer.Option(help="Folder below which the sources of a recipe lie.")
    ] = Path(),
    size: Annotated[
        int | None,
        typer.Option(min=16, max=4096, help="Side of the faces in px, by default 128."),
    ] = None,
    held_out: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of people kept back for testing, by default 0.1."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Regular expression whose first group names the person in a path."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change any other setting: `--set cleaning.max_turn=20 --set seed=1`; "
            "a wrong name lists them all.",
        ),
    ] = None,
    about: Annotated[
        Path | None, typer.Option(help="TOML with licence and origin of each source folder.")
    ] = None,
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Find, align, judge and store the faces of a folder or a recipe, ready for training.

    Writes OUT/faces.parquet, OUT/dropped.parquet (with reasons) and OUT/contact-sheet.png. An
    interrupted preparation goes on where it was when the same command is given again.

    - `limner prepare photos/ sets/mine`
    - `limner prepare photos.zip sets/mine --set cleaning.max_turn=20`
    - `limner prepare set1 sets/set1 --data sources/`
    - `limner data report sets/set1`
    """
    from limner.data import recipe
    from limner.data.prepare import prepare as prepare_set
    from limner.engines import engine_of

    file = recipe.find(source)
    wanted, root = recipe.of_folder(Path(source)) if file is None else (recipe.load(file), data)
    short = {"size": size, "held_out": held_out, "identity": identity}
    changes = [f"{name}={value}" for name, value in short.items() if value is not None]
    made = prepare_set(
        wanted.with_settings(changes + (settings or [])),
        out,
        data=root,
        engine=engine_of(engine, workers=workers, address=address),
        about=about,
    )
    for share in made.shares:
        typer.echo(share, err=True)
    reasons = ", ".join(f"{count} {reason}" for reason, count in made.dropped.items())
    left_out = f"; left out: {reasons} (see {out}/dropped.parquet)" if reasons else ""
    typer.echo(f"{made.faces} faces in {out}{left_out}; next: limner data report {out}")


data_app = typer.Typer(no_args_is_help=True, help="Look into prepared sets.")
app.add_typer(data_app, name="data")


@data_app.command()
def report(
    prepared_set: Annotated[Path, typer.Argument(metavar="SET", help="Folder of a prepared set.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write into, by default that of the set."),
    ] = None,
) -> None:
    """Write a page that shows whether a prepared set can be trusted.

    Counts by source and by reason of loss, faces before and after, smiles before and after
    balance, size, sharpness and pose, and what was dropped, with pictures: report.html, and
    report.json with the numbers.

    - `limner data report sets/mine`
    """
    from limner.data.report import write_report

    typer.echo(f"look at {write_report(prepared_set, out)}")


@app.command()
def train(
    experiment: Annotated[str, typer.Argument(help="Name of an experiment, e.g. `portrait`.")],
    run: Annotated[Path, typer.Argument(help="Run folder; one that is there goes on.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: `--set data=SET --set generator.width=16`."),
    ] = None,
) -> None:
    """Train a model, or go on with a training that was interrupted.

    Ctrl-C saves the state; the same command goes on from it. It warns as soon as something goes
    wrong, and says at the end which snapshot is the best on held-out faces. Several GPUs share the
    work with `--set devices=N`; several hosts, whose folders are the same, under torchrun.

    - `limner train portrait runs/mine --set data=sets/mine`
    - `limner train portrait runs/mine`
    - `limner train balanced runs/mine --set data=sets/mine --set patience=60000`
    - `torchrun --nnodes 2 --nproc-per-node 8 -m limner train portrait runs/mine`
    """
    from limner.experiments import config_of
    from limner.training.console import Console
    from limner.training.devices import leading
    from limner.training.loop import train as train_run
    from limner.training.run import RunFolder

    folder = RunFolder(run)
    start = folder.config() if folder.exists() else config_of(experiment)
    if start.experiment != experiment:
        raise UsageError(f"{run} is a run of {start.experiment!r}, not of {experiment!r}")
    config = start.with_settings(settings or [])
    if not config.data:
        raise UsageError("name the prepared set to learn from: --set data=SET")
    with Console() as console:
        last = train_run(config, run, report=console.report, say=console.say)
    if leading():
        typer.echo(f"done: {last}")
        typer.echo(f"{folder.choose().why}")
        typer.echo(f"next: limner plot {run}; limner export {run} MODEL.onnx")


@app.command()
def plot(
    run: Annotated[Path, typer.Argument(help="Run folder, of a training that goes on or ended.")],
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Also write it as event files for TensorBoard into this folder."),
    ] = None,
) -> None:
    """Write a page about a training: RUN/report.html.

    Its curves, what it made of the same pictures as time went on, the scores of its snapshots,
    what the monitors found, and its settings.

    - `limner plot runs/mine`
    - `limner plot runs/mine --tensorboard events/mine`
    """
    from limner.training.report import write_report

    typer.echo(f"look at {write_report(run)}")
    if tensorboard is not None:
        from limner.training.tensorboard import write_events

        write_events(run, tensorboard)
        typer.echo(f"or: tensorboard --logdir {tensorboard}")


@app.command()
def export(
    run: Annotated[
        Path, typer.Argument(help="Run folder, of which the best snapshot is taken, or a snapshot.")
    ],
    model: Annotated[Path, typer.Argument(help="The .onnx file to write.")],
    direction: Annotated[
        Literal["sketch-to-photo", "photo-to-sketch"],
        typer.Option(help="Which of its generators; a CycleGAN has both."),
    ] = "sketch-to-photo",
) -> None:
    """Write a trained model as one ONNX file that `limner photo --model` takes.

    Of a run folder it takes the snapshot with the best score on held-out faces, and the last one
    where none was scored.

    - `limner export runs/mine mine.onnx`
    - `limner export runs/mine/snapshot-000040000.safetensors mine.onnx`
    - `limner export runs/mine sketcher.onnx --direction photo-to-sketch`
    """
    from limner.export import export as export_run
    from limner.training.run import RunFolder

    if not run.is_file():
        choice = RunFolder(run).choose(direction)
        typer.echo(choice.why)
        run = choice.snapshot
    card = export_run(run, model, direction=direction)
    typer.echo(f"{model}: {card.direction} after {card.images_seen} images")


@app.command()
def models() -> None:
    """List the models that come with limner."""
    from limner.translator import Translator, shipped_models

    for name, path in shipped_models().items():
        card = Translator(path).card
        typer.echo(
            f"{name}: {card.direction}, {card.preprocessing.size} px, "
            f"{path.stat().st_size / 1e6:.1f} MB, {card.images_seen} images seen, "
            f"weights sha256:{card.weights}"
        )


def _finish(outcome: "Outcome") -> None:
    for failure in outcome.failures:
        _complain(failure)
    total = outcome.done + len(outcome.failures)
    if outcome.stopped is not None:
        raise outcome.stopped
    if total > 1:
        typer.echo(f"{outcome.done} of {total} done", err=True)
    if outcome.failures:
        raise typer.Exit(1)


def _complain(message: object) -> None:
    typer.echo(f"limner: {message}", err=True)
