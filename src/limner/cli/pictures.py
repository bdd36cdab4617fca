"""`limner photo` and `limner models`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from limner.cli.shared import Address, EngineOption, Out, Pictures, Workers, complain, finish
from limner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from limner.hints import Hints

__all__ = ["models", "photo"]


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
        bool,
        typer.Option(
            "--aligned",
            help="The picture is already an aligned crop of a face, a square with the outer eye "
            "corners at 30% and 70% of its width and 30% from its top: skip face detection.",
        ),
    ] = False,
    put_back: Annotated[
        bool,
        typer.Option(
            "--paste-back", help="Paste the results back into the pictures, where the faces were."
        ),
    ] = False,
    clean: Annotated[
        Literal["auto", "off"] | None,
        typer.Option(
            show_default=False,
            help="Clean photographed and scanned pages where necessary: uneven light, light on "
            "dark, ruled lines, faint strokes. By default as the model was trained: auto.",
        ),
    ] = None,
    eyes: Annotated[
        str | None,
        typer.Option(
            metavar="X1,Y1,X2,Y2",
            help="Outer eye corners, if the face is not detected: in px of the picture as viewers "
            "show it, first the eye that is on your left when the face is upright.",
        ),
    ] = None,
    faithful: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            show_default=False,
            help="How literally to take the strokes: 1 keeps every stroke in place, lower values "
            "let the face only resemble the drawing. By default limner estimates it from the "
            "drawing. For models that were trained for it.",
        ),
    ] = None,
    skin: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            metavar="COLOUR",
            help="Colour of the skin: very light, light, medium, olive, tan, brown, dark, very "
            "dark; monk 1 to monk 10 (the Monk Skin Tone Scale); a CSS colour name; or "
            "#rrggbb.",
        ),
    ] = None,
    hair: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            metavar="COLOUR",
            help="Colour of the hair: black, brown, blond, auburn, red, ginger, grey, silver, "
            "white; dark or light brown, dark blond; a CSS colour name; or #rrggbb.",
        ),
    ] = None,
    eye_colour: Annotated[
        str | None,
        typer.Option(
            "--eye-colour",
            "--eye-color",
            show_default=False,
            metavar="COLOUR",
            help="Colour of the eyes: black, brown, hazel, amber, green, blue, grey; dark brown, "
            "light blue; a CSS colour name; or #rrggbb.",
        ),
    ] = None,
    lips: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            metavar="COLOUR",
            help="Colour of the lips: natural, pale, nude, pink, rose, red, wine, plum, brown; a "
            "CSS colour name; or #rrggbb.",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            metavar="COLOUR",
            help="Colour of the background: white, grey, black, blue, green, brown, beige, red; "
            "light or dark grey; a CSS colour name; or #rrggbb.",
        ),
    ] = None,
    hints: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            metavar="FILE",
            help="Painted colours: a transparent picture of the drawing's size with your strokes "
            "of colour. They override the colours above.",
        ),
    ] = None,
    variants: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            show_default=False,
            help="Write N photos of each drawing, NAME-1, NAME-2, …, with different plausible "
            "colours of skin, hair, eyes and background. Colours that you give are kept.",
        ),
    ] = None,
    face: Annotated[
        Literal["largest", "all"],
        typer.Option(help="Which faces of a picture; `all` writes NAME, NAME-2, NAME-3, …"),
    ] = "largest",
    workers: Workers = 0,
    engine: EngineOption = "local",
    address: Address = "",
) -> None:
    """Turn sketches of faces into photos.

    Cleans each page where necessary, finds the face in any orientation, aligns it as in training
    and translates it. Changes made to a page are reported on stderr.

    - `limner photo drawing.jpg -o photo.png`
    - `limner photo drawings/ -o photos/ --size 512`
    - `limner photo page.png -o page-photo.png --face all --paste-back`
    - `limner photo comic.png -o photo.png --eyes 210,340,395,338`

    A pencil drawing has no colours. Name them, paint them, or choose from several photos:

    - `limner photo drawing.jpg -o photo.png --hair black --skin '#8d5524'`
    - `limner photo drawing.jpg -o photo.png --hints strokes.png`
    - `limner photo drawing.jpg -o photos/ --variants 4 --eye-colour green`
    - `limner photo scribble.png -o photo.png --faithful 0.2`
    """
    from limner import batch
    from limner.directions import SKETCH_TO_PHOTO
    from limner.makers import Photos

    if as_is and face == "all":
        raise UsageError("--aligned means that the picture is one face: leave out --face all")
    if variants and face == "all":
        raise UsageError("--variants works on one face: leave out --face all")
    if put_back and size:
        raise UsageError("--paste-back keeps the size of the picture: leave out --size")
    if eyes is not None and (as_is or face == "all"):
        raise UsageError(
            f"--eyes marks one face: leave out {'--aligned' if as_is else '--face all'}"
        )
    corners = None if eyes is None else _corners(eyes)
    work = batch.jobs(sketches, out, note=complain)
    for option, given in (("--eyes", eyes), ("--hints", hints)):
        if given is not None and len(work) > 1:
            raise UsageError(f"{option} is for one picture, not {len(work)}; name one input")
    colours = {"skin": skin, "hair": hair, "eyes": eye_colour, "lips": lips}
    told = _hints(colours | {"background": background}, hints, variants)
    where = batch.engine_for(work, engine, workers=workers, address=address)
    start = Photos(
        model=model,
        size=size,
        as_is=as_is,
        put_back=put_back,
        clean=clean,
        eyes=corners,
        faithful=faithful,
        every_face=face == "all",
        hints=told,
        variants=variants,
        threads=where.threads,
        direction=SKETCH_TO_PHOTO,
    )
    outcome = batch.run(work, start, engine=where)
    finish(
        outcome,
        faceless="give its outer eye corners with --eyes X1,Y1,X2,Y2, or --aligned if the picture "
        "is an aligned crop",
        several="" if variants else "--face all makes a photo of each face",
    )


def models() -> None:
    """List the models that come with limner."""
    from limner.shipped import DEFAULT_DRAWER, DEFAULT_MODEL, shipped_models
    from limner.translator import Translator

    default_for = {
        DEFAULT_MODEL: " (default of limner photo)",
        DEFAULT_DRAWER: " (default of limner sketch --style model)",
    }
    for name, path in shipped_models().items():
        card = Translator(path).card
        source, made = card.ends
        takes = ", takes colour hints" if card.hints else ""
        typer.echo(
            f"{name}{default_for.get(name, '')}: {source} to {made}, "
            f"{card.preprocessing.size} px{takes}, {path.stat().st_size / 1e6:.1f} MB, "
            f"{card.images_seen:,} images seen in its last run, weights sha256:{card.weights}"
        )


def _corners(text: str) -> tuple[float, ...]:
    try:
        corners = tuple(float(part) for part in text.split(","))
    except ValueError:
        corners = ()
    if len(corners) != 4:
        raise UsageError(f"--eyes is '{text}'; expected X1,Y1,X2,Y2 in px, as 210,340,395,338")
    return corners


def _hints(
    colours: "Mapping[str, str | None]", strokes: str | None, variants: int | None
) -> "Hints | None":
    """The colours that the user gave; None if there are none."""
    given = {part: colour for part, colour in colours.items() if colour is not None}
    if not given and strokes is None:
        return None
    from limner.hints import Hints  # not needed for a drawing without hints

    hints = Hints.of(given, strokes=strokes)
    if variants:
        hints.varied(variants)  # raises errors before any picture is read
    return hints
