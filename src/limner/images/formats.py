"""The formats of picture files, by the suffixes of their names."""

from pathlib import Path
from typing import Literal

from limner.errors import UsageError

Format = Literal["PNG", "JPEG", "WebP"]
_FORMATS: dict[str, Format] = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
WRITABLE = frozenset(_FORMATS)
"""Suffixes of the files that can be written."""
READABLE = WRITABLE | {
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".pbm", ".pgm", ".ppm"),
    *(".psd", ".tga", ".tif", ".tiff"),
}
"""Suffixes by which pictures are looked for in folders; a file named outright may have any."""


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
