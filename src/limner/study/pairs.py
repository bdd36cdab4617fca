"""Hand-drawn sketches with true photos: the people that every run is measured on.

A sketch and its photo are cut out once, in the frame of the training faces. A run on faces that
were not aligned gets the whole page instead, and its result is cut out where the face of the sketch
is: so all results are compared in the same frame.
"""

import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner import images
from limner.errors import ImageError, UsageError
from limner.faces import DlibDetector, Preprocessing, find, open_page
from limner.faces.warp import inverse, warp
from limner.progress import track

__all__ = ["Cut", "Pair", "digest_of", "find_pairs", "pairs_in"]

_SKETCHES, _PHOTOS = "sketches", "photos"
_DEEP = 3
"""Folders below the sources in which pairs are looked for."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A sketch and the photo of the same person."""

    name: str
    """The folder of the pairs and the file's stem."""
    sketch: Path
    photo: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A pair, cut out."""

    name: str
    sketch: NDArray[np.uint8]
    """`[S, S, 3]` or `[S, S]`."""
    photo: NDArray[np.uint8]
    """`[S, S, 3]`."""
    page: NDArray[np.uint8]
    """`[W, W, 3]` or `[W, W]`: the complete sketch, fitted into a square."""
    transform: NDArray[np.float64]
    """`[2, 3]`, from px of the page to px of the crop."""


def find_pairs(sources: Path) -> list[Path]:
    """The folders below `sources` that contain both `sketches/` and `photos/`, sorted."""
    found = []
    for parent, folders, _ in os.walk(sources, followlinks=True):
        if {_SKETCHES, _PHOTOS} <= set(folders):
            found.append(Path(parent))
        if len(Path(parent).relative_to(sources).parts) >= _DEEP:
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith(".")]
    return sorted(found)


def pairs_in(folders: Iterable[Path]) -> list[Pair]:
    """The pairs in these folders, by the names of their files.

    Raises:
        UsageError: A folder contains none.
    """
    found: list[Pair] = []
    for folder in folders:
        sketches, photos = (
            {file.stem: file for file in images.files_below(folder / kind) if file.is_file()}
            for kind in (_SKETCHES, _PHOTOS)
        )
        both = sorted(sketches.keys() & photos.keys())
        if not both:
            raise UsageError(
                f"{folder} contains no pairs ({len(sketches)} pictures in {_SKETCHES}, "
                f"{len(photos)} in {_PHOTOS}); a sketch and its photo need the same name there"
            )
        called = folder.resolve().name
        found += [
            Pair(name=f"{called}/{stem}", sketch=sketches[stem], photo=photos[stem])
            for stem in both
        ]
    return found


def digest_of(pairs: Sequence[Pair]) -> str:
    """SHA-256 of the names and contents of the pictures, in hexadecimal.

    Raises:
        ImageError: One cannot be read.
    """
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(pair.name.encode(errors="surrogateescape"))
        for file in (pair.sketch, pair.photo):
            digest.update(hashlib.sha256(images.read_bytes(file)).digest())
    return digest.hexdigest()


def checksums_of(pairs: Sequence[Pair]) -> set[str]:
    """SHA-256 of each sketch's file, as datasets store them. Raises ImageError."""
    return {hashlib.sha256(images.read_bytes(pair.sketch)).hexdigest() for pair in pairs}


def cut_out(pairs: Sequence[Pair], *, size: int, page_size: int) -> tuple[list[Cut], list[str]]:
    """Cut out all pairs in which both faces are found.

    Args:
        pairs: The pairs.
        size: Side of the crops, S.
        page_size: Side of the complete sketches, W.

    Returns:
        The crops, and what is left out, with the reason.

    Raises:
        UsageError: None is left.
    """
    detector = DlibDetector()
    face = Preprocessing(size=size)
    whole = Preprocessing(size=page_size, aligned=False)
    cuts: list[Cut] = []
    without: list[str] = []
    for pair in track(pairs, "pairs"):
        try:
            page = open_page(images.read(pair.sketch, name=pair.name), lambda: detector).image
            drawn = find(page, detector, any_way=True, name=pair.name)[0]
            true = images.read(pair.photo, name=pair.name)
            photographed = find(true, detector, name=pair.name)[0]
            aligned = face.align(page, drawn, name=pair.name)
            fitted = whole.as_is(page)
            photo = face.align(true, photographed, name=pair.name).image
        except ImageError as error:  # a NoFaceError is one
            without.append(f"{pair.name}: {error}")
            continue
        transform = _after(aligned.transform, inverse(fitted.transform))
        cuts.append(
            Cut(
                name=pair.name,
                sketch=aligned.image,
                photo=photo,
                page=fitted.image,
                transform=transform,
            )
        )
    if not cuts:
        raise UsageError(f"none of the {len(pairs)} pairs can be used; the first: {without[0]}")
    return cuts, without


def poor(sketch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A sketch like a thumbnail on the web: a third of the size, JPEG of quality 20, enlarged.

    Args:
        sketch: `[S, S, 3]` or `[S, S]`; the result is the same.
    """
    side = sketch.shape[0]
    small = images.resize(sketch, max(1, side // 3))
    file = io.BytesIO()
    Image.fromarray(small).save(file, "JPEG", quality=20)
    return images.resize(images.read(file.getvalue(), grey=sketch.ndim == 2), side)


def framed(whole: NDArray[np.uint8], cut: Cut) -> NDArray[np.uint8]:
    """The face in what a model made of the complete sketch: `[S, S, 3]` or `[S, S]`."""
    side = cut.sketch.shape[0]
    return warp(whole, cut.transform, (side, side))


def _after(second: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """The affine transform that applies `first`, then `second`: `[2, 3]`."""
    turn = second[:, :2] @ first[:, :2]
    shift = second[:, :2] @ first[:, 2] + second[:, 2]
    return np.column_stack([turn, shift])
