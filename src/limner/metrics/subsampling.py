"""Subsampling: some of many, evenly and always the same."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["thinned"]


def thinned(count: int, most: int) -> NDArray[np.intp]:
    """Numbers of at most so many of `count` things, spread evenly, the first and last among them.

    Args:
        count: How many there are, at least 1.
        most: How many to take, if there are more, at least 1.
    """
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.intp)
