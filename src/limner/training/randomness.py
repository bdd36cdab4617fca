"""Randomness of a run: a function of the seed, its purpose, and the image's number.

No random state has to be stored, and a run that resumes from any image gives the same results.
"""

from enum import IntEnum

import numpy as np

__all__ = ["Stream", "generator_of"]


class Stream(IntEnum):
    """Purposes of random numbers; each has its own stream."""

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
