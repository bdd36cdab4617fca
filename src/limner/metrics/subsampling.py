"""Deterministic, evenly spaced subsampling."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["thinned"]


def thinned(count: int, most: int) -> NDArray[np.intp]:
    """Evenly spaced indices, at most `most` out of `count`, including the first and the last.

    Args:
        count: How many there are, at least 1.
        most: How many to take at most, at least 1.
    """
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.intp)
