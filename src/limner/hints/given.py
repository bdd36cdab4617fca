"""Colour hints of a user, converted to the inputs of a model."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from limner.errors import ImageError, UsageError
from limner.faces import Aligned
from limner.hints.names import parse_colour
from limner.hints.parts import PARTS, RGB, Part
from limner.hints.picture import Strokes
from limner.hints.placing import Picture, over, place
from limner.hints.table import VARIED, sampled_colours
from limner.images import ImageInput

__all__ = ["Colour", "Hints", "HintsInput"]

Colour = str | Sequence[int]
"""A colour as `parse_colour` reads it, or red, green and blue in 0..255."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hints:
    """Which colours a photo should have, and where.

    ```python
    from limner.hints import Hints

    hints = Hints.of({"hair": "dark brown", "skin": "#8d5524"})
    ```
    """

    colours: Mapping[Part, RGB] = field(default_factory=dict)
    """Colours of parts of the face, placed at the usual positions of these parts."""
    strokes: Strokes | None = None
    """Painted over the drawing, on top of the other colours."""

    @classmethod
    def of(cls, given: "HintsInput | None" = None, *, strokes: ImageInput | None = None) -> Self:
        """Hints from colours by part, and a picture painted over the drawing.

        Args:
            given: A colour for any of `skin`, `hair`, `eyes`, `lips` and `background`: a name in
                `limner.hints.NAMES`, `#rrggbb`, a CSS colour name, or three numbers; or hints,
                which stay as they are.
            strokes: A transparent picture of the drawing's size or proportions.

        Raises:
            UsageError: A part or a colour is unknown.
            ImageError: The strokes cannot be read, have no transparent part, or are empty.
        """
        painted = None if strokes is None else Strokes.of(strokes)
        if isinstance(given, Hints):
            return cls(colours=given.colours, strokes=painted or given.strokes)
        colours = dict(_colour(part, colour) for part, colour in (given or {}).items())
        return cls(colours=colours, strokes=painted)

    def __bool__(self) -> bool:
        return bool(self.colours) or self.strokes is not None

    def varied(self, count: int, *, seed: int = 0) -> "list[Hints]":
        """The same hints, completed with different plausible colours.

        Args:
            count: How many hints to return, 1 or more.
            seed: Another seed gives other colours.

        Raises:
            UsageError: `count` is below 1, or no part is left to vary.
        """
        if count < 1:
            raise UsageError(f"{count} variants; it must be at least 1")
        if set(VARIED) <= self.colours.keys():
            raise UsageError(
                f"the colours of {', '.join(VARIED)} are all given, and variants differ only in "
                "these: leave one of them out"
            )
        rng = np.random.default_rng(seed)
        drawn: list[dict[Part, RGB]] = []
        for _ in range(count):
            drawn.append(sampled_colours(rng, kept=self.colours, others=drawn))
        return [replace(self, colours=colours) for colours in drawn]

    def drawn(
        self, faces: Sequence[Aligned], shape: tuple[int, ...], *, name: str = "the drawing"
    ) -> list[Picture]:
        """A hint picture `[S, S, 4]` for each face of a drawing.

        Args:
            faces: Its aligned faces.
            shape: Its height and width in px.
            name: Its name in messages.

        Raises:
            ImageError: The strokes have another shape than the drawing, or none of them is on a
                face.
        """
        placed = [place(self.colours, face.image.shape[0]) for face in faces]
        if self.strokes is None:
            return placed
        painted = [self.strokes.in_frame(face, shape, drawing=name) for face in faces]
        if not any(picture.any() for picture in painted):
            raise ImageError(
                f"none of the strokes of {self.strokes.name} is on the face of {name}, or they are "
                "too thin to be visible there; paint on the face, with a broader brush"
            )
        return [over(*pair) for pair in zip(placed, painted, strict=True)]


HintsInput = Hints | Mapping[str, Colour]
"""Hints, or colours by part as `Hints.of` takes them."""


def _colour(name: str, colour: Colour) -> tuple[Part, RGB]:
    if name not in PARTS:
        raise UsageError(f"'{name}' has no colour; choose from {', '.join(PARTS)}")
    part: Part = name
    if isinstance(colour, str):
        return part, parse_colour(colour, part)
    try:
        red, green, blue = map(operator.index, colour)
    except (TypeError, ValueError):
        red = green = blue = -1
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise UsageError(
            f"the colour of {part} is {colour!r}; expected red, green and blue in 0..255, or a name"
        )
    return part, (red, green, blue)
