"""Photo to sketch: `sketch` in one named style, `random_drawing` in a random one at every call."""

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import UsageError
from limner.sketching.crude import drawn_crudely
from limner.sketching.drawing import Drawing, drawn_roughly, random_drawing, random_sketch
from limner.sketching.styles import TRACED, Style, steady

__all__ = [
    "STYLES",
    "Drawing",
    "Style",
    "check_style",
    "random_drawing",
    "random_sketch",
    "sketch",
    "steady_drawing",
]

STYLES: Mapping[str, Style] = MappingProxyType(
    {**TRACED, "rough": drawn_roughly, "crude": drawn_crudely}
)
"""All styles by name: those that trace the photo, and two that do not."""

# Strokes scale with the shorter side, so more pixels would show no more detail. A picture much
# longer than wide is drawn even smaller, to limit memory.
_WORKING_SIDE = 768
_WORKING_PIXELS = 4 * _WORKING_SIDE**2


def sketch(photo: NDArray[np.uint8], style: str = "pencil", seed: int = 0) -> NDArray[np.uint8]:
    """Draw a photo in one style; the same arguments give the same drawing.

    Args:
        photo: `[H, W, 3]` RGB, any size.
        style: A key of `STYLES`.
        seed: Chooses the strokes and the style's free parameters.

    Returns:
        `[H, W]`, 255 = paper.

    Raises:
        UsageError: `style` is unknown.
    """
    check_style(style)
    h, w = photo.shape[:2]
    reduction = max(min(h, w) / _WORKING_SIDE, (h * w / _WORKING_PIXELS) ** 0.5)
    if reduction > 1:
        size = (max(1, round(w / reduction)), max(1, round(h / reduction)))
        photo = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX))
    drawn = STYLES[style](photo.astype(np.float32) / np.float32(255), np.random.default_rng(seed))
    drawing = (drawn * 255 + 0.5).astype(np.uint8)
    if reduction > 1:
        enlarged = Image.fromarray(drawing).resize((w, h), Image.Resampling.BICUBIC)
        drawing = np.asarray(enlarged)
    return drawing


def steady_drawing(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw `[H, W, 3]` in `pencil`, deterministically and on plain white paper; `[H, W]`."""
    drawn = steady(photo.astype(np.float32) / np.float32(255))
    return (drawn * 255 + 0.5).astype(np.uint8)


def check_style(style: str, *, beside: Sequence[str] = ()) -> None:
    """Raise `UsageError` unless `style` is a key of `STYLES` or one of `beside`."""
    known = [*STYLES, *beside]
    if style not in known:
        near = difflib.get_close_matches(style, known, n=1, cutoff=0.4)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"unknown sketch style '{style}'; choose from {', '.join(known)}{hint}")
