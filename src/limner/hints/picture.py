"""Strokes of colour that a user painted over a drawing, aligned with its face."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner import images
from limner.errors import ImageError
from limner.faces import Aligned
from limner.faces.warp import inverse
from limner.hints.placing import Picture
from limner.images import ImageInput

__all__ = ["Strokes"]

_OPAQUE = 64
"""Smallest alpha at which a pixel of the crop counts as painted: a thin stroke on a large page
covers only a part of a pixel."""
_SHAPE = 0.02
"""Largest relative difference of the aspect ratios of both pictures, from rounding."""


@dataclass(frozen=True, eq=False)
class Strokes:
    """A transparent picture over a drawing."""

    pixels: NDArray[np.uint8]
    """`[H, W, 4]` RGBA, upright."""
    name: str
    """Its name in messages."""

    @classmethod
    def of(cls, picture: ImageInput, *, name: str | None = None) -> Self:
        """Read one, in any form that `images.load` takes.

        Raises:
            ImageError: It cannot be read, has no transparent part, or is empty.
        """
        name = name or images.name_of(picture, "the hint picture")
        pixels = images.load(picture, name=name, transparent=True)
        alpha = pixels[..., 3]
        if alpha.min() == 255:
            raise ImageError(
                f"{name} has no transparent part, so its paper would count as colour; paint on a "
                "transparent layer over the drawing and save only that layer, as PNG"
            )
        if not alpha.any():
            raise ImageError(f"{name} is empty: nothing is painted on it; paint some colours")
        return cls(pixels, name)

    def in_frame(self, aligned: Aligned, shape: tuple[int, ...], *, drawing: str) -> Picture:
        """The strokes in the model's input, aligned and cropped like the drawing.

        Args:
            aligned: The face of the drawing.
            shape: Height and width of the drawing, in px.
            drawing: Name of the drawing in messages.

        Raises:
            ImageError: The picture has another shape than the drawing.
        """
        (height, width), (tall, wide) = self.pixels.shape[:2], shape[:2]
        across, down = wide / width, tall / height
        if abs(across / down - 1) > _SHAPE:
            raise ImageError(
                f"{self.name} is {width}x{height} px and {drawing} {wide}x{tall}; paint over the "
                "whole drawing, at its size or with its aspect ratio"
            )
        transform = aligned.transform.copy()
        transform[:, 0] *= across
        transform[:, 1] *= down
        picture = Image.fromarray(self.pixels)
        shrink = float(np.hypot(*transform[:, 0]))
        if shrink < 1:  # shrink first, since a transform alone skips pixels
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
            picture = picture.resize(size, Image.Resampling.BOX)
            transform[:, 0] *= width / size[0]
            transform[:, 1] *= height / size[1]
        # Pillow multiplies colours by alpha before it mixes them; outside all is transparent.
        side = aligned.image.shape[0]
        warped = picture.transform(
            (side, side),
            Image.Transform.AFFINE,
            tuple(inverse(transform).ravel().tolist()),
            Image.Resampling.BILINEAR,
        )
        hints = np.array(warped)
        painted = hints[..., 3] >= _OPAQUE
        hints[..., 3] = 255 * painted
        hints[~painted] = 0
        return hints
