"""`limner prepare` and `limner data`."""

from pathlib import Path
from typing import Annotated

import typer

from limner.cli.shared import Address, EngineOption, Workers, complain

__all__ = ["data_app", "prepare"]


def prepare(
    source: Annotated[
        str,
        typer.Argument(
            show_default=False,
            help="Folder of pictures, searched recursively, a .zip or .tar of them, or a recipe: "
            "`set1`, `set2` or a .toml file.",
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the dataset.")],
    data: Annotated[
        Path, typer.Option(help="Folder that contains the sources of a recipe.")
    ] = Path(),
    size: Annotated[
        int | None,
        typer.Option(min=16, max=4096, help="Side of the faces in px; by default 128."),
    ] = None,
    held_out: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Fraction of people held out for testing; by default 0.1."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(help="Regular expression whose first group names the person in a path."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change any other setting: `--set cleaning.max_yaw=20 --set seed=1`; "
            "an unknown name prints the valid ones.",
        ),
    ] = None,
    source_info: Annotated[
        Path | None, typer.Option(help="TOML file with licence and origin of each source folder.")
    ] = None,
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Make a training dataset from photos.

    Finds, aligns, checks and stores the faces of a folder or a recipe. Writes OUT/faces.parquet,
    OUT/dropped.parquet (with reasons) and OUT/contact-sheet.png. If it is interrupted, run the same
    command again to resume.

    - `limner prepare photos/ sets/mine`
    - `limner prepare photos.zip sets/mine --set cleaning.max_yaw=20`
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
        about=source_info,
        warn=lambda message: complain(f"warning: {message}"),
    )
    for share in made.shares:
        typer.echo(share, err=True)
    reasons = ", ".join(f"{count} {reason}" for reason, count in made.dropped.items())
    left_out = f"; dropped: {reasons} (see {out}/dropped.parquet)" if reasons else ""
    typer.echo(f"{made.faces} faces in {out}{left_out}; next: limner data report {out}")


data_app = typer.Typer(no_args_is_help=True, help="Inspect datasets made by `limner prepare`.")


@data_app.command()
def report(
    prepared_set: Annotated[
        Path,
        typer.Argument(metavar="SET", help="Folder of a dataset made by `limner prepare`."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the report; by default the dataset's own."),
    ] = None,
) -> None:
    """Write a report on a dataset: can it be trusted?

    Writes report.html, and report.json with the numbers: counts by source, reasons for dropping
    pictures, faces before and after alignment, smiles before and after balancing, size, sharpness,
    pose, and the dropped pictures.

    - `limner data report sets/mine`
    """
    from limner.data.report import write_report

    typer.echo(f"report: {write_report(prepared_set, out)}")
