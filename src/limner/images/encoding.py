"""Arrays to the bytes of picture files, with their provenance."""

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from limner.errors import ImageError
from limner.images.files import write_bytes
from limner.images.formats import Format, format_of
from limner.provenance import Provenance

_SAVE_OPTIONS: dict[Format, dict[str, Any]] = {
    # Run-length encoding only: twice as fast as level 4, and faces get 2% longer.
    "PNG": {"compress_level": 1, "compress_type": zlib.Z_RLE},
    "JPEG": {"quality": 92, "subsampling": 0},
    "WebP": {"quality": 92},
}
_LONGEST: dict[Format, int] = {"JPEG": 65_500, "WebP": 16_383}
"""Longest side in px, where it is limited: libjpeg's `JPEG_MAX_DIMENSION`, and WebP's 14 bits."""


def encode(
    image: NDArray[np.uint8],
    provenance: Provenance | None = None,
    format: Format = "PNG",  # noqa: A002 - as Pillow calls it
    *,
    name: str = "the result",
) -> bytes:
    """Encode [H, W, 3] RGB or [H, W] grey as the bytes of a picture file.

    Raises:
        ImageError: The picture is longer than the format allows; `name` is its name in the message.
    """
    height, width = image.shape[:2]
    if max(height, width) > _LONGEST.get(format, max(height, width)):
        raise ImageError(
            f"{name}: {width}x{height} pixels are too long for {format}, which ends at "
            f"{_LONGEST[format]}; write a PNG"
        )
    options = dict(_SAVE_OPTIONS[format])
    if provenance and format == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Software", provenance.software)
        texts.add_itxt("limner:model", provenance.maker)
        texts.add_itxt("XML:com.adobe.xmp", provenance.xmp.decode())
        options["pnginfo"] = texts
    elif provenance:
        options["xmp"] = provenance.xmp
    file = io.BytesIO()
    Image.fromarray(image).save(file, format, **options)
    return file.getvalue()


def write(path: str | Path, image: NDArray[np.uint8], provenance: Provenance | None = None) -> None:
    """Write [H, W, 3] RGB or [H, W] grey in the format that the suffix names, all or nothing.

    Raises:
        UsageError: the suffix is none of .png, .jpg, .jpeg and .webp.
        ImageError: see `encode`.
        OutputError: see `write_bytes`.
    """
    write_bytes(path, encode(image, provenance, format_of(path), name=str(path)))
