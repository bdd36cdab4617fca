"""Colour hints: the colours that a drawing does not contain.

A hint picture, `[S, S, 4]` uint8, has colours in the model's aligned frame and a mask that says
where. `given` makes it of what a user says (colours by part, which `names` reads and `placing` puts
in place; strokes, which `picture` aligns), `strokes` of a photo, to train with; `table` knows which
colours go together.
"""

from limner.hints.given import Colour, Hints, HintsInput
from limner.hints.names import NAMES, parse_colour
from limner.hints.parts import PARTS, RGB, Part, colours_of
from limner.hints.placing import over, place, planes
from limner.hints.strokes import random_hints
from limner.hints.table import sampled_colours

__all__ = [
    "NAMES",
    "PARTS",
    "RGB",
    "Colour",
    "Hints",
    "HintsInput",
    "Part",
    "colours_of",
    "over",
    "parse_colour",
    "place",
    "planes",
    "random_hints",
    "sampled_colours",
]
