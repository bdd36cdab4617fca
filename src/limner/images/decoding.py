"""Bytes of picture files to arrays: upright, opaque, 8 bits."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from limner.errors import ImageError, MissingExtraError
from limner.images import foreign
from limner.images.depth import shallow
from limner.images.files import checked, one_line, read_bytes
from limner.locks import ForkLock

FileInput = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A picture file: its path, its bytes, or the file opened for reading in binary mode."""

Mode = Literal["L", "RGB", "RGBA"]
"""Pillow's names of the modes that pictures are decoded to."""

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels: more than any camera's photo of one face."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF 2.32, section 4.6.4 A: orientation -> transpose that makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = {5, 6, 7, 8}
"""Orientations in which width and height are swapped."""

_TIFF = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
"""What TIFF files begin with, small or big, of either byte order."""
_HEAD = 4096
"""Bytes from which other kinds of files are recognised."""
_TIFF_SUBFILE, _TIFF_BELOW, _TIFF_DNG_VERSION = 254, 330, 50706
_PSD_VERSION_INFO = 1057

# Pillow's own size limit and Python's warning filters are global to the process.
_QUIET = ForkLock()


def read(
    source: FileInput,
    *,
    grey: bool = False,
    transparent: bool = False,
    name: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Read a picture: upright, opaque on white, 8 bits; the first frame of an animation.

    16-bit samples are scaled by the depth that they use (see `depth.eight_bits`).

    Args:
        source: a path, the bytes of a picture file, or an open binary file.
        grey: return the luminance only.
        transparent: keep the transparency.
        name: the picture's name in messages; by default its path.
        max_pixels: refuse larger pictures; read from the header, before anything is decoded.

    Returns:
        [H, W, 3] RGB, [H, W] if `grey`, or [H, W, 4] RGBA if `transparent`.

    Raises:
        ImageError: missing, unreadable, empty, truncated, not a picture, or too large.
    """
    name = name or name_of(source)
    data = _bytes_of(source, name)
    mode: Mode = "L" if grey else "RGBA" if transparent else "RGB"
    with _open(io.BytesIO(data), name) as picture:
        return pixels_of(picture, name, data, mode=mode, max_pixels=max_pixels)


def pixels_of(
    picture: Image.Image,
    name: str,
    data: bytes = b"",
    *,
    mode: Mode = "RGB",
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Decode a Pillow picture, as `read` does; `data` is the file from which it was opened."""
    check_size(*picture.size, name, max_pixels)
    try:
        flat = _flatten(picture, data, mode)
        pixels: NDArray[np.uint8] = np.asarray(flat)
        return pixels
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise almost anything on damaged data.
        raise ImageError(
            f"{name}: damaged or cut off ({one_line(error)}); save or download it again"
        ) from error


def check_size(width: int, height: int, name: str, max_pixels: int = MAX_PIXELS) -> None:
    """Raise ImageError if a picture has no pixels, or more than `max_pixels`."""
    if width * height == 0:
        raise ImageError(f"{name}: {width}x{height} pixels; expected at least one")
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: {width}x{height} pixels are more than the limit of "
            f"{max_pixels / 1e6:g} million; shrink or crop the picture first"
        )


def header(source: bytes | BinaryIO, *, name: str = "the picture") -> tuple[str, int, int]:
    """Format, width and height in px of the upright picture, without decoding it.

    Raises:
        ImageError: not a picture.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with _open(file, name) as picture:
        width, height = picture.size
        # Pillow rotates TIFF by itself, and would decode a PNG to look for EXIF data at its end.
        if "exif" in picture.info and _orientation(picture) in _LYING:
            width, height = height, width
        return picture.format or "unknown", width, height


def pages(source: str | os.PathLike[str] | bytes) -> int:
    """Number of pages of a picture file that `read` can read; only a TIFF file has several."""
    if not isinstance(source, bytes) and not Path(source).is_file():
        return 1  # a pipe, which was read and would block
    with _in_file(source) as file:
        if file.read(4) not in _TIFF:  # for speed: nearly no picture is one
            return 1
        file.seek(0)
        try:
            with _quiet(), Image.open(file) as picture:
                return sum(not _is_preview(picture, at) for at in range(_frames(picture))) or 1
        except Exception:  # damaged after its first page, which was read
            return 1


def _in_file(source: str | os.PathLike[str] | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _frames(picture: Image.Image) -> int:
    return int(getattr(picture, "n_frames", 1))


def _is_preview(picture: Image.Image, at: int) -> bool:
    """Whether a page of a TIFF file is a smaller copy of another (TIFF 6.0, "NewSubfileType")."""
    picture.seek(at)
    tags: Any = getattr(picture, "tag_v2", {})
    return bool(tags.get(_TIFF_SUBFILE, 0) & 1)


def name_of(source: object, otherwise: str = "the picture") -> str:
    """Name in messages of a picture without one: its path, if it has one."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    # `name` is the path of an open file, or the number of a pipe; in Pillow it is `filename`.
    for attribute in ("name", "filename"):
        name = getattr(source, attribute, None)
        if isinstance(name, str) and name:
            return name
    return otherwise


def _bytes_of(source: FileInput, name: str) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return checked(bytes(source), name)
    try:
        if isinstance(source, str | os.PathLike):
            return read_bytes(source, name=name)
        data = source.read()
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        cause = getattr(error, "strerror", None) or one_line(error)
        raise ImageError(f"{name}: cannot be read ({cause}); check the path") from error
    if not isinstance(data, bytes):
        raise ImageError(
            f"{name}: the file gives {type(data).__name__}, not bytes; open it in mode 'rb'"
        )
    return checked(data, name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let Pillow read metadata without its own size limit and its warnings about damaged EXIF."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(file: BinaryIO, name: str) -> Image.Image:
    """Read the header only.

    Raises:
        ImageError: not a picture, or one of an unsupported kind.
    """
    start = file.tell()
    head = file.read(_HEAD)
    file.seek(start)
    if kind := foreign.kind_of(head, name):
        raise ImageError(f"{name}: {kind}")
    try:
        with _quiet():
            picture = _open_heif(file, name) if foreign.is_heif(head) else Image.open(file)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        known = foreign.kind_named(name)
        what = known or "not a picture in a known format; convert it to PNG or JPEG"
        if head.startswith(b"8BPS"):
            what = (
                "a Photoshop document of an unsupported mode; save it as RGB or grey with 8 bits, "
                "or export it as PNG from Photoshop"
            )
        raise ImageError(f"{name}: {what}") from error
    except Exception as error:  # As above: a damaged header may raise anything.
        raise ImageError(
            f"{name}: damaged header ({one_line(error)}); save or download it again"
        ) from error
    if why := _no_picture(picture):
        picture.close()
        raise ImageError(f"{name}: {why}")
    return picture


def _open_heif(file: BinaryIO, name: str) -> Image.Image:
    try:
        import pi_heif
    except ModuleNotFoundError as error:
        raise ImageError(str(MissingExtraError(f"{name}: reading HEIC", "heic"))) from error
    picture: Image.Image = pi_heif.HeifImageFile(file)
    return picture


def _no_picture(picture: Image.Image) -> str:
    """Why the picture that Pillow opened is not that of the file; '' if it is."""
    if picture.format == "EPS":  # a program, which Pillow would run in Ghostscript
        return str(foreign.POSTSCRIPT)
    if picture.format == "TIFF":
        # Adobe DNG 1.7, "NewSubFileType": cameras store a reduced picture first, and the raw one
        # in a directory below it. Pillow reads the first.
        tags: Any = getattr(picture, "tag_v2", {})
        reduced = tags.get(_TIFF_SUBFILE) == 1 and _TIFF_BELOW in tags
        if reduced or _TIFF_DNG_VERSION in tags:
            return str(foreign.RAW)
    if picture.format == "PSD":
        # Adobe Photoshop file format, image resource 1057: 4 bytes, then whether the layers were
        # merged into a picture for other programs.
        for number, _, info in getattr(picture, "resources", []):
            if number == _PSD_VERSION_INFO and info[4:5] == b"\x00":
                return (
                    "a Photoshop document without its flattened picture; save it with 'Maximize "
                    "compatibility', or export it as PNG from Photoshop"
                )
    return ""


def _flatten(picture: Image.Image, data: bytes, mode: Mode) -> Image.Image:
    """Decode to upright, 8 bits per channel and `mode`, opaque unless that is RGBA."""
    flat = shallow(picture, data)
    if mode != "RGBA" and flat.has_transparency_data:
        flat = on_white(flat)
    if flat.mode == "LAB":  # which Pillow converts only with colour profiles
        flat = _from_lab(flat)
    flat = flat.convert(mode)
    turn = _UPRIGHT.get(_orientation(picture))
    return flat if turn is None else flat.transpose(turn)


def on_white(picture: Image.Image) -> Image.Image:
    """Lay a picture that has transparent parts on white."""
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)


def _from_lab(picture: Image.Image) -> Image.Image:
    from PIL import ImageCms

    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(*profiles, "LAB", "RGB")
    return ImageCms.applyTransform(picture, transform) or picture  # it may work in place


def _orientation(picture: Image.Image) -> int:
    try:
        with _quiet():
            return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # Damaged EXIF data is not a reason to refuse a picture.
        return 1
