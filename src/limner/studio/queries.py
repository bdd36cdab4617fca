"""The parameters of requests, as those of the command line."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from limner.errors import UsageError
from limner.functions import MODEL
from limner.hints.parts import RGB
from limner.images.formats import Format
from limner.sketching import STYLES

__all__ = ["FORMATS", "AlignQuery", "CropQuery", "PhotoQuery", "SketchQuery", "hexadecimal"]

FORMATS: dict[str, tuple[Format, str]] = {
    "png": ("PNG", "image/png"),
    "jpeg": ("JPEG", "image/jpeg"),
    "webp": ("WebP", "image/webp"),
}
"""By the value of `format`: the format, and its media type."""

Model = Annotated[str | None, Field(description="Name from `/v1/models`.", max_length=100)]
AsIs = Annotated[bool, Field(description="The picture is an aligned face: do not look for one.")]
Size = Annotated[int | None, Field(ge=16, le=4096, description="Side of the results in px.")]
Face = Annotated[Literal["largest", "all"], Field(description="Which faces of a picture.")]
Colour = Annotated[
    str | None, Field(max_length=40, description="A name as of `limner photo --help`, or #rrggbb.")
]


def hexadecimal(colour: RGB) -> str:
    """A colour as requests and answers have it: `#rrggbb`."""
    red, green, blue = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlignQuery(_Query):
    """Where a face is looked for, and how the page is cleaned."""

    model: Model = None
    as_is: AsIs = False
    clean: Annotated[
        Literal["auto", "off"] | None, Field(description="Clean the page where necessary.")
    ] = None
    eyes: Annotated[
        str | None,
        Field(
            max_length=100,
            description="Outer eye corners X1,Y1,X2,Y2 in px of the picture as viewers show it, "
            "first the eye that is on the viewer's left when the face is upright.",
        ),
    ] = None
    face: Face = "largest"

    @property
    def corners(self) -> tuple[float, ...] | None:
        """The eyes in numbers. Raises UsageError."""
        if self.eyes is None:
            return None
        try:
            found = tuple(float(part) for part in self.eyes.split(","))
        except ValueError:
            found = ()
        if len(found) != 4:
            raise UsageError(f"eyes is '{self.eyes}'; expected X1,Y1,X2,Y2, as 210,340,395,338")
        return found


class CropQuery(AlignQuery):
    """Faces as they are cut out."""

    size: Annotated[int | None, Field(ge=16, le=2048, description="Side of the crops in px.")] = (
        None
    )


class PhotoQuery(AlignQuery):
    """A photo of a drawing."""

    size: Size = None
    put_back: Annotated[
        bool, Field(description="Paste the photo back into the picture, where the face was.")
    ] = False
    faithful: Annotated[
        float | None,
        Field(ge=0, le=1, description="How literally the strokes are meant, for models that ask."),
    ] = None
    skin: Colour = None
    hair: Colour = None
    eye_colour: Colour = None
    lips: Colour = None
    background: Colour = None
    variants: Annotated[
        int | None, Field(ge=1, le=16, description="So many photos, in different colours.")
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**63, description="Another seed, other colours.")] = 0
    format: Literal["png", "jpeg", "webp"] = "png"

    @property
    def colours(self) -> dict[str, str]:
        """The colours that are given, by part."""
        given = {
            "skin": self.skin,
            "hair": self.hair,
            "eyes": self.eye_colour,
            "lips": self.lips,
            "background": self.background,
        }
        return {part: colour for part, colour in given.items() if colour is not None}

    def check(self) -> None:
        """Raise UsageError for parameters that exclude each other."""
        if self.put_back and self.size:
            raise UsageError("put_back keeps the size of the picture: leave out size")
        if self.variants and self.face == "all":
            raise UsageError("variants are of one face: leave out face=all")
        if self.as_is and self.face == "all":
            raise UsageError("as_is means that the picture is one face: leave out face=all")


class SketchQuery(_Query):
    """A sketch of a photo."""

    style: Annotated[
        str,
        Field(
            max_length=40,
            description="As `limner sketch --style`.",
            json_schema_extra={"enum": [*STYLES, MODEL]},
        ),
    ] = "pencil"
    seed: Annotated[int, Field(ge=0, lt=2**63, description="Chooses the strokes of a style.")] = 0
    model: Model = None
    as_is: AsIs = False
    size: Size = None
    format: Literal["png", "jpeg", "webp"] = "png"
