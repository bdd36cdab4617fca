"""Colour hints: the colours that a drawing does not contain.

A hint picture, `[S, S, 4]` uint8, has colours in the model's aligned crop and a mask of where they
are. `given` makes it from the user's hints (colours by part, which `names` parses and `placing`
places; strokes, which `picture` aligns), `strokes` from a photo, for training; `spots` removes the
traces of placed colours from a photo; `table` has combinations of colours that occur together.
"""

from limner.hints.given import Colour, Hints, HintsInput
from limner.hints.names import NAMES, parse_colour
from limner.hints.parts import PARTS, RGB, Part, colours_of
from limner.hints.placing import over, place, planes
from limner.hints.spots import without_spots
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
    "without_spots",
]
