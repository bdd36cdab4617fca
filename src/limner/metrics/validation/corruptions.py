"""Corruptions of good photos, one for each way in which a model can fail.

A metric is valid if it gets worse as its own corruption gets stronger, and stays about the same
under others. Photos are aligned crops, `[N, S, S, 3]` RGB uint8 with the outer eye corners at
(0.3, 0.3) and (0.7, 0.3). The strength is from 0, unchanged, to 1, obvious to anybody. Some
corrupt every picture, others a fraction of them, which is then the strength.
"""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from limner.errors import UsageError
from limner.features.common import thumbnail
from limner.images import LUMA
from limner.sketching import sketch
from limner.sketching.filters import blur

__all__ = ["CORRUPTIONS", "Corruption", "corrupted", "drawn"]

Pictures = NDArray[np.uint8]
Corruption = Callable[[Pictures, float, np.random.Generator, Pictures], Pictures]
"""From pictures `[N, S, S, 3]`, a strength in 0..1, a random generator and photos of other people
`[M, S, S, 3]` to corrupted pictures."""

_TEETH = (225, 220, 210)


def corrupted(
    pictures: Pictures, name: str, strength: float, *, others: Pictures, seed: int = 0
) -> Pictures:
    """Corrupt pictures; the same arguments give the same result.

    Args:
        pictures: `[N, S, S, 3]` RGB.
        name: One of `CORRUPTIONS`.
        strength: 0..1; at 0 they are returned unchanged.
        others: Photos of other people `[M, S, S, 3]`, M at least 1: the source of copies and of
            the average face.
        seed: Another seed corrupts other pictures, or in another way.

    Raises:
        UsageError: The corruption is unknown, or the shapes or the strength are wrong.
    """
    if name not in CORRUPTIONS:
        raise UsageError(f"unknown corruption {name}; choose from {', '.join(CORRUPTIONS)}")
    fitting = pictures.ndim == 4 and pictures.shape[1:] == others.shape[1:] and len(others)
    if not fitting or pictures.shape[3] != 3 or not 0 <= strength <= 1:
        raise UsageError(
            f"pictures are {list(pictures.shape)}, others {list(others.shape)} and strength "
            f"{strength}; expected [N, S, S, 3], [M, S, S, 3] and 0 to 1"
        )
    if strength == 0 or not len(pictures):
        return pictures.copy()
    return CORRUPTIONS[name](pictures, strength, np.random.default_rng(seed), others)


def drawn(pictures: Pictures) -> list[NDArray[np.uint8]]:
    """A model's input: a pencil drawing `[S, S]` of each photo, each with its own random seed."""
    return [sketch(picture, "pencil", number) for number, picture in enumerate(pictures)]


def _blur(pictures: Pictures, strength: float) -> Pictures:
    """Gaussian blur, up to a standard deviation of 1/32 of the side."""
    gaussian = ImageFilter.GaussianBlur(strength * pictures.shape[1] / 32)
    return np.stack([np.asarray(Image.fromarray(one).filter(gaussian)) for one in pictures])


def _noise(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Noise of each pixel and colour, up to a standard deviation of 40 grey levels."""
    return _levels(pictures + 40 * strength * rng.standard_normal(pictures.shape))


def _jpeg(pictures: Pictures, strength: float) -> Pictures:
    """JPEG compression, at a quality of 95 down to 5."""

    def compressed(picture: Pictures) -> Pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=round(95 - 90 * strength))
        return np.asarray(Image.open(file))

    return np.stack([compressed(one) for one in pictures])


def _grid(pictures: Pictures, strength: float) -> Pictures:
    """Every second row and column darker, by up to 8 grey levels; 2 are hard to see.

    The artefact of transposed convolution (Odena et al. 2016, "Deconvolution and Checkerboard
    Artifacts").
    """
    row, column = np.indices(pictures.shape[1:3]) % 2
    # mean 0, so that the brightness stays the same
    lines = np.where((row | column) == 1, 0.25, -0.75)
    return _levels(pictures + 8 * strength * lines[..., None])


def _hatched(pictures: Pictures, strength: float) -> Pictures:
    """The fine pencil strokes of each photo's drawing, see `drawn`, laid over the photo."""
    pages = np.stack(drawn(pictures)).astype(np.float32)
    lines = np.stack([page - blur(page, 1) for page in pages])
    return _levels(pictures + strength * lines[..., None])


def _swap(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A fraction of the pictures swap places: each shows somebody else of the same set."""
    rows = _some(len(pictures), strength, rng)
    result = pictures.copy()
    result[rows] = pictures[np.roll(rows, 1)]
    return result


def _ignored(
    pictures: Pictures, strength: float, rng: np.random.Generator, others: Pictures
) -> Pictures:
    """A fraction of them show any of the others: good photos that ignore the drawing."""
    rows = _some(len(pictures), strength, rng)
    result = pictures.copy()
    result[rows] = others[rng.integers(0, len(others), len(rows))]
    return result


def _copied(
    pictures: Pictures, strength: float, rng: np.random.Generator, others: Pictures
) -> Pictures:
    """A fraction of them are replaced by the most similar of the others."""
    rows = _some(len(pictures), strength, rng)
    known = np.stack([thumbnail(one) for one in others])
    result = pictures.copy()
    for row in rows:
        nearest = np.square(known - thumbnail(pictures[row])).sum(axis=1).argmin()
        result[row] = others[nearest]
    return result


def _collapsed(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A fraction of them are the same picture."""
    result = pictures.copy()
    result[_some(len(pictures), strength, rng)] = pictures[0]
    return result


def _average(
    pictures: Pictures, strength: float, _rng: np.random.Generator, others: Pictures
) -> Pictures:
    """Blended with the average of the others; at 1, only the average is left."""
    mean = others.mean(axis=0)
    return _levels(pictures + strength * (mean - pictures))


def _scrambled(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A fraction of them cut into 8x8 parts, which are shuffled."""
    part = pictures.shape[1] // 8
    result = pictures.copy()
    for row in _some(len(pictures), strength, rng):
        whole = result[row, : 8 * part, : 8 * part]
        parts = whole.reshape(8, part, 8, part, 3).swapaxes(1, 2).reshape(64, part, part, 3)
        mixed = parts[rng.permutation(64)].reshape(8, 8, part, part, 3)
        whole[...] = mixed.swapaxes(1, 2).reshape(whole.shape)
    return result


def _grey(pictures: Pictures, strength: float) -> Pictures:
    """Colours fade; at 1 the picture is grey."""
    return _levels(pictures + strength * ((pictures @ LUMA)[..., None] - pictures))


def _cast(pictures: Pictures, strength: float) -> Pictures:
    """A blue cast of about the same brightness."""
    return _levels(pictures * (1 + strength * np.array([-0.3, 0.03, 0.4])))


def _dark(pictures: Pictures, strength: float) -> Pictures:
    """Darker, down to 0.4 of the brightness."""
    return _levels(pictures * (1 - 0.6 * strength))


def _flat(pictures: Pictures, strength: float) -> Pictures:
    """Light and shade fade, down to half; the mean stays."""
    means = (pictures @ LUMA).mean(axis=(1, 2))[:, None, None, None]
    return _levels(pictures + 0.5 * strength * (means - pictures))


def _smile(pictures: Pictures, strength: float) -> Pictures:
    """The corners of the mouth moved up and apart, and teeth painted between the lips."""
    side = pictures.shape[1]
    left, right = (_bump(side, (x, 0.6), 0.06) for x in (0.4, 0.6))
    corners = strength * np.stack([0.05 * (right - left), -0.04 * (right + left)])
    moved = _moved(pictures, [corners] * len(pictures))
    y, x = (np.indices((side, side)) + 0.5) / side
    across = (x - 0.5) / 0.1
    along = (y - 0.615 + 0.02 * across**2) / 0.02
    # They appear late, as lips open only in a broad smile.
    teeth = 0.9 * strength**2 * np.clip(3 * (1 - across**2 - along**2), 0, 1)
    return _levels(moved + teeth[..., None] * (np.array(_TEETH) - moved))


def _eyes(pictures: Pictures, strength: float) -> Pictures:
    """Both eyes and brows moved up, by up to a fifth of the inter-ocular distance."""
    up = _bump(pictures.shape[1], (0.38, 0.28), 0.09) + _bump(pictures.shape[1], (0.62, 0.28), 0.09)
    moves = np.stack([np.zeros_like(up), -0.08 * strength * np.minimum(up, 1)])
    return _moved(pictures, [moves] * len(pictures))


def _features(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Every part of the face displaced: up to a tenth of the inter-ocular distance on average."""
    side = pictures.shape[1]

    def field() -> NDArray[np.float64]:
        rough = rng.standard_normal((2, side, side))
        smooth = np.stack([ndimage.gaussian_filter(one, side / 12, mode="wrap") for one in rough])
        length: float = np.hypot(*smooth).mean()
        return 0.04 * strength * smooth / length

    return _moved(pictures, [field() for _ in pictures])


def _bump(side: int, centre: tuple[float, float], reach: float) -> NDArray[np.float64]:
    """A Gaussian `[S, S]` of height 1; centre (x, y) and reach as fractions of the side."""
    y, x = (np.indices((side, side)) + 0.5) / side
    away = np.square(x - centre[0]) + np.square(y - centre[1])
    hill: NDArray[np.float64] = np.exp(-away / (2 * reach**2))
    return hill


def _moved(pictures: Pictures, moves: list[NDArray[np.float64]]) -> Pictures:
    """Pictures displaced by `moves` (x, y), `[2, S, S]` as fractions of the side."""
    side = pictures.shape[1]
    result = np.empty_like(pictures)
    for row, (x, y) in enumerate(moves):
        places = np.indices((side, side)) - side * np.stack([y, x])
        for colour in range(3):
            channel = pictures[row, ..., colour].astype(np.float64)
            result[row, ..., colour] = _levels(
                ndimage.map_coordinates(channel, places, order=1, mode="nearest")
            )
    return result


def _some(count: int, fraction: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """A fraction of the rows; a larger fraction contains the smaller one."""
    rows: NDArray[np.intp] = rng.permutation(count)[: round(fraction * count)]
    return rows


def _levels(values: NDArray[np.floating]) -> Pictures:
    levels: Pictures = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return levels


def _each_picture(corrupt: Callable[[Pictures, float], Pictures]) -> Corruption:
    return lambda pictures, strength, _rng, _others: corrupt(pictures, strength)


def _each_at_random(
    corrupt: Callable[[Pictures, float, np.random.Generator], Pictures],
) -> Corruption:
    return lambda pictures, strength, rng, _others: corrupt(pictures, strength, rng)


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "blur": _each_picture(_blur),
        "noise": _each_at_random(_noise),
        "jpeg": _each_picture(_jpeg),
        "grid": _each_picture(_grid),
        "hatched": _each_picture(_hatched),
        "swap": _each_at_random(_swap),
        "ignored": _ignored,
        "copied": _copied,
        "collapsed": _each_at_random(_collapsed),
        "average": _average,
        "scrambled": _each_at_random(_scrambled),
        "smile": _each_picture(_smile),
        "eyes": _each_picture(_eyes),
        "features": _each_at_random(_features),
        "grey": _each_picture(_grey),
        "cast": _each_picture(_cast),
        "dark": _each_picture(_dark),
        "flat": _each_picture(_flat),
    }
)
"""By name; the functions' docstrings describe them. Call them through `corrupted`."""
