"""Replaces the background of a photo with white paper, as in a drawing."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.sketching.filters import Grey, blur, product

_CELLS = 32  # the mask has this many cells per side: its edge is soft anyway
_BORDER = 2
_SAMPLED_ROWS = 12  # of the border: further down, hair and shoulders reach it


def erase_background(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whiten an aligned face photo `[H, W, 3]` where it looks like its upper border.

    An ellipse around the head is always kept, and so is what differs from the border, as hair and
    clothes mostly do.
    """
    h, w = photo.shape[:2]
    mask = product(product(_to_pixels(h), _person(photo)), _to_pixels(w).T)[..., None]
    return np.float32(1) - mask * (np.float32(1) - photo)


def _person(photo: NDArray[np.float32]) -> Grey:
    """Confidence that a cell `[32, 32]` belongs to the person, in [0, 1]."""
    h, w = photo.shape[:2]
    rows = product(_to_cells(h), photo.reshape(h, w * 3)).reshape(_CELLS, w, 3)
    colours = _to_cells(w) @ rows
    rim = np.concatenate([colours[:_SAMPLED_ROWS, :_BORDER], colours[:_SAMPLED_ROWS, -_BORDER:]])
    samples = rim.reshape(-1, 3)[::3]
    cells = colours.reshape(-1, 3)
    # Squared distance to the nearest sample, expanded into one matrix product.
    cross = cells @ samples.T
    distance = (cells**2).sum(1) + ((samples**2).sum(1) - 2 * cross).min(1)
    differs = np.clip(distance.reshape(_CELLS, _CELLS) / 0.03, 0, 1)
    return blur(np.maximum(_ellipse(), differs).astype(np.float32), 3)


@lru_cache(maxsize=1)
def _ellipse() -> Grey:
    """Mask of the head of an aligned crop: 1 on it, falling to 0 around it, `[32, 32]`."""
    at = (np.arange(_CELLS) + 0.5) / _CELLS
    radius = np.hypot((at[:, None] - 0.45) / 0.5, (at - 0.5) / 0.33)
    return np.clip((1.25 - radius) * 4, 0, 1).astype(np.float32)


@lru_cache(maxsize=16)
def _to_cells(size: int) -> Grey:
    """Matrix `[32, size]` that averages pixels to cells."""
    edges = np.linspace(0, size, _CELLS + 1)
    pixel = np.arange(size)
    covered = np.minimum(pixel + 1, edges[1:, None]) - np.maximum(pixel, edges[:-1, None])
    return (covered.clip(0) * _CELLS / size).astype(np.float32)


@lru_cache(maxsize=16)
def _to_pixels(size: int) -> Grey:
    """Matrix `[size, 32]` of linear interpolation between the centres of cells."""
    at = ((np.arange(size) + 0.5) * _CELLS / size - 0.5).clip(0, _CELLS - 1)
    return (1 - np.abs(at[:, None] - np.arange(_CELLS))).clip(0).astype(np.float32)
