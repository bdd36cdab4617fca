"""Randomness of a run: a function of the seed, its purpose, and the image's number.

Nothing random has to be stored, so that a run resumes from any image exactly as it would have.
"""

from enum import IntEnum

import numpy as np

__all__ = ["Stream", "generator_of"]


class Stream(IntEnum):
    """What random numbers are drawn for: each has a stream of its own."""

    PHOTO_ORDER = 0
    PHOTO = 1
    LABELS = 2
    GRID = 3
    SKETCH_ORDER = 4
    SKETCH = 5
    POOL = 6
    AUGMENTATION = 7
    SCORES = 8
    HINTS = 9
    RETURN = 10
    CROP = 11
    EXPOSURE = 12


def generator_of(seed: int, stream: Stream, *numbers: int) -> np.random.Generator:
    """The random numbers for one image, or for one epoch."""
    return np.random.default_rng([seed, int(stream), *numbers])
