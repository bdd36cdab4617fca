"""Bytes of picture files to arrays: upright, opaque, 8 bits."""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from limner.errors import ImageError
from limner.images.files import checked, one_line, read_bytes

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels: above any camera's frame that holds one face."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF 2.32, section 4.6.4 A: orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = {5, 6, 7, 8}
"""Orientations in which width and height are stored the other way round."""

# Pillow's own size limit and Python's warning filters are one for the process.
_QUIET = threading.Lock()


def read(
    source: str | Path | bytes | BinaryIO,
    *,
    grey: bool = False,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Read a picture: upright, opaque on white, 8 bits; of an animation, the first frame.

    Args:
        source: a path, the bytes of a picture file, or an open binary file.
        grey: return the luminance only.
        name: what messages call the picture; by default its path.
        max_pixels: refuse larger pictures; looked up in the header, before anything is decoded.

    Returns:
        [H, W, 3] RGB, or [H, W] if `grey`.

    Raises:
        ImageError: missing, unreadable, empty, truncated, not a picture, or too large.
    """
    name = name or _name_of(source)
    file = io.BytesIO(_bytes_of(source, name))
    picture = _open(file, name)
    with picture:
        if picture.format == "EPS":  # a program, which Pillow would have Ghostscript run
            raise ImageError(f"{name}: PostScript is not read; convert it to PNG or JPEG")
        width, height = picture.size
        if width * height > max_pixels:
            raise ImageError(
                f"{name}: {width}x{height} pixels are more than the limit of "
                f"{max_pixels / 1e6:g} million; shrink or crop the picture first"
            )
        try:
            flat = _flatten(picture, mode="L" if grey else "RGB")
            pixels: NDArray[np.uint8] = np.asarray(flat)
            return pixels
        except Exception as error:  # Pillow's decoders raise almost anything on damaged data.
            raise ImageError(
                f"{name}: damaged or cut off ({one_line(error)}); save or download it again"
            ) from error


def header(source: bytes | BinaryIO, *, name: str = "the picture") -> tuple[str, int, int]:
    """Format, width and height in px of the upright picture, without decoding it.

    Raises:
        ImageError: not a picture.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with _open(file, name) as picture:
        width, height = picture.size
        # Pillow turns TIFF by itself, and would decode a PNG to look for EXIF data at its end.
        if "exif" in picture.info and _orientation(picture) in _LYING:
            width, height = height, width
        return picture.format or "unknown", width, height


def _name_of(source: str | Path | bytes | BinaryIO) -> str:
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "name", None)  # An open file knows its path, a pipe only its number.
    return name if isinstance(name, str) else "the picture"


def _bytes_of(source: str | Path | bytes | BinaryIO, name: str) -> bytes:
    if isinstance(source, bytes):
        return checked(source, name)
    try:
        if isinstance(source, str | Path):
            return read_bytes(source, name=name)
        return checked(source.read(), name)
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        cause = getattr(error, "strerror", None) or one_line(error)
        raise ImageError(f"{name}: cannot be read ({cause}); check the path") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let Pillow read metadata without its own size limit and its warnings of damaged EXIF."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(file: BinaryIO, name: str) -> Image.Image:
    """Read the header only."""
    try:
        with _quiet():
            return Image.open(file)
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name}: not a picture in a known format; convert it to PNG or JPEG"
        ) from error
    except Exception as error:  # As above: a damaged header may raise anything.
        raise ImageError(
            f"{name}: damaged header ({one_line(error)}); save or download it again"
        ) from error


def _flatten(picture: Image.Image, *, mode: Literal["L", "RGB"]) -> Image.Image:
    """Decode; then upright, opaque, 8 bits a channel and in `mode`."""
    picture.load()
    flat = _eight_bits(picture)
    if flat.has_transparency_data:
        flat = flat.convert("RGBA")
        paper = Image.new("RGBA", flat.size, "white")
        flat = Image.alpha_composite(paper, flat)
    flat = flat.convert(mode)
    turn = _UPRIGHT.get(_orientation(picture))
    return flat if turn is None else flat.transpose(turn)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale deep grey pictures to 8 bits; Pillow's own conversion clips them."""
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if values.dtype == np.int32:  # how Pillow holds 32 bits without a sign, too
            values = values.view(np.uint32)
        white = 65535 if values.max() <= 65535 else 2**32 - 1
        grey = _to_uint8(values * (255 / white))
        grey[values == picture.info.get("transparency", -1)] = 255
        return Image.fromarray(grey)
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture))
        # Floating-point pictures have no agreed white: 1 and 255 are both common.
        return Image.fromarray(_to_uint8(values * (255 if values.max() <= 1 else 1)))
    return picture


def _to_uint8(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def _orientation(picture: Image.Image) -> int:
    try:
        with _quiet():
            return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # Damaged EXIF data is no reason to refuse a picture.
        return 1
