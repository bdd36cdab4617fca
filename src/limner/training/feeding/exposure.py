"""Lighter photos, for datasets that have few light ones, and photos in another light.

Luminance follows a gamma curve. Hue and saturation stay, as with a longer exposure: a gamma of each
channel would leave light skin grey. Colours brighter than white are desaturated until they fit.
Another light multiplies red, green and blue, like another white balance.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["expose", "expose_batch", "lift", "tint"]

DARK = 125
"""Faces with a median grey level below this, of 0..255, are lightened ..."""
GREY = 150
"""... halfway to this level."""


def expose(photo: NDArray[np.uint8], gamma: float) -> NDArray[np.uint8]:
    """Lighten a photo `[H, W, 3]` by a gamma below 1, or darken; black and white do not change."""
    levels = photo.astype(np.int32)
    grey = (299 * levels[..., :1] + 587 * levels[..., 1:2] + 114 * levels[..., 2:] + 500) // 1000
    gains = _gains(gamma)[grey]
    lit, grey = levels.astype(np.float32) * gains, grey.astype(np.float32) * gains
    # Much faster than NumPy's maximum along an axis of three.
    peak = np.maximum(np.maximum(lit[..., :1], lit[..., 1:2]), lit[..., 2:])
    share = np.where(peak > 255, (255 - grey) / np.maximum(peak - grey, 1), np.float32(1))
    exposed: NDArray[np.uint8] = np.rint(grey + share * (lit - grey)).clip(0, 255).astype(np.uint8)
    return exposed


def expose_batch(photos: Tensor, gammas: list[float]) -> Tensor:
    """The same on the photos' device: levels 0..255 `[B, 3, H, W]` and a gamma for each."""
    levels = photos.round().clamp(0, 255).to(torch.int32)
    red, green, blue = levels[:, :1], levels[:, 1:2], levels[:, 2:]
    grey = (299 * red + 587 * green + 114 * blue + 500) // 1000
    tables = torch.from_numpy(np.stack([_gains(gamma) for gamma in gammas])).to(photos.device)
    gains = tables.gather(1, grey.flatten(1).long()).view(grey.shape)
    lit, whitened = levels * gains, grey * gains
    peak = lit.amax(dim=1, keepdim=True)
    share = torch.where(peak > 255, (255 - whitened) / (peak - whitened).clamp(min=1), 1.0)
    exposed: Tensor = (whitened + share * (lit - whitened)).round().clamp(0, 255)
    return exposed


def tint(photo: NDArray[np.uint8], gains: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Multiply the colours of a photo `[H, W, 3]` by three gains, up to white."""
    levels = np.arange(256)[:, None] * gains
    tables = np.rint(levels).clip(0, 255).astype(np.uint8)
    return np.stack([tables[photo[..., channel], channel] for channel in range(3)], axis=-1)


def lift(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a dark face halfway to mid-grey by a gamma; leave others unchanged.

    If the median grey level m of the middle of the crop, a quarter of the side away from its edges,
    is below 125, it becomes (m + 150) / 2.

    Args:
        photo: An aligned crop, `[S, S, 3]`.
    """
    side = photo.shape[0]
    inner = slice(side // 4, side - side // 4)
    red, green, blue = np.moveaxis(photo[inner, inner].astype(np.int32), 2, 0)
    median = float(np.median(red + green + blue)) / 3
    if median >= DARK:
        return photo
    # At lower levels the gamma would amplify noise: levels below 8 count as 8.
    gamma = np.log((median + GREY) / 2 / 255) / np.log(max(median, 8) / 255)
    return expose(photo, float(gamma))


def _gains(gamma: float) -> NDArray[np.float32]:
    """By how much each grey level is multiplied, `[256]`."""
    grey = np.maximum(np.arange(256), 1) / 255
    return (grey ** (gamma - 1)).astype(np.float32)
