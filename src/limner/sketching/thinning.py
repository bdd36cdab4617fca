"""Thinning of strokes to one pixel, and their connected components, in NumPy alone.

Both work on the list of inked pixels, a small part of the sheet: well under a millisecond at
128 px.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["components", "thin"]

Ink = NDArray[np.bool_]

_AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""Rows and columns to the eight neighbours, counter-clockwise from the right one."""


def thin(ink: Ink) -> Ink:
    """Thin strokes `[H, W]` to one pixel, without breaking them: Guo and Hall 1989.

    "Parallel Thinning with Two-Subiteration Algorithms" (CACM 32(3)), the first of the two.
    Outside the sheet is paper.
    """
    sheet = np.pad(ink, 1).astype(np.uint8)
    flat = sheet.ravel()  # a view
    offsets = _offsets(sheet.shape[1])
    inked = np.flatnonzero(flat)
    done = False
    while not done:
        done = True
        for deletable in _deletable():
            code = np.zeros(len(inked), np.uint8)
            for bit, offset in enumerate(offsets):
                code |= flat[inked + offset] << np.uint8(bit)
            gone = deletable[code]
            if gone.any():
                done = False
                flat[inked[gone]] = 0
                inked = inked[~gone]
    thinned: Ink = sheet[1:-1, 1:-1].astype(bool)
    return thinned


def components(ink: Ink) -> tuple[NDArray[np.intp], int]:
    """Number the connected components of strokes `[H, W]`, corners included.

    Every pixel takes the lowest number around it, and then that of the pixel with this number,
    until nothing changes. Because of these jumps a long line takes few rounds (Shiloach and Vishkin
    1982, "An O(log n) Parallel Connectivity Algorithm").

    Returns:
        `[H, W]`, 0 = paper, the strokes 1, 2, ... in order of their rows; and their number.
    """
    sheet = np.pad(ink, 1)
    inked = np.flatnonzero(sheet)
    number = np.zeros(sheet.size, np.intp)
    number[inked] = np.arange(len(inked))
    nearby = np.stack([inked + offset for offset in _offsets(sheet.shape[1])])
    nearby = np.where(sheet.ravel()[nearby], number[nearby], np.arange(len(inked)))
    root = np.arange(len(inked))
    while True:
        lowest = np.minimum(root, root[nearby].min(axis=0))
        np.minimum.at(lowest, root, lowest.copy())
        lowest = lowest[lowest]
        if np.array_equal(lowest, root):
            break
        root = lowest
    # The lowest pixel of each stroke comes first.
    roots, labels = np.unique(root, return_inverse=True)
    numbered = np.zeros(sheet.size, np.intp)
    numbered[inked] = labels + 1
    return numbered.reshape(sheet.shape)[1:-1, 1:-1], len(roots)


def _offsets(width: int) -> list[int]:
    """Offsets of the neighbours in a flattened sheet of this width."""
    return [down * width + right for down, right in _AROUND]


@lru_cache(maxsize=1)
def _deletable() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each step deletes a pixel, `[256]`: bit n of the index is neighbour n of `_AROUND`.

    It is deleted if the ink around it is connected without it (G1), if it is not the end of a
    stroke and is on an edge (G2), the upper right one in the first step and the lower left one in
    the second (G3).
    """
    x = ((np.arange(256) >> np.arange(8)[:, None]) & 1).astype(bool)
    corners = (1, 3, 5, 7)
    pieces = sum((~x[n - 1] & (x[n] | x[(n + 1) % 8])).astype(int) for n in corners)
    pairs = (
        sum((x[n] | x[n - 1]).astype(int) for n in corners),
        sum((x[n] | x[(n + 1) % 8]).astype(int) for n in corners),
    )
    least = np.minimum(*pairs)
    free = (pieces == 1) & (least >= 2) & (least <= 3)
    return (
        free & ~((x[1] | x[2] | ~x[7]) & x[0]),
        free & ~((x[5] | x[6] | ~x[3]) & x[4]),
    )
