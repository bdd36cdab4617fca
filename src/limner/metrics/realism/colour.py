"""Colour: have generated pictures, on average, the light and the colours of real ones?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError

__all__ = ["Colour", "colour"]


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Means over all pixels of some pictures, as shares of white."""

    brightness: float
    """Of red, green and blue together."""
    saturation: float
    """Greatest less least of the three; 0 is grey."""
    red: float
    """How far red is above the mean of the three."""
    green: float
    """How far green is."""
    blue: float
    """How far blue is."""

    def minus(self, other: "Colour") -> "Colour":
        """How far these are from other pictures."""
        return Colour(
            brightness=self.brightness - other.brightness,
            saturation=self.saturation - other.saturation,
            red=self.red - other.red,
            green=self.green - other.green,
            blue=self.blue - other.blue,
        )


def colour(pictures: NDArray[np.uint8]) -> Colour:
    """What the pictures have on average.

    Args:
        pictures: `[N, S, S, 3]` RGB, or `[N, S, S]` grey.

    Raises:
        UsageError: The shape is another one, or there is no picture.
    """
    grey = pictures.ndim == 3
    if not pictures.size or not (grey or (pictures.ndim == 4 and pictures.shape[3] == 3)):
        raise UsageError(f"pictures are {list(pictures.shape)}; expected [N, S, S, 3] or [N, S, S]")
    if grey:
        brightness = float(pictures.mean()) / 255
        return Colour(brightness=brightness, saturation=0, red=0, green=0, blue=0)
    means = pictures.mean(axis=(0, 1, 2)) / 255
    spread = np.ptp(pictures.astype(np.int16), axis=3).mean() / 255
    red, green, blue = (means - means.mean()).tolist()
    return Colour(
        brightness=float(means.mean()),
        saturation=float(spread),
        red=red,
        green=green,
        blue=blue,
    )
