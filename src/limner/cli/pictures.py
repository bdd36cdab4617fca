"""`limner photo`, `limner sketch`, `limner models`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from limner.cli.shared import Address, EngineOption, Workers, complain
from limner.errors import UsageError

if TYPE_CHECKING:
    from limner.batch import Outcome

__all__ = ["models", "photo", "sketch"]

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
    work = batch.jobs(sketches, out, note=complain)
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
    work = batch.jobs(photos, out, note=complain)
    where = batch.engine_for(work, engine, workers=workers, address=address)
    _finish(batch.run(work, Sketches(style=style, seed=seed), engine=where))


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
        complain(failure)
    total = outcome.done + len(outcome.failures)
    if outcome.stopped is not None:
        raise outcome.stopped
    if total > 1:
        typer.echo(f"{outcome.done} of {total} done", err=True)
    if outcome.failures:
        raise typer.Exit(1)
