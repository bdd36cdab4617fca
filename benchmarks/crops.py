"""Aligned crops of one size, for models of another."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.translator import Translator

Crops = NDArray[np.uint8]


def translated(translator: Translator, crops: Iterable[Crops]) -> Crops:
    """Results `[N, S, S, 3]` or `[N, S, S]` of crops `[S, S]` or `[S, S, 3]`.

    A model of another size gets crops of that size, and its results are resized to `S`.
    """
    given = list(crops)
    side = translator.card.preprocessing.size
    made = translator.batch([images.resize(crop, side) for crop in given])
    return np.stack([images.resize(one, len(given[0])) for one in made])
