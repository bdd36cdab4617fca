"""Photo to sketch: `sketch` in one named style, `random_sketch` in a new hand at every call."""

import difflib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import UsageError
from limner.sketching import hand
from limner.sketching.background import erase_background
from limner.sketching.filters import Grey
from limner.sketching.styles import STYLES, Style

__all__ = ["STYLES", "Style", "check_style", "random_sketch", "sketch"]

Effects = tuple[tuple[Callable[[Grey, np.random.Generator], Grey], float], ...]

# Strokes scale with the shorter side, so nothing is drawn that this many pixels could not show;
# a picture much longer than wide is drawn smaller still, to stay within memory.
_WORKING_SIDE = 768
_WORKING_PIXELS = 4 * _WORKING_SIDE**2

# Graphite first: it is what the pairs are to stand in for.
_WEIGHTS = {
    "pencil": 0.42,
    "dodge": 0.24,
    "charcoal": 0.07,
    "line": 0.09,
    "xdog": 0.07,
    "coarse": 0.05,
    "outline": 0.03,
    "study": 0.03,
}
_NAMES = tuple(_WEIGHTS)
_CUMULATIVE = np.cumsum([_WEIGHTS[name] for name in _NAMES])

# In this order a drawing comes about: drawn, shaded, scanned. Each effect with its share of draws.
_STROKES: Effects = (
    (hand.remove_tone, 0.1),
    (hand.pressure, 0.4),
    (hand.darkness, 0.5),
    (hand.drop_lines, 0.15),
)
_MODELLED = 0.4
_SHADED = 0.4
_SHEET: Effects = (
    (hand.wobble, 0.5),
    (hand.fade_to_paper, 0.3),
    (hand.focus, 0.3),
    (hand.paper, 0.3),
    (hand.speckle, 0.3),
)


def sketch(photo: NDArray[np.uint8], style: str = "pencil", seed: int = 0) -> NDArray[np.uint8]:
    """Draw `photo` in one style; the same arguments give the same drawing.

    Args:
        photo: `[H, W, 3]` RGB, any size.
        style: A key of `STYLES`.
        seed: Chooses the strokes and the style's free parameters.

    Returns:
        `[H, W]`, 255 = paper.

    Raises:
        UsageError: `style` is not known.
    """
    check_style(style)
    h, w = photo.shape[:2]
    reduction = max(min(h, w) / _WORKING_SIDE, (h * w / _WORKING_PIXELS) ** 0.5)
    if reduction > 1:
        size = (max(1, round(w / reduction)), max(1, round(h / reduction)))
        photo = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX))
    drawing = _to_bytes(STYLES[style](_to_float(photo), np.random.default_rng(seed)))
    if reduction > 1:
        enlarged = Image.fromarray(drawing).resize((w, h), Image.Resampling.BICUBIC)
        drawing = np.asarray(enlarged)
    return drawing


def check_style(style: str) -> None:
    """Raise `UsageError` unless `style` is a key of `STYLES`."""
    if style not in STYLES:
        near = difflib.get_close_matches(style, STYLES, n=1, cutoff=0.4)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"unknown sketch style '{style}', known are {', '.join(STYLES)}{hint}")


def random_sketch(photo: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw an aligned face crop `[H, W, 3]` in a random style by a random hand; `[H, W]`."""
    picture = _to_float(photo)
    if rng.random() < 0.5:
        picture = erase_background(picture)
    name = _NAMES[int(np.searchsorted(_CUMULATIVE, rng.random() * _CUMULATIVE[-1]))]
    drawing = STYLES[name](picture, rng)
    drawing = _apply(_STROKES, drawing, rng)
    if rng.random() < _MODELLED:
        drawing = hand.model_form(drawing, picture, rng)
    if rng.random() < _SHADED:
        drawing = hand.shade_skin(drawing, picture, rng)
    return _to_bytes(_apply(_SHEET, drawing, rng))


def _apply(effects: Effects, drawing: Grey, rng: np.random.Generator) -> Grey:
    for effect, share in effects:
        if rng.random() < share:
            drawing = effect(drawing, rng)
    return drawing


def _to_float(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    return photo.astype(np.float32) / np.float32(255)


def _to_bytes(drawing: Grey) -> NDArray[np.uint8]:
    return (drawing * 255 + 0.5).astype(np.uint8)
