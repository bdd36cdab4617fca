"""`limner train`, `limner plot`, `limner export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from limner.errors import UsageError

__all__ = ["average", "export", "plot", "train"]


def train(
    experiment: Annotated[
        str,
        typer.Argument(
            help="Name of an experiment. `quick` makes a first model in ten minutes. Sketches "
            "to photos: `lifelike`, `portrait`, `pix2pix`, `hybrid`; photos to sketches: "
            "`draughtsman`; those of the 2018 study: `unaligned`, `aligned`, `balanced`, "
            "`filtered`, `ungrouped`, `resnet`, `plain-gan`, `exact-labels`, `uncycled`, "
            "`discogan`."
        ),
    ],
    run: Annotated[Path, typer.Argument(help="Run folder; an existing run is resumed.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a setting: `--set data=SET`, a dataset made by `limner prepare`; `--set "
            "generator.width=16`.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--for", help="Stop after this time with a snapshot: `2h`, `1h30m`, `90s`."),
    ] = None,
) -> None:
    """Train a model, or resume an interrupted run.

    Ctrl-C saves a checkpoint; the same command resumes from it. Monitors warn as soon as something
    goes wrong. At the end, limner names the snapshot with the best score on held-out faces. Use
    several GPUs with `--set devices=N`, several hosts with a shared folder under torchrun.

    - `limner train portrait runs/mine --set data=sets/mine`
    - `limner train portrait runs/mine`
    - `limner train portrait runs/mine --for 2h`
    - `limner train balanced runs/mine --set data=sets/mine --set patience=60000`
    - `torchrun --nnodes 2 --nproc-per-node 8 -m limner train portrait runs/mine`
    """
    from limner.experiments import config_of
    from limner.training.devices import is_rank_zero
    from limner.training.duration import seconds_of
    from limner.training.loop import train as train_run
    from limner.training.run import RunFolder
    from limner.training.watching.console import Console

    folder = RunFolder(run)
    start = folder.config() if folder.exists() else config_of(experiment)
    if start.experiment != experiment:
        raise UsageError(f"{run} is a run of {start.experiment!r}, not of {experiment!r}")
    config = start.with_settings(settings or [])
    if not config.data:
        raise UsageError("name the dataset to train on, made by limner prepare: --set data=SET")
    seconds = None if time is None else seconds_of(time)
    with Console() as console:
        last = train_run(config, run, report=console.report, say=console.say, seconds=seconds)
    if is_rank_zero():
        typer.echo(f"done: {last}")
        typer.echo(f"{folder.choose().why}")
        typer.echo(f"next: limner plot {run}; limner export {run} MODEL.onnx")


def plot(
    run: Annotated[Path, typer.Argument(help="Run folder; the run may still be in progress.")],
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Also write event files for TensorBoard to this folder."),
    ] = None,
) -> None:
    """Write the report of a run: RUN/report.html.

    It contains loss curves, sample images over time, scores of the snapshots, warnings of the
    monitors, and all settings.

    - `limner plot runs/mine`
    - `limner plot runs/mine --tensorboard events/mine`
    """
    from limner.training.watching.report import write_report

    typer.echo(f"report: {write_report(run)}")
    if tensorboard is not None:
        from limner.training.watching.tensorboard import write_events

        write_events(run, tensorboard)
        typer.echo(f"or: tensorboard --logdir {tensorboard}")


def export(
    run: Annotated[
        Path, typer.Argument(help="Run folder, whose best snapshot is exported, or a snapshot.")
    ],
    model: Annotated[Path, typer.Argument(help="The .onnx file to write.")],
    direction: Annotated[
        Literal["sketch-to-photo", "photo-to-sketch"] | None,
        typer.Option(
            help="Which generator to export; a CycleGAN has both. By default sketch-to-photo.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Export a trained model as one ONNX file for `limner photo --model`.

    From a run folder, it exports the snapshot with the best score on held-out faces, or the last
    one if none was scored.

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


def average(
    before: Annotated[Path, typer.Argument(help="A model: a shipped name or an .onnx file.")],
    after: Annotated[Path, typer.Argument(help="A fine-tuned version of it, likewise.")],
    model: Annotated[Path, typer.Argument(help="The .onnx file to write.")],
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the second model's weights.")
    ] = 0.5,
) -> None:
    """Average the weights of a model and of a fine-tuned version of it.

    A model that is fine-tuned on your photos forgets some of what it could do before. Between the
    two there is often a model that is better than both; compare a few shares with `limner compare`.

    - `limner average portrait mine.onnx between.onnx`
    - `limner average portrait mine.onnx between.onnx --share 0.75`
    """
    from limner.averaging import average as average_models
    from limner.shipped import find_model

    card = average_models(find_model(before), find_model(after), model, share=share)
    typer.echo(
        f"{model}: {card.direction}, {share:.0%} of {after.name} and the rest of {before.name}"
    )
