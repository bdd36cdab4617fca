"""`limner study`."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.shared import Workers

__all__ = ["study"]


def study(
    out: Annotated[
        Path, typer.Argument(help="Folder of the study; one that was begun is continued.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder that contains the sources, as for `limner prepare set1`: `celeba`, `cufs` "
            "and, if there are any, `collected` sketches."
        ),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder with `sketches/` and `photos/` of the same people, to measure on. May be "
            "repeated; by default all such folders in the sources."
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=32, max=4096, help="Side of the faces in px; by default 96."),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(min=1, help="Training images of each run; by default 40,000."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each experiment; by default 3.")
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(
            help="Channels of all networks, relative to the study's; by default 1. Smaller is "
            "faster: `0.25` for a machine without a GPU."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Run only this experiment, e.g. `balanced`. May be repeated."),
    ] = None,
    time: Annotated[
        str | None, typer.Option("--for", help="Stop after this time: `2h`, `1h30m`, `90s`.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a setting of all runs: `--set batch=4`. What distinguishes an "
            "experiment stays.",
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure/--no-measure", help="Whether to measure the runs that are done."),
    ] = True,
    workers: Workers = 0,
) -> None:
    """Run the experiments of the 2018 study and test its findings.

    Prepares the datasets, trains every experiment with several seeds, measures each on hand-drawn
    sketches with ground-truth photos, and writes OUT/report.html and OUT/report.json: for each
    finding what the study saw by eye, the difference that limner measures, and a verdict. The cost
    is printed first. Ctrl-C and --for leave everything resumable; the page says what is done.

    - `limner study studies/2018 --data sources/`
    - `limner study studies/2018 --for 10m`
    - `limner study studies/2018 --only balanced --only ungrouped`
    """
    from limner.engines import engine_of
    from limner.study.plan import Plan
    from limner.training.duration import seconds_of

    seconds = None if time is None else seconds_of(time)
    plan = Plan.of(
        out,
        size=size,
        images=images,
        seeds=seeds,
        width=width,
        settings=tuple(settings) if settings else None,
        data=None if data is None else str(data),
        pairs=tuple(map(str, pairs)) if pairs else None,
    )
    plan.trials(only or ())  # typing errors are found before anything slow is imported
    from limner.study.command import Study

    page = Study(
        plan=plan,
        out=out,
        say=lambda text: typer.echo(text, err=True),
        only=only or (),
        measuring=measure,
        engine=engine_of("local", workers=workers),
    ).run(seconds)
    typer.echo(f"report: {page}")
