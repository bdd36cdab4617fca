"""The direction of a model, as networks, runs, model files and the runtime name it."""

from typing import Literal

__all__ = ["CHANNELS", "PHOTO_TO_SKETCH", "SKETCH_TO_PHOTO", "Direction"]

Direction = Literal["sketch-to-photo", "photo-to-sketch"]

SKETCH_TO_PHOTO: Direction = "sketch-to-photo"
PHOTO_TO_SKETCH: Direction = "photo-to-sketch"

CHANNELS = {"sketch": 1, "photo": 3, "literal": 1, "hints": 4}
"""Channels of a picture of each kind: grey; red, green and blue. And of what a generator is told
beside a sketch: how literally it is meant; red, green, blue and a mask."""
