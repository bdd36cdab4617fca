"""Traced drawings: a photo in a random style, shaded and scanned, with every stroke in place."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limner.sketching import hand
from limner.sketching.background import erase_background
from limner.sketching.filters import Grey
from limner.sketching.styles import TRACED

__all__ = ["apply", "scanned", "traced", "wobbled"]

Effects = tuple[tuple[Callable[[Grey, np.random.Generator], Grey], float], ...]
"""Each with its fraction of drawings."""

# Mostly graphite, since the pairs replace pencil drawings.
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

# In the order of making a drawing: drawn, shaded, scanned.
_STROKES: Effects = (
    (hand.remove_tone, 0.1),
    (hand.pressure, 0.4),
    (hand.darkness, 0.5),
    (hand.drop_lines, 0.15),
)
_MODELLED = 0.4
_WOBBLED = 0.5
_SCAN: Effects = (
    (hand.fade_to_paper, 0.3),
    (hand.focus, 0.3),
    (hand.paper, 0.3),
    (hand.speckle, 0.3),
)


def traced(
    photo: NDArray[np.float32], rng: np.random.Generator, pen: np.random.Generator | None = None
) -> Grey:
    """Draw an aligned face crop `[H, W, 3]` in a random style and shade it; `[H, W]`.

    Args:
        photo: In [0, 1].
        rng: Chooses the style and the shading.
        pen: Random generator of the style; by default `rng`. Styles take more random numbers on a
            larger sheet, so a separate generator makes the same choices at every size.
    """
    if rng.random() < 0.5:
        photo = erase_background(photo)
    name = _NAMES[int(np.searchsorted(_CUMULATIVE, rng.random() * _CUMULATIVE[-1]))]
    drawing = apply(_STROKES, TRACED[name](photo, pen or rng), rng)
    if rng.random() < _MODELLED:
        drawing = hand.model_form(drawing, photo, rng)
    if rng.random() < hand.shading_share(photo):
        drawing = hand.shade_skin(drawing, photo, rng)
    return drawing


def wobbled(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Make half of the drawings a little inaccurate, by less than a pixel on average."""
    return hand.wobble(drawing, rng) if rng.random() < _WOBBLED else drawing


def scanned(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Apply the effects of the sheet and the scanner."""
    return apply(_SCAN, drawing, rng)


def apply(effects: Effects, drawing: Grey, rng: np.random.Generator) -> Grey:
    """Apply each effect to its fraction of drawings, in order."""
    for effect, share in effects:
        if rng.random() < share:
            drawing = effect(drawing, rng)
    return drawing
