"""The style `rough`: an unsteady, hatched pencil drawing, from small effects freely combined.

Hand-drawn sketches are inaccurate, hatched, smudged, drawn over twice and incomplete. None of that
is in the photo: a model trained on it learns to use only what was meant.
"""

import math

import numpy as np
from numpy.typing import NDArray

from limner.sketching.displacement import bend, displace
from limner.sketching.filters import (
    Grey,
    along,
    blur,
    grain,
    luminance,
    scale_of,
    smooth_field,
    strokes,
)

__all__ = [
    "double_contours",
    "hatch",
    "hatching",
    "leave_out",
    "outline_hair",
    "smudge",
    "toned_paper",
]

_PIECES = 1021  # number of different stroke weights; prime, so that no pattern repeats
_FADE = 0.12  # fraction of a stroke's length over which it fades in and out


def hatching(shape: tuple[int, int], rng: np.random.Generator, angle: float | None = None) -> Grey:
    """Parallel pencil strokes all over a sheet `[H, W]`: ink in [0, 1], independent of any photo.

    Distance, length, width and curvature are the same all over; where each stroke starts and how
    hard it is pressed differs.

    Args:
        shape: H, W.
        rng: Random generator.
        angle: Direction in radians, 0 = across; by default any.
    """
    h, w = shape
    scale = min(shape) / 128
    angle = rng.uniform(0, math.pi) if angle is None else angle
    apart, length = rng.uniform(1.8, 5.5) * scale, rng.uniform(8, 40) * scale
    width = min(rng.uniform(0.5, 1.1) * scale, 0.4 * apart)
    cos, sin = math.cos(angle), math.sin(angle)
    y, x = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)
    curve = smooth_field(shape, 3, rng) * np.float32(rng.uniform(0, 5) * scale)
    across = (y * cos - x * sin + curve) / np.float32(apart)
    line = np.floor(across)
    number = line.astype(np.intp)
    start, weight = rng.random((2, _PIECES), dtype=np.float32)
    at = (x * cos + y * sin) / np.float32(length) + start.take(number, mode="wrap")
    piece = np.floor(at)
    pressed = weight.take(number * 31 + piece.astype(np.intp), mode="wrap")
    at -= piece
    ends = np.minimum(np.minimum(at, 1 - at) / np.float32(_FADE), 1)
    away = np.abs(across - line - 0.5) * np.float32(apart)
    drawn = np.clip((np.float32(width) - away) / np.float32(max(0.7, 0.5 * scale)) + 0.5, 0, 1)
    inked: Grey = drawn * ends * (0.25 + 0.75 * pressed)
    return inked


def hatch(drawing: Grey, photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Hatch patches of the drawing, in one to three layers of any direction.

    Patches are on dark areas of the photo `[H, W, 3]`, blurred until no features remain, or
    anywhere. The strokes themselves are those of `hatching`, independent of the photo.
    """
    shape = (drawing.shape[0], drawing.shape[1])
    dense = _patches(photo, rng)
    angle, turn = rng.uniform(0, math.pi), rng.uniform(0.3, 1.6)
    for layer in range(int(rng.choice((1, 2, 3), p=(0.55, 0.35, 0.1)))):
        if rng.random() < 0.65:
            inked = hatching(shape, rng, angle + layer * turn)
        else:
            direction = round((angle + layer * turn) * 8 / math.pi) % 8
            length = int(rng.choice((5, 8, 12, 20)))
            inked = np.clip(0.5 + 0.6 * strokes(shape, direction, length, rng), 0, 1)
        drawing = drawing * (1 - np.float32(rng.uniform(0.12, 0.5)) * dense * inked)
    return drawing


def _patches(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Mask of the hatching, `[H, W]` in [0, 1], nothing finer than 4 px at 128."""
    shape = (photo.shape[0], photo.shape[1])
    cells, lean = int(rng.integers(3, 7)), rng.uniform(-0.2, 0.5)
    anywhere: Grey = np.clip((smooth_field(shape, cells, rng) + np.float32(lean)) * 2, 0, 1)
    quantile, steep, soft = rng.uniform(0.3, 0.8), rng.uniform(3, 8), rng.uniform(4, 7)
    if rng.random() < 0.45:
        return anywhere
    light = blur(luminance(photo), soft)
    dark: Grey = np.clip((np.quantile(light[::4, ::4], quantile) - light) * np.float32(steep), 0, 1)
    return np.maximum(dark, 0.4 * anywhere) if rng.random() < 0.5 else dark


def smudge(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Smudged with a finger: in patches, strokes are smeared in one direction and lose ink."""
    shape = (drawing.shape[0], drawing.shape[1])
    cells, lean, reach = int(rng.integers(3, 6)), rng.uniform(-0.6, 0), int(rng.integers(2, 6))
    wiped = np.clip((smooth_field(shape, cells, rng) + np.float32(lean)) * 3, 0, 1)
    direction = np.full(shape, rng.integers(8), np.intp)
    smeared = blur(along(drawing, direction, reach), rng.uniform(0.6, 1.6))
    share = np.float32(rng.uniform(0.4, 0.8)) * wiped
    # Ink on the finger greys the paper nearby.
    haze = np.float32(rng.uniform(0, 0.15)) * wiped * blur(1 - drawing, 5)
    smudged: Grey = np.clip(drawing + share * (smeared - drawing) - haze, 0, 1)
    return smudged


def double_contours(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Draw contours twice, the second time slightly displaced; tone is drawn once."""
    shape = (drawing.shape[0], drawing.shape[1])
    lines = np.clip(blur(drawing, 3) - drawing, 0, 1)
    off = bend(shape, rng, rng.uniform(0.8, 2), int(rng.integers(3, 7)))
    off += (rng.uniform(-1.2, 1.2, (2, 1, 1)) * scale_of(drawing)).astype(np.float32)
    again = smooth_field(shape, 4, rng) * np.float32(0.5) + np.float32(rng.uniform(0.4, 0.9))
    second = displace(lines, off) * np.clip(again, 0, 1) * np.float32(rng.uniform(0.6, 1.2))
    doubled: Grey = np.clip(drawing - second, 0, 1)
    return doubled


def leave_out(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Leave out ears, neck or top of the head, or several of these: paper instead."""
    h, w = drawing.shape
    down, right = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    left_out = rng.random(3) < 0.4
    left_out[rng.integers(3)] = True
    beside = np.abs(right - 0.5) - rng.uniform(0.31, 0.36)
    ears = np.minimum(beside, 0.14 - np.abs(down[:, None] - 0.38))
    # Below the jaw, an arc from ear to ear.
    neck = np.hypot((down[:, None] - 0.35) / rng.uniform(0.47, 0.52), (right - 0.5) / 0.4) - 1
    neck = np.where(down[:, None] > 0.6, 0.45 * neck, -1)
    top = np.broadcast_to(rng.uniform(0.04, 0.1) - down[:, None], (h, w))
    ink = 1 - drawing
    for part, out in zip((ears, neck, top), left_out, strict=True):
        if out:
            ink = ink * np.clip(0.5 - part / np.float32(0.03), 0, 1)
    bare: Grey = (1 - ink).astype(np.float32)
    return bare


def outline_hair(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Reduce dark areas around the face, mostly hair, to their outlines."""
    h, w = drawing.shape
    down, right = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    away = np.hypot((down[:, None] - 0.46) / 0.36, (right - 0.5) / 0.28)
    outside = np.clip((away - 0.9) * 5, 0, 1)
    mass = np.clip((np.float32(rng.uniform(0.75, 0.88)) - blur(drawing, 2)) * 6, 0, 1) * outside
    # The outline of a soft area is where it is 0.5.
    mass = np.clip(blur(mass.astype(np.float32), 1), 0, 1)
    rim = (4 * mass * (1 - mass)) ** np.float32(rng.uniform(1, 2))
    emptied = 1 - (1 - drawing) * (1 - np.float32(rng.uniform(0.85, 1)) * mass)
    outlined: Grey = np.clip(emptied - np.float32(rng.uniform(0.4, 0.8)) * rim, 0, 1)
    return outlined


def toned_paper(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Grey or brown paper with fibres, darkened by ink: a tone of 0.5 to 0.85."""
    shape = (drawing.shape[0], drawing.shape[1])
    tone = rng.uniform(0.5, 0.85) + rng.uniform(0, 0.06) * smooth_field(shape, 3, rng)
    fibres = strokes(shape, int(rng.integers(8)), 5, rng) * np.float32(rng.uniform(0, 0.03))
    tooth = grain(shape, 0.5, rng) * np.float32(rng.uniform(0.005, 0.03))
    toned: Grey = np.clip(drawing * tone + fibres + tooth, 0, 1).astype(np.float32)
    return toned
