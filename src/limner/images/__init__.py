"""Reads and writes pictures: bytes to RGB or grey arrays, and back with their provenance.

All problems of picture files are detected here; the rest of the package sees only `numpy.uint8`
arrays, upright and opaque.
"""

from limner.images.arrays import LUMA, montage, resize, to_grey
from limner.images.decoding import MAX_PIXELS, FileInput, header, name_of, pages, read
from limner.images.encoding import encode, write
from limner.images.files import (
    MAX_BYTES,
    files_below,
    is_address,
    output_error,
    read_bytes,
    remove_parts,
    write_bytes,
)
from limner.images.foreign import SUFFIXES as UNREADABLE
from limner.images.foreign import in_words
from limner.images.formats import READABLE, WRITABLE, Format, format_of
from limner.images.loading import ImageInput, load
from limner.provenance import Provenance

__all__ = [
    "LUMA",
    "MAX_BYTES",
    "MAX_PIXELS",
    "READABLE",
    "UNREADABLE",
    "WRITABLE",
    "FileInput",
    "Format",
    "ImageInput",
    "Provenance",
    "encode",
    "files_below",
    "format_of",
    "header",
    "in_words",
    "is_address",
    "load",
    "montage",
    "name_of",
    "output_error",
    "pages",
    "read",
    "read_bytes",
    "remove_parts",
    "resize",
    "to_grey",
    "write",
    "write_bytes",
]
