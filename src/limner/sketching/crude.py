"""The style `crude`: a face as most people draw it with a mouse or a finger.

A few lines of one pen, with misplaced features, missing strokes and no shading. The strongest
contours of the photo are thinned to strokes; some are left out, all are bent and drawn with a pen.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.sketching import styles
from limner.sketching.background import erase_background
from limner.sketching.displacement import bend, displace, literalness
from limner.sketching.filters import REFERENCE_SIDE, Grey, blur
from limner.sketching.symbols import SYMBOLS, ink
from limner.sketching.thinning import components, thin

__all__ = ["crude_drawing", "drawn_crudely"]

Ink = NDArray[np.bool_]

_MOST_PIXELS = 4 * REFERENCE_SIDE**2  # of a picture much longer than wide
_FAINTEST = 0.05  # of black: fainter lines of a style are not contours

_PARTS = {
    "left eye": (0.29, 0.365, 0.045, 0.08),
    "right eye": (0.29, 0.635, 0.045, 0.08),
    "left brow": (0.20, 0.36, 0.04, 0.10),
    "right brow": (0.20, 0.64, 0.04, 0.10),
    "nose": (0.45, 0.50, 0.08, 0.08),
    "mouth": (0.61, 0.50, 0.05, 0.12),
}
"""Where strokes count as part of a feature, in an aligned crop: its middle, down and right, and
half its height and width, as fractions of the sheet."""
_LEAST = {"left eye": 12, "right eye": 12, "left brow": 8, "right brow": 8, "nose": 7, "mouth": 12}
_LEAST_OF_JAW = 50
"""Pixels of strokes at 128 px below which the jaw counts as missing."""
_HABITS = {"eye": 0.4, "brow": 0.25, "nose": 0.3}
"""Fractions of drawings with a symbol for these, whatever the photo shows. Mouths follow the photo:
they show whether somebody smiles."""
_A_FACE = 25
"""Pixels of contours on all features below which the picture shows no face."""
_FEW = 250
"""Pixels of contours up to which there is hardly a face to draw."""
_CELLS = 12  # per side, each with its own chance of being left out


def drawn_crudely(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """A few bent strokes of one pen, as drawn with a mouse; a style for pictures of anything."""
    return crude_drawing(photo, rng, aligned=False)[0]


def crude_drawing(
    photo: NDArray[np.float32], rng: np.random.Generator, *, aligned: bool = True
) -> tuple[Grey, float]:
    """Draw a photo `[H, W, 3]` crudely.

    People draw as many strokes on a large sheet as on a small one, so strokes are always found at
    128 px; only the pen draws them at the size of the photo.

    Args:
        photo: In [0, 1].
        rng: Random generator.
        aligned: Whether it is an aligned crop with the features where they are expected, so that
            symbols may replace them.

    Returns:
        The drawing `[H, W]`, and how literally it is meant, see `literalness`.
    """
    h, w = photo.shape[:2]
    strokes = _strokes(_small(photo), rng, aligned=aligned)
    shape = (strokes.shape[0], strokes.shape[1])
    bent = bend(shape, rng, rng.uniform(1, 6), int(rng.integers(3, 6)))
    bent += bend(shape, rng, rng.uniform(0, 2), int(rng.integers(7, 12)))
    inked = strokes.astype(np.float32)
    literal = literalness(bent, 1 - inked)
    return _pen(inked, bent, (h, w), rng), literal


@lru_cache(maxsize=64)
def _part(shape: tuple[int, int], name: str) -> Ink:
    """Mask of a feature's strokes, `[H, W]`."""
    y, x, tall, wide = _PARTS[name]
    down, right = _shares(shape)
    part: Ink = (np.abs(down - y) < tall) & (np.abs(right - x) < wide)
    return part


@lru_cache(maxsize=16)
def _on_features(shape: tuple[int, int]) -> Ink:
    """Mask of the strokes of all features, `[H, W]`."""
    features: Ink = np.any([_part(shape, name) for name in _PARTS], axis=0)
    return features


@lru_cache(maxsize=16)
def _rim(shape: tuple[int, int]) -> Ink:
    """Mask of the strokes of cheeks and chin, `[H, W]`."""
    down, right = _shares(shape)
    away = np.hypot((down - 0.36) / 0.44, (right - 0.5) / 0.33)
    rim: Ink = (np.abs(away - 1) < 0.2) & (down > 0.42)
    return rim


def _shares(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position of each pixel down and right, `[H, 1]` and `[1, W]`, as fractions of the sheet."""
    down, right = ((np.arange(side) + 0.5) / side for side in shape)
    return down[:, None], right[None]


def _small(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """The photo with a shorter side of 128 px, less if it is much longer than wide."""
    h, w = photo.shape[:2]
    scale = min(REFERENCE_SIDE / min(h, w), math.sqrt(_MOST_PIXELS / (h * w)))
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    if size == (w, h):
        return photo
    levels = Image.fromarray((photo * 255 + 0.5).astype(np.uint8))
    filtered = Image.Resampling.BICUBIC
    return np.asarray(levels.resize(size, filtered), np.float32) / np.float32(255)


def _strokes(photo: NDArray[np.float32], rng: np.random.Generator, *, aligned: bool) -> Ink:
    """The strongest contours, one pixel wide, some left out; a face is completed with symbols."""
    if rng.random() < 0.8:
        photo = erase_background(photo)
    # Softly lit faces have few contours strong enough for an outline: then use fainter ones.
    for style in (styles.outline, styles.line)[rng.random() < 0.4 :]:
        dark = 1 - style(photo, rng)
        share = rng.uniform(0.05, 0.12)
        strong = float(np.quantile(dark, 1 - share, method="nearest"))
        contours = thin(dark > max(min(rng.uniform(0.2, 0.5), strong), _FAINTEST))
        if contours.sum() > _FEW:
            break
    strokes = _forgetful(contours, rng)
    shape = (contours.shape[0], contours.shape[1])
    shows_a_face = aligned and (contours & _on_features(shape)).sum() >= _A_FACE
    return _completed(strokes, rng) if shows_a_face else strokes


def _forgetful(contours: Ink, rng: np.random.Generator) -> Ink:
    """Leave out short strokes and a few others, fewer on features."""
    shape = (contours.shape[0], contours.shape[1])
    shortest, forgotten = rng.uniform(5, 22), rng.uniform(0, 0.2)
    chance = rng.random((_CELLS, _CELLS))
    labels, count = components(contours)
    numbers = labels[contours]
    lengths = np.bincount(numbers, minlength=count + 1)
    # Whether a stroke is drawn depends on its position, not on how many come before it: a slightly
    # different photo of the same face gives a similar drawing.
    middles = [
        np.bincount(numbers, at, minlength=count + 1) / np.maximum(lengths, 1) / side
        for at, side in zip(np.nonzero(contours), shape, strict=True)
    ]
    row, column = ((middle * _CELLS).astype(np.intp) for middle in middles)
    within = np.bincount(labels[contours & _on_features(shape)], minlength=count + 1)
    of_features = within > lengths / 2
    drawn = (lengths >= np.where(of_features, min(shortest, 6), shortest)) & (
        chance[row, column] > np.where(of_features, forgotten / 4, forgotten)
    )
    drawn[0] = False
    kept: Ink = drawn[labels]
    return kept


def _completed(strokes: Ink, rng: np.random.Generator) -> Ink:
    """Draw symbols for features without strokes in the photo, and for some with strokes."""
    shape = (strokes.shape[0], strokes.shape[1])
    drawn = strokes.copy()
    habits = {part: rng.random() < share for part, share in _HABITS.items()}
    for name, least in _LEAST.items():
        here = _part(shape, name)
        kind = name.split()[-1]
        if habits.get(kind):
            drawn &= ~here
        if (drawn & here).sum() < least and rng.random() > 0.08:
            symbol = ink(SYMBOLS[name](rng), shape)
            drawn |= symbol if kind == "eye" else thin(symbol)  # dots stay
    if rng.random() > 0.2 and (drawn & _rim(shape)).sum() < _LEAST_OF_JAW:
        drawn |= thin(ink(SYMBOLS["jaw"](rng), shape))
    return drawn


def _pen(
    strokes: Grey, bent: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> Grey:
    """Bend strokes `[h, w]`, one pixel wide, and draw them at `shape` with a pen of one width."""
    width, black = rng.uniform(0.6, 1.1), rng.uniform(0.7, 1)
    soft = 1.0
    # A blurred straight stroke has a Gaussian profile: the threshold sets its width.
    profile = displace(blur(strokes, soft), bent) * np.float32(math.sqrt(2 * math.pi) * soft)
    if profile.shape != shape:
        enlarged = Image.fromarray(profile).resize(shape[::-1], Image.Resampling.BICUBIC)
        profile = np.asarray(enlarged, np.float32)
    cut = math.exp(-0.5 * (width / soft) ** 2)
    # About a pixel from paper to ink, as an anti-aliased edge; paper is white.
    slope = cut * min(width / soft**2 * REFERENCE_SIDE / min(shape), 2)
    inked = np.clip((profile - cut) / slope + 0.5, 0, 1)
    drawn: Grey = (1 - np.float32(black) * inked).astype(np.float32)
    return drawn
