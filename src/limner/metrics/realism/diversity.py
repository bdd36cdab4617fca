"""Diversity: do pictures differ from each other as much as real ones?

A collapsed generator generates the same picture for every input. The distances between its pictures
are then 0, whatever they look like.
"""

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError

__all__ = ["diversity"]

_SIDE = 16
"""Side to which pictures are averaged down: shapes and tones count, grain does not."""


def diversity(generated: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """Mean distance between two generated pictures, as a multiple of that between two real ones.

    Generated pictures have different inputs, so it also shows how much the input decides: 0 is a
    collapse, 1 is as for real pictures, above 1 there is noise.

    Args:
        generated: `[N, S, S]` or `[N, S, S, 3]`, N at least 2.
        real: `[M, S, S]` or `[M, S, S, 3]`, M at least 2.

    Raises:
        UsageError: There are fewer, or the shapes are wrong.
    """
    spreads = [_spread(pictures) for pictures in (generated, real)]
    return float(spreads[0] / max(spreads[1], 1e-9))


def _spread(pictures: NDArray[np.uint8]) -> float:
    """Mean Euclidean distance of two pictures, averaged down."""
    if pictures.ndim not in (3, 4) or len(pictures) < 2:
        raise UsageError(
            f"pictures are {list(pictures.shape)}; expected [N, S, S] or [N, S, S, 3], N at least 2"
        )
    count, side = pictures.shape[:2]
    block = max(1, side // _SIDE)
    whole = side // block * block
    cut = pictures[:, :whole, :whole].astype(np.float64)
    blocks = cut.reshape(count, whole // block, block, whole // block, block, -1)
    rows = blocks.mean(axis=(2, 4)).reshape(count, -1)
    distances = [np.linalg.norm(rows[i + 1 :] - rows[i], axis=1) for i in range(count - 1)]
    return float(np.concatenate(distances).mean() / np.sqrt(rows.shape[1]))
