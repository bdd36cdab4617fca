"""Reads the file of dlib's face descriptor: the network's architecture, and its parameters.

ResNet-29 (King, "High Quality Face Recognition with Deep Metric Learning", 2017): a convolution of
7x7, then blocks of two 3x3 convolutions with a shortcut.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEAN", "SIDE", "STAGES", "parameters"]

SIDE = 150
"""Side of its input in px."""
MEAN = (122.782, 117.001, 104.298)
"""Subtracted from red, green and blue before they are divided by 256 (`input_rgb_image`)."""
STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Groups of blocks: channels, number of blocks, and whether the first one halves the size."""


def parameters(content: bytes, layer: bytes, *, sizes: int = 0) -> Iterator[NDArray[np.float32]]:
    """The parameters of each layer of one kind, from the input on, `[n]` each.

    dlib writes a layer as its name (length, characters), for some kinds a few sizes, and then
    its parameters as a tensor: a version, four extents, and float32, little endian. Integers are
    one byte with the number of bytes that follow, then those.

    Args:
        content: Contents of the file.
        layer: Name of the kind, e.g. `con_4` for a convolution.
        sizes: How many numbers there are between the name and the tensor.

    Raises:
        ValueError: A tensor is of an unknown version, or the file ends too early.
        IndexError: The file ends within a number.
    """
    mark = b"\x01" + bytes([len(layer)]) + layer
    at = content.find(mark)
    while at >= 0:
        at += len(mark)
        for _ in range(sizes):
            _, at = _integer(content, at)
        version, at = _integer(content, at)
        if version != 2:
            raise ValueError(f"its {layer.decode()} layer contains a tensor of an unknown version")
        size = 1
        for _ in range(4):
            extent, at = _integer(content, at)
            size *= extent
        yield np.frombuffer(content, "<f4", count=size, offset=at).astype(np.float32)
        at = content.find(mark, at + 4 * size)


def _integer(content: bytes, at: int) -> tuple[int, int]:
    length = content[at]
    return int.from_bytes(content[at + 1 : at + 1 + length], "little"), at + 1 + length
