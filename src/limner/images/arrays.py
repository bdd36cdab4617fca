"""Operations on pictures as arrays: resizing, greyscale, contact sheets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in grey: ITU-R BT.601, as in Pillow."""


def resize(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize a square picture [S, S, 3] to [side, side, 3]."""
    size = (side, side)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luminance [H, W] of [H, W, 3] RGB; grey stays as it is."""
    return np.asarray(Image.fromarray(image).convert("L"))


def montage(rows: Sequence[Sequence[NDArray[np.uint8]]], *, gap: int = 2) -> NDArray[np.uint8]:
    """Lay pictures out in rows on white; all cells have the size of the largest picture.

    Args:
        rows: pictures [H, W, 3] or [H, W]; rows may differ in length.
        gap: px between the cells.

    Returns:
        [H, W, 3] RGB.
    """
    pictures = [picture for row in rows for picture in row]
    height = max(picture.shape[0] for picture in pictures) + gap
    width = max(picture.shape[1] for picture in pictures) + gap
    columns = max(len(row) for row in rows)
    sheet = np.full((height * len(rows) + gap, width * columns + gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = gap + i * height, gap + j * width
            shown = picture if picture.ndim == 3 else picture[..., None]
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = shown
    return sheet
