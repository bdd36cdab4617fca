"""Corruptions of good photos, one for each way in which a model can fail.

A metric is valid if it gets worse as its own corruption gets stronger and stays where it is
under others. Framed photos go in, `[N, S, S, 3]` RGB uint8 with the outer eye corners at
(0.3, 0.3) and (0.7, 0.3), and come out spoilt, with a strength from 0, nothing, to 1, what nobody
could miss. Some spoil every picture, others a share of them, which is then the strength.
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
`[M, S, S, 3]` to spoilt pictures."""

_TEETH = (225, 220, 210)


def corrupted(
    pictures: Pictures, name: str, strength: float, *, others: Pictures, seed: int = 0
) -> Pictures:
    """Spoil pictures; the same arguments spoil them the same way.

    Args:
        pictures: `[N, S, S, 3]` RGB.
        name: One of `CORRUPTIONS`.
        strength: 0..1; at 0 they come back as they are.
        others: Photos of other people `[M, S, S, 3]`, M at least 1: what copies are copies of,
            and whose average the average face is.
        seed: Other seeds spoil others of them, or otherwise.

    Raises:
        UsageError: There is no such corruption, or shapes or the strength are others.
    """
    if name not in CORRUPTIONS:
        raise UsageError(f"no corruption is called {name}; there are {', '.join(CORRUPTIONS)}")
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
    """What a model would be given: a pencil drawing `[S, S]` of each photo, no two by one hand."""
    return [sketch(picture, "pencil", number) for number, picture in enumerate(pictures)]


def _blur(pictures: Pictures, strength: float) -> Pictures:
    """Gaussian, up to a standard deviation of 1/32 of the side."""
    gaussian = ImageFilter.GaussianBlur(strength * pictures.shape[1] / 32)
    return np.stack([np.asarray(Image.fromarray(one).filter(gaussian)) for one in pictures])


def _noise(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Of each pixel and colour by itself, up to a standard deviation of 40 grey levels."""
    return _levels(pictures + 40 * strength * rng.standard_normal(pictures.shape))


def _jpeg(pictures: Pictures, strength: float) -> Pictures:
    """Written and read again, at a quality of 95 down to 5."""

    def journey(picture: Pictures) -> Pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=round(95 - 90 * strength))
        return np.asarray(Image.open(file))

    return np.stack([journey(one) for one in pictures])


def _grid(pictures: Pictures, strength: float) -> Pictures:
    """Every second row and column darker, by up to 8 grey levels; 2 is hard to see.

    What transposed convolution leaves (Odena et al. 2016, "Deconvolution and Checkerboard
    Artifacts").
    """
    row, column = np.indices(pictures.shape[1:3]) % 2
    # of mean 0, so that the picture stays as light
    lines = np.where((row | column) == 1, 0.25, -0.75)
    return _levels(pictures + 8 * strength * lines[..., None])


def _hatched(pictures: Pictures, strength: float) -> Pictures:
    """The pencil's fine strokes of the drawing of each, see `drawn`, laid over it."""
    pages = np.stack(drawn(pictures)).astype(np.float32)
    lines = np.stack([page - blur(page, 1) for page in pages])
    return _levels(pictures + strength * lines[..., None])


def _swap(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A share of the pictures change places: each shows somebody else of the same set."""
    rows = _some(len(pictures), strength, rng)
    result = pictures.copy()
    result[rows] = pictures[np.roll(rows, 1)]
    return result


def _ignored(
    pictures: Pictures, strength: float, rng: np.random.Generator, others: Pictures
) -> Pictures:
    """A share of them show any of the others: good photos, whatever was drawn."""
    rows = _some(len(pictures), strength, rng)
    result = pictures.copy()
    result[rows] = others[rng.integers(0, len(others), len(rows))]
    return result


def _copied(
    pictures: Pictures, strength: float, rng: np.random.Generator, others: Pictures
) -> Pictures:
    """A share of them are the one of the others that is most like what should have been made."""
    rows = _some(len(pictures), strength, rng)
    known = np.stack([thumbnail(one) for one in others])
    result = pictures.copy()
    for row in rows:
        nearest = np.square(known - thumbnail(pictures[row])).sum(axis=1).argmin()
        result[row] = others[nearest]
    return result


def _collapsed(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A share of them show the same one."""
    result = pictures.copy()
    result[_some(len(pictures), strength, rng)] = pictures[0]
    return result


def _average(
    pictures: Pictures, strength: float, _rng: np.random.Generator, others: Pictures
) -> Pictures:
    """Blended with the average of the others; at 1 there is nothing else."""
    mean = others.mean(axis=0)
    return _levels(pictures + strength * (mean - pictures))


def _scrambled(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A share of them in an eighth of the side by an eighth, each part elsewhere."""
    part = pictures.shape[1] // 8
    result = pictures.copy()
    for row in _some(len(pictures), strength, rng):
        whole = result[row, : 8 * part, : 8 * part]
        parts = whole.reshape(8, part, 8, part, 3).swapaxes(1, 2).reshape(64, part, part, 3)
        mixed = parts[rng.permutation(64)].reshape(8, 8, part, part, 3)
        whole[...] = mixed.swapaxes(1, 2).reshape(whole.shape)
    return result


def _grey(pictures: Pictures, strength: float) -> Pictures:
    """Colours fade; at 1 there are none."""
    return _levels(pictures + strength * ((pictures @ LUMA)[..., None] - pictures))


def _cast(pictures: Pictures, strength: float) -> Pictures:
    """As under a blue light, about as bright."""
    return _levels(pictures * (1 + strength * np.array([-0.3, 0.03, 0.4])))


def _dark(pictures: Pictures, strength: float) -> Pictures:
    """Darker, down to 0.4 of the light."""
    return _levels(pictures * (1 - 0.6 * strength))


def _smile(pictures: Pictures, strength: float) -> Pictures:
    """The corners of the mouth drawn up and apart, and teeth painted between the lips."""
    side = pictures.shape[1]
    left, right = (_bump(side, (x, 0.6), 0.06) for x in (0.4, 0.6))
    corners = strength * np.stack([0.05 * (right - left), -0.04 * (right + left)])
    moved = _moved(pictures, [corners] * len(pictures))
    y, x = (np.indices((side, side)) + 0.5) / side
    across = (x - 0.5) / 0.1
    along = (y - 0.615 + 0.02 * across**2) / 0.02
    # They come last, as lips open when a smile gets broad.
    teeth = 0.9 * strength**2 * np.clip(3 * (1 - across**2 - along**2), 0, 1)
    return _levels(moved + teeth[..., None] * (np.array(_TEETH) - moved))


def _eyes(pictures: Pictures, strength: float) -> Pictures:
    """Both eyes, and the brows over them, higher by up to a fifth of the eye distance."""
    up = _bump(pictures.shape[1], (0.38, 0.28), 0.09) + _bump(pictures.shape[1], (0.62, 0.28), 0.09)
    moves = np.stack([np.zeros_like(up), -0.08 * strength * np.minimum(up, 1)])
    return _moved(pictures, [moves] * len(pictures))


def _features(pictures: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Every part of the face a bit elsewhere: by up to a tenth of the eye distance on average."""
    side = pictures.shape[1]

    def field() -> NDArray[np.float64]:
        rough = rng.standard_normal((2, side, side))
        smooth = np.stack([ndimage.gaussian_filter(one, side / 12, mode="wrap") for one in rough])
        length: float = np.hypot(*smooth).mean()
        return 0.04 * strength * smooth / length

    return _moved(pictures, [field() for _ in pictures])


def _bump(side: int, centre: tuple[float, float], reach: float) -> NDArray[np.float64]:
    """A Gaussian hill `[S, S]` of height 1; centre (x, y) and reach as shares of the side."""
    y, x = (np.indices((side, side)) + 0.5) / side
    away = np.square(x - centre[0]) + np.square(y - centre[1])
    hill: NDArray[np.float64] = np.exp(-away / (2 * reach**2))
    return hill


def _moved(pictures: Pictures, moves: list[NDArray[np.float64]]) -> Pictures:
    """What lies at each pixel comes from where `moves` (x, y), `[2, S, S]` in sides, took it."""
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


def _some(count: int, share: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """A share of the rows; a greater share holds the smaller one."""
    rows: NDArray[np.intp] = rng.permutation(count)[: round(share * count)]
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
    }
)
"""By name; the functions' docstrings say what they do. `corrupted` calls them with what they
need."""
