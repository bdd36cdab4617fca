"""Hint pictures: known colours at their positions in an aligned crop.

A hint picture is `[S, S, 4]` uint8: RGB and a mask, 255 where a colour is given, 0 (and black)
elsewhere.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.hints.parts import RGB, Part, pixels

__all__ = ["Picture", "over", "place", "planes"]

Picture = NDArray[np.uint8]
"""A hint picture `[S, S, 4]`."""


def place(colours: Mapping[Part, RGB], size: int) -> Picture:
    """Put colours at the places of their parts, see `limner.hints.parts`.

    Args:
        colours: Any parts, or none.
        size: Side S of the crop in px.
    """
    hints = np.zeros((size * size, 4), np.uint8)
    for part, colour in colours.items():
        for place in pixels(part, size):
            hints[place] = (*colour, 255)
    return hints.reshape(size, size, 4)


def over(below: Picture, above: Picture) -> Picture:
    """Lay one hint picture over another of the same size."""
    return np.where(above[..., 3:] > 0, above, below)


def planes(hints: Sequence[Picture] | None, count: int, size: int) -> NDArray[np.float32]:
    """Hint pictures as a network's input, `[N, 4, S, S]`: colours in [-1, 1], and the mask.

    Colours are 0 where the mask is 0; without hints all values are 0.

    Raises:
        UsageError: There are not `count` hint pictures of `size` px per side.
    """
    if hints is None:
        return np.zeros((count, 4, size, size), np.float32)
    if [picture.shape for picture in hints] != [(size, size, 4)] * count:
        found = ", ".join(str(list(picture.shape)) for picture in hints)
        raise UsageError(f"hint pictures are {found}; expected {count} of [{size}, {size}, 4]")
    channels = np.stack(hints).transpose(0, 3, 1, 2).astype(np.float32)
    mask = (channels[:, 3:] > 127).astype(np.float32)
    return np.concatenate([(channels[:, :3] / np.float32(127.5) - 1) * mask, mask], axis=1)
