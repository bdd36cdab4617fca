"""`limner sketch`."""

from typing import Annotated

import typer

from limner.cli.shared import Address, EngineOption, Out, Pictures, Workers, complain, finish

__all__ = ["sketch"]


def sketch(
    photos: Pictures,
    out: Out,
    style: Annotated[
        str,
        typer.Option(
            help="pencil, dodge, charcoal, line, xdog, coarse, outline, study, rough or crude; or "
            "model, which learnt to draw."
        ),
    ] = "pencil",
    seed: Annotated[
        int,
        typer.Option(min=0, help="Random seed of the styles. The model draws the same every time."),
    ] = 0,
    model: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="Model for --style model: a name from `limner models`, or an .onnx file; by "
            "default `draughtsman`.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=16,
            max=4096,
            help="Side of the drawing in px, for --style model; by default the model's own.",
        ),
    ] = None,
    as_is: Annotated[
        bool,
        typer.Option(
            "--aligned",
            help="The picture is already an aligned crop of a face: skip face detection. For "
            "--style model.",
        ),
    ] = False,
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Turn photos into sketches.

    Styles are filters; they draw complete pictures of any size. `--style model` finds the largest
    face, aligns and crops it as `limner photo` does, and draws it with a model that learnt which
    strokes make a person recognisable.

    - `limner sketch portrait.jpg -o portrait-sketch.png`
    - `limner sketch photos/ -o sketches/ --style xdog`
    - `limner sketch portrait.jpg -o face.png --style model --size 512`
    """
    from limner import batch
    from limner.functions import MODEL, check_sketch
    from limner.makers import Drawings, Sketches
    from limner.shipped import DEFAULT_DRAWER

    names = {name: f"--{name}" for name in ("seed", "model", "size")} | {"as_is": "--aligned"}
    check_sketch(style, seed, model=model, as_is=as_is, size=size, names=names)
    work = batch.jobs(photos, out, note=complain)
    where = batch.engine_for(work, engine, workers=workers, address=address)
    start: Drawings | Sketches = Sketches(style=style, seed=seed)
    if style == MODEL:
        start = Drawings(
            model=model or DEFAULT_DRAWER, size=size, as_is=as_is, threads=where.threads
        )
    finish(batch.run(work, start, engine=where), faceless="--aligned skips face detection")
