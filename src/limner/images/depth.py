"""Samples of any depth to 8 bits, scaled by the depth that they use.

Cameras and scanners store 10, 12 or 14 bits in files and arrays of 16, mostly without recording it.
Read as 16 bits, such a picture would be almost black.
"""

import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEPTHS = (8, 10, 12, 14, 16)
_SHALLOW = 64
"""If all high bytes are below this, there are 14 bits or fewer."""
_OTHER_BYTE = {
    ";16L": ";16B",
    ";16B": ";16L",
    ";16N": ";16B" if sys.byteorder == "little" else ";16L",
}


def eight_bits(values: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """Convert samples from 0 to 65535 to 8 bits; white is the largest value of their depth.

    The depth is the smallest of 8, 10, 12, 14 and 16 bits.
    """
    largest = int(values.max())
    white = next(2**bits - 1 for bits in _DEPTHS if largest < 2**bits)
    if white == 255:
        return values.astype(np.uint8)
    table = rounded(np.arange(white + 1) * (255 / white))
    pixels: NDArray[np.uint8] = table[values]
    return pixels


def rounded(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Round samples to [0, 255]; others are clipped."""
    pixels: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def shallow(picture: Image.Image, data: bytes) -> Image.Image:
    """Decode a picture; deep grey, and colour of 10 to 14 bits in 16, is converted to 8 bits.

    Args:
        picture: Opened, and not decoded yet.
        data: The file from which it was opened; b"" if unknown, and then 16-bit colour stays as
            Pillow decodes it.
    """
    tiles = getattr(picture, "tile", [])  # how to decode the file; empty once decoded
    swapped = [(tile, args) for tile in tiles if (args := _other_byte(tile.args))]
    picture.load()
    if not swapped or not data or picture.mode not in ("RGB", "RGBA"):
        return grey_to_eight_bits(picture)
    # Pillow keeps one byte of two: the high one, unless their order is given as reversed.
    high = np.asarray(picture)
    if high[..., :3].max() >= _SHALLOW:
        return picture
    # Opacity is of the same depth, or else of 16 bits.
    shallow_ones = slice(None if high.max() < _SHALLOW else 3)
    with Image.open(io.BytesIO(data), formats=[picture.format or ""]) as again:
        again.tile = [tile._replace(args=args) for tile, args in swapped]
        low = np.asarray(again)
    shown = high.copy()
    shown[..., shallow_ones] = eight_bits((high.astype(np.uint16) << 8 | low)[..., shallow_ones])
    return Image.fromarray(shown)


def grey_to_eight_bits(picture: Image.Image) -> Image.Image:
    """Scale deep grey pictures to 8 bits, where Pillow's own conversion clips; leave others."""
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if values.dtype == np.int32:  # Pillow uses it for unsigned 32 bits, too
            values = values.view(np.uint32)
        if values.max() <= 65535:
            grey = eight_bits(values)
        else:
            grey = rounded(values * (255 / (2**32 - 1)))
        grey[values == picture.info.get("transparency", -1)] = 255
        return Image.fromarray(grey)
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture))
        # Floating-point pictures have no standard white: 1 and 255 are both common.
        return Image.fromarray(rounded(values * (255 if values.max() <= 1 else 1)))
    return picture


def _other_byte(args: Any) -> Any:
    """The arguments of a decoder of 16-bit samples, changed to keep the low byte; None for others.

    They are the raw mode, or a tuple that begins with it.
    """
    if isinstance(args, tuple):
        mode = _other_byte(args[0]) if args else None
        return mode and (mode, *args[1:])
    if not isinstance(args, str) or args[-4:] not in _OTHER_BYTE:
        return None
    return args[:-4] + _OTHER_BYTE[args[-4:]]
