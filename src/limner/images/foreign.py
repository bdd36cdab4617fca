"""Recognises files that are not pictures, and says what to do with them.

Told by what they begin with, since names lie; by their names where many kinds begin alike (camera
raw is TIFF, drawings of several programs are ZIP archives) or have no signature that is known.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file that is not read."""

    title: str
    """What one is called; with an "s", many."""
    suffixes: tuple[str, ...]
    advice: str
    """How one gets a picture from it."""

    def __str__(self) -> str:
        article = "an" if self.title.startswith(("A", "I", "i", "O", "o", "SVG")) else "a"
        return f"{article} {self.title}, not a picture that can be read; {self.advice}"


def _drawing(program: str, *suffixes: str) -> Kind:
    return Kind(
        title=f"{program} drawing", suffixes=suffixes, advice=f"export it as PNG from {program}"
    )


PDF = Kind(title="PDF document", suffixes=(".pdf",), advice="export pages as PNG or JPEG")
SVG = Kind(
    title="SVG drawing",
    suffixes=(".svg", ".svgz"),
    advice="export it as PNG from the program that drew it or from a browser",
)
POSTSCRIPT = Kind(
    title="PostScript drawing",
    suffixes=(".eps", ".ps"),
    advice="export it as PNG from the program that drew it",
)
RAW = Kind(
    title="camera raw photo",
    suffixes=(
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mrw", ".nef"),
        *(".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    ),
    advice="export it as JPEG from the camera's program or a photo editor",
)
PHOTOSHOP = Kind(
    title="Photoshop document of the large kind",
    suffixes=(".psb",),
    advice="export it as PNG from Photoshop",
)
VIDEO = Kind(
    title="video",
    suffixes=(".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"),
    advice="save one frame as PNG or JPEG",
)
ARCHIVE = Kind(
    title="packed archive",
    suffixes=(".7z", ".gz", ".rar", ".tar", ".tgz", ".zip"),
    advice="unpack it, or download it again if that fails",
)
OFFICE = Kind(
    title="office document",
    suffixes=(".doc", ".docx", ".odg", ".odp", ".odt", ".ppt", ".pptx", ".xls", ".xlsx"),
    advice="save the picture in it as PNG or JPEG",
)
WEB_PAGE = Kind(
    title="web page", suffixes=(".htm", ".html"), advice="download the picture that it shows"
)
JPEG_XL = Kind(
    title="JPEG XL picture", suffixes=(".jxl",), advice="convert it to PNG or to plain JPEG"
)
ICON = Kind(
    title="icon", suffixes=(".ico", ".icns"), advice="use the picture that it was made from"
)
CLIP_STUDIO = _drawing("Clip Studio Paint", ".clip", ".lip")
GIMP = _drawing("GIMP", ".xcf")
KRITA = _drawing("Krita", ".kra", ".krz")
OPEN_RASTER = Kind(
    title="OpenRaster drawing",
    suffixes=(".ora",),
    advice="export it as PNG from the program that drew it",
)
PROCREATE = _drawing("Procreate", ".procreate")
ILLUSTRATOR = _drawing("Illustrator", ".ai")

_KINDS = (
    *(PDF, SVG, POSTSCRIPT, RAW, PHOTOSHOP, VIDEO, ARCHIVE, OFFICE, WEB_PAGE, JPEG_XL, ICON),
    *(CLIP_STUDIO, GIMP, KRITA, OPEN_RASTER, PROCREATE, ILLUSTRATOR),
    *(_drawing("Affinity", ".afdesign", ".afphoto"), _drawing("PaintTool SAI", ".sai", ".sai2")),
    *(_drawing("MediBang Paint", ".mdp"), _drawing("CorelDRAW", ".cdr")),
)
_BY_SUFFIX = {suffix: kind for kind in _KINDS for suffix in kind.suffixes}
SUFFIXES = frozenset(_BY_SUFFIX)
"""Suffixes of the files that are known, and not read."""

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", PDF),
    (b"%!PS", POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", POSTSCRIPT),  # with a preview before it
    (b"CSFCHUNK", CLIP_STUDIO),
    (b"gimp xcf", GIMP),
    (b"8BPS\x00\x02", PHOTOSHOP),
    (b"IIRO", RAW),  # Olympus
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),  # Panasonic
    (b"FUJIFILMCCD-RAW", RAW),
    (b"FOVb", RAW),  # Sigma
    (b"\x00MRM", RAW),  # Minolta
    (b"\x1aE\xdf\xa3", VIDEO),  # Matroska
    (b"\x00\x00\x01\xba", VIDEO),  # MPEG
    (b"\x00\x00\x01\xb3", VIDEO),
    (b"\xff\x0a", JPEG_XL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JPEG_XL),
    # Pillow decodes icons to read their header, whatever their size.
    (b"\x00\x00\x01\x00", ICON),
    (b"icns", ICON),
    (b"PK\x03\x04", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),  # OLE, of Word, Excel and others
)
# A ZIP archive whose first file says what it holds, uncompressed: OpenDocument 1.3, part 2, 3.3.
_PACKED = {b"application/x-krita": KRITA, b"image/openraster": OPEN_RASTER}
_TIFF = (b"II*\x00", b"MM\x00*")
# ISO/IEC 23008-12: brands of the ISO file format that hold pictures encoded as HEVC does.
_HEVC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_STILL = {b"mif1", b"msf1", b"avif", b"avis"}


def kind_of(head: bytes, name: str) -> Kind | None:
    """What a file is that is not read; None if it may be a picture.

    Args:
        head: The first bytes of the file, some thousands of them.
        name: Of the file; its suffix tells kinds apart that begin alike.
    """
    named = kind_named(name)
    if head.startswith(_TIFF):
        return RAW if named is RAW or head[8:10] == b"CR" else None
    found = next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)
    match found:
        case None:
            return _of_boxes(head) or _of_text(head)
        case _ if found is ICON:
            return _of_boxes(head) or ICON  # a box may be as long as icons begin
        case _ if found is ARCHIVE:
            packed = next((k for start, k in _PACKED.items() if head[38:].startswith(start)), None)
            if head[38:].startswith(b"application/vnd.oasis"):
                packed = OFFICE
            return packed or named or ARCHIVE
        case _ if found in (PDF, POSTSCRIPT) and named is ILLUSTRATOR:
            return ILLUSTRATOR
    return found


def kind_named(name: str) -> Kind | None:
    """What a file is by its name."""
    return _BY_SUFFIX.get(Path(name).suffix.lower())


def is_heif(head: bytes) -> bool:
    """Whether a file holds a picture that phones write as HEIC: encoded as HEVC does.

    AVIF has the same container.
    """
    if head[4:8] != b"ftyp":
        return False
    major, brands = head[8:12], _brands(head)
    return major in _HEVC or (major in (b"mif1", b"msf1") and not brands & {b"avif", b"avis"})


def in_words(files: Iterable[Path]) -> str:
    """What these files are, of those that are known, and what to do with them.

    Returns:
        Such as `3 .pdf (PDF documents): export pages as PNG or JPEG`; '' if none is known.
    """
    counted = Counter(file.suffix.lower() for file in files)
    return "; ".join(
        f"{count} {suffix} ({kind.title}{'s' if count > 1 else ''}): {kind.advice}"
        for suffix, count in counted.most_common()
        if (kind := _BY_SUFFIX.get(suffix))
    )


def _of_boxes(head: bytes) -> Kind | None:
    """Of the ISO file format, QuickTime and RIFF."""
    if head[4:8] == b"ftyp":
        if head[8:12] == b"crx ":
            return RAW  # Canon
        return None if (_brands(head) & (_HEVC | _STILL)) else VIDEO
    if head[4:8] in (b"moov", b"mdat") or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return VIDEO
    return None


def _brands(head: bytes) -> set[bytes]:
    """The major brand and those that it is compatible with."""
    end = min(int.from_bytes(head[:4]), len(head))
    return {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}


def _of_text(head: bytes) -> Kind | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return WEB_PAGE
    return SVG if text.startswith(b"<") and b"<svg" in text else None
