"""Pictures in and out: bytes to RGB or grey arrays, and back with their provenance written in.

Everything that can be wrong with a picture is found here, so that the rest of the package sees
only `numpy.uint8` arrays, upright and opaque.
"""

import contextlib
import errno
import io
import os
import stat
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from limner.errors import ImageError, OutputError, UsageError
from limner.provenance import Provenance

__all__ = [
    "LUMA",
    "MAX_BYTES",
    "MAX_PIXELS",
    "READABLE",
    "WRITABLE",
    "Provenance",
    "encode",
    "files_below",
    "format_of",
    "header",
    "montage",
    "output_error",
    "read",
    "read_bytes",
    "remove_parts",
    "resize",
    "to_grey",
    "write",
    "write_bytes",
]

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels: above any camera's frame that holds one face."""

MAX_BYTES = 512_000_000
"""Largest picture file that is read, in bytes: an uncompressed one of so many pixels, with room."""

Format = Literal["PNG", "JPEG", "WebP"]
_FORMATS: dict[str, Format] = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
WRITABLE = frozenset(_FORMATS)
"""Suffixes of the files that can be written."""
READABLE = WRITABLE | {
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".pbm", ".pgm", ".ppm", ".tga", ".tif", ".tiff")
}
"""Suffixes by which pictures are looked for in folders; a file named outright may have any."""

_SAVE_OPTIONS: dict[Format, dict[str, Any]] = {
    # Runs alone are looked for: twice as fast as level 4, and faces get 2 % longer.
    "PNG": {"compress_level": 1, "compress_type": zlib.Z_RLE},
    "JPEG": {"quality": 92, "subsampling": 0},
    "WebP": {"quality": 92},
}

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

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Share of red, green and blue in grey: ITU-R BT.601, as Pillow has it."""

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
                f"{name}: damaged or cut off ({_one_line(error)}); save or download it again"
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


def encode(
    image: NDArray[np.uint8],
    provenance: Provenance | None = None,
    format: Format = "PNG",  # noqa: A002 - as Pillow calls it
) -> bytes:
    """Encode [H, W, 3] RGB or [H, W] grey as the bytes of a picture file."""
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
        OutputError: see `write_bytes`.
    """
    write_bytes(path, encode(image, provenance, format_of(path)))


def format_of(path: str | Path) -> Format:
    """The format that a file's suffix names.

    Raises:
        UsageError: the suffix is none of .png, .jpg, .jpeg and .webp.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(
            f"{path}: cannot write '{suffix}' pictures; use one of {', '.join(_FORMATS)}"
        )
    return _FORMATS[suffix]


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all; missing folders are made.

    Raises:
        OutputError: no room, no permission, a file where a folder should be. What stood at `path`
            before still does.
    """
    path = Path(path)
    # In the same folder, since a rename is atomic only within one file system.
    part = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:  # after Ctrl-C too; once renamed, it is not there
        with contextlib.suppress(OSError):
            part.unlink()


def remove_parts(folder: Path) -> None:
    """Delete what processes that were killed left of the files that they were writing there."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def output_error(path: str | Path, error: OSError) -> OutputError:
    """The error to raise when writing to `path` failed: what happened, and what to do."""
    cause = error.strerror or _one_line(error)
    return OutputError(f"{path}: cannot write it ({cause}); {_remedy(error)}")


def files_below(folder: Path, suffixes: Set[str] = READABLE) -> list[Path]:
    """All files below `folder` with one of these suffixes, in any case, sorted by path.

    Linked folders are followed; one that is reached twice is walked once. What may not be looked
    up, a folder that may not be listed among them, is in the list too: reading it says why.
    """
    found: list[Path] = []
    seen: set[str] = set()

    def note(error: OSError) -> None:
        found.append(Path(error.filename))

    for parent, folders, names in os.walk(folder, followlinks=True, onerror=note):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found += [Path(parent) / n for n in names if Path(n).suffix.lower() in suffixes]
    return sorted(path for path in found if _may_be_read(path))


def _may_be_read(path: Path) -> bool:
    """Not so a pipe or a device, which could be waited for without end."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def resize(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bring a square picture [S, S, 3] to [side, side, 3]."""
    size = (side, side)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luminance [H, W] of [H, W, 3] RGB; grey stays as it is."""
    return np.asarray(Image.fromarray(image).convert("L"))


def montage(rows: Sequence[Sequence[NDArray[np.uint8]]], *, gap: int = 2) -> NDArray[np.uint8]:
    """Lay pictures out in rows on white; each picture stands in a cell of the largest's size.

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


def _remedy(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some room or choose a folder on another disk"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "choose a folder that you may write to"
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR | errno.ENOTEMPTY:
            return "a file and a folder have the same name there; choose another name"
        case errno.ENAMETOOLONG:
            return "choose a shorter name"
        case _:
            return "choose another folder"


def _name_of(source: str | Path | bytes | BinaryIO) -> str:
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "name", None)  # An open file knows its path, a pipe only its number.
    return name if isinstance(name, str) else "the picture"


def read_bytes(path: str | Path, *, name: str | None = None) -> bytes:
    """The bytes of a picture file.

    Args:
        path: of the file.
        name: what messages call it; by default its path.

    Raises:
        ImageError: missing, unreadable, empty, or longer than MAX_BYTES.
    """
    name, path = name or str(path), Path(path)
    try:
        with path.open("rb") as file:
            return _checked(file.read(MAX_BYTES + 1), name)
    except FileNotFoundError as error:
        raise ImageError(f"{name}: no such file; check the path") from error
    except IsADirectoryError as error:
        raise ImageError(f"{name}: a folder, not a picture; name the files in it") from error
    except PermissionError as error:
        # Windows says so of folders too.
        what = "a folder, not a picture" if path.is_dir() else "no permission to read it"
        raise ImageError(f"{name}: {what}; name a file that you may read") from error
    except OSError as error:
        cause = error.strerror or _one_line(error)
        raise ImageError(f"{name}: cannot be read ({cause}); check the path") from error


def _bytes_of(source: str | Path | bytes | BinaryIO, name: str) -> bytes:
    if isinstance(source, bytes):
        return _checked(source, name)
    try:
        if isinstance(source, str | Path):
            return read_bytes(source, name=name)
        return _checked(source.read(), name)
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        cause = getattr(error, "strerror", None) or _one_line(error)
        raise ImageError(f"{name}: cannot be read ({cause}); check the path") from error


def _checked(data: bytes, name: str) -> bytes:
    if not data:
        raise ImageError(f"{name}: empty (0 bytes); save or download it again")
    if len(data) > MAX_BYTES:
        raise ImageError(
            f"{name}: longer than {MAX_BYTES / 1e6:g} MB; save it with compression, or smaller"
        )
    return data


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
            f"{name}: damaged header ({_one_line(error)}); save or download it again"
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
