"""Features that several metrics share."""

import functools
import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.features.feature import Computed

__all__ = [
    "FACE_BOX",
    "THUMBNAIL",
    "detector_model",
    "digest_of",
    "grey",
    "thumbnail",
]

FACE_BOX = (0.165, 0.125, 0.825, 0.79)
"""Left, top, right, bottom of the face in an aligned crop, as fractions of the side: the box of
dlib's detector."""

_SMALL = 16  # px


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luminance `[S, S]` in 0..1 of a picture `[S, S, 3]` (ITU-R BT.601)."""
    red, green, blue = (picture[..., channel].astype(np.float32) for channel in range(3))
    luminance: NDArray[np.float32] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    return luminance


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture `[S, S, 3]` averaged down to 16x16, as a vector `[768]` in 0..1."""
    side = len(picture)
    edges = np.linspace(0, side, _SMALL + 1).round().astype(int)
    sums = np.add.reduceat(picture.astype(np.float32), edges[:-1], axis=0)
    sums = np.add.reduceat(sums, edges[:-1], axis=1)
    sizes = np.diff(edges)
    means: NDArray[np.float32] = sums / (sizes[:, None] * sizes)[..., None] / 255
    return means.ravel().astype(np.float32)


THUMBNAIL = Computed(name="thumbnail-16", version=1, function=thumbnail)
"""`[768]`: shapes and tones without grain."""


@functools.lru_cache(maxsize=64)
def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; read once per process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def detector_model() -> str:
    """Limner's face detector and landmark predictor, with the digests of their files."""
    folder = Path(str(resources.files("limner.faces")))
    files = ("front.svm", "frontal.svm", "points5.dat")
    digests = "+".join(digest_of(folder / file) for file in files)
    return f"limner face detector sha256:{digests}"
