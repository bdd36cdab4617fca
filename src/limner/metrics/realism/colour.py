"""Colour: do generated pictures have, on average, the brightness and colours of real ones?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError

__all__ = ["Colour", "colour"]


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Means over all pixels of some pictures, as fractions of white."""

    brightness: float
    """Mean of red, green and blue."""
    saturation: float
    """Largest minus smallest of the three; 0 is grey."""
    red: float
    """Red minus the mean of the three."""
    green: float
    """Green minus the mean of the three."""
    blue: float
    """Blue minus the mean of the three."""

    def minus(self, other: "Colour") -> "Colour":
        """The difference from other pictures."""
        return Colour(
            brightness=self.brightness - other.brightness,
            saturation=self.saturation - other.saturation,
            red=self.red - other.red,
            green=self.green - other.green,
            blue=self.blue - other.blue,
        )


def colour(pictures: NDArray[np.uint8]) -> Colour:
    """The mean colour of pictures.

    Args:
        pictures: `[N, S, S, 3]` RGB, or `[N, S, S]` grey.

    Raises:
        UsageError: The shape is wrong, or there are no pictures.
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
