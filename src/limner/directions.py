"""The directions of models, as networks, runs, model files and the runtime name them."""

from typing import Literal

__all__ = ["CHANNELS", "PHOTO_TO_SKETCH", "SKETCH_TO_PHOTO", "Direction"]

Direction = Literal["sketch-to-photo", "photo-to-sketch"]

SKETCH_TO_PHOTO: Direction = "sketch-to-photo"
PHOTO_TO_SKETCH: Direction = "photo-to-sketch"

CHANNELS = {"sketch": 1, "photo": 3, "literal": 1, "hints": 4}
"""Channels of each input of a generator. A sketch is grey, a photo RGB; `literal` is how literally
a sketch is meant, and `hints` are RGB and a mask."""
