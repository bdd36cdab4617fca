"""Random hints for training, like those a person might paint to get the colours of the photo.

After Zhang et al. 2017, *Real-Time User-Guided Image Colorization with Learned Deep Priors*: a few
dots of approximate colours. Here there are also strokes, and whole parts of the face.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from limner.hints.parts import PARTS, colours_of
from limner.hints.placing import Picture, over, place

__all__ = ["random_hints"]

_WITH_PARTS, _WITH_BOTH = 0.6, 0.4
"""Fraction of hint pictures with parts of the face, and fraction of those with strokes, too."""
_PART = 0.5
"""Probability of each part."""
_MOST = 12
"""Largest number of strokes; few are more frequent."""
_REFERENCE = 128
"""Side in px for which the sizes below are given."""
_WIDTHS, _LENGTHS = (2.0, 24.0), (8.0, 64.0)
"""Width and length of a stroke in px."""
_CELL = 6
"""px over which the photo's colours are averaged."""
_ONE_COLOUR = 0.7
"""Fraction of strokes in one colour; the others follow the photo."""
_SAME = 48
"""Largest difference of the photo from a stroke of one colour, summed over RGB: nobody paints the
hair's colour over the wall."""
_NOISE = 5.0
"""Standard deviation of a hint's error in each channel."""

_Path = list[tuple[float, float]]


def random_hints(photo: NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """Some of a photo's colours, roughly, where a person might give them; at least one.

    Args:
        photo: `[S, S, 3]` RGB, aligned.
        rng: Decides which colours are given and how far they are off.

    Returns:
        `[S, S, 4]`.
    """
    size = len(photo)
    if rng.random() >= _WITH_PARTS:
        return _painted(photo, rng)
    chosen = [part for part in PARTS if rng.random() < _PART] or [PARTS[rng.integers(len(PARTS))]]
    found = colours_of(photo, chosen)
    colours = {part: _off(np.array(colour), rng) for part, colour in found.items()}
    placed = place({part: (r, g, b) for part, (r, g, b) in colours.items()}, size)
    if colours and rng.random() >= _WITH_BOTH:
        return placed
    return over(placed, _painted(photo, rng))


def _painted(photo: NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """A hint picture of strokes."""
    size = len(photo)
    sheet = Image.new("L", (size, size))
    brush = ImageDraw.Draw(sheet)
    count = 1 + int(_MOST * rng.random() ** 2)
    starts = [_stroke(brush, number, size, rng) for number in range(1, count + 1)]
    stroke_at = np.asarray(sheet).ravel()
    mixed = _mixed(photo).reshape(-1, 3)
    hints = np.zeros((size * size, 4), np.uint8)
    for number, start in enumerate(starts, 1):
        here = np.flatnonzero(stroke_at == number)
        colours = mixed[here]
        if rng.random() < _ONE_COLOUR:
            colour = mixed[start]
            alike = np.abs(colours.astype(np.int16) - colour).sum(axis=1) < _SAME
            here, colours = here[alike], colour
        hints[here, :3] = _off(colours, rng)
        hints[here, 3] = 255
    return hints.reshape(size, size, 4)


def _mixed(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo, blurred."""
    size = len(photo)
    picture = Image.fromarray(photo)
    cells = picture.reduce(max(1, round(_CELL * size / _REFERENCE)))
    return np.asarray(cells.resize((size, size), Image.Resampling.BILINEAR))


def _stroke(brush: ImageDraw.ImageDraw, number: int, size: int, rng: np.random.Generator) -> int:
    """Draw a dot, a straight or a bent stroke in the grey level `number`.

    Returns:
        Its first pixel, numbered row by row.
    """
    scale = size / _REFERENCE
    width = max(1.0, scale * _between(*_WIDTHS, rng))
    x, y = rng.uniform(0, size, 2).tolist()
    path = [(x, y)]
    kind = rng.integers(3)
    if kind:
        length, angle = scale * _between(*_LENGTHS, rng), rng.uniform(0, 2 * math.pi)
        end = x + length * math.cos(angle), y + length * math.sin(angle)
        path = [(x, y), end] if kind == 1 else _bent((x, y), end, rng.uniform(-0.5, 0.5))
        brush.line(path, fill=number, width=max(1, round(width)), joint="curve")
    for px, py in (path[0], path[-1]):
        r = width / 2
        brush.ellipse((px - r, py - r, px + r, py + r), fill=number)
    row, column = int(y), int(x)
    brush.point((column, row), fill=number)
    return row * size + column


def _bent(start: tuple[float, float], end: tuple[float, float], by: float) -> _Path:
    """An arc from one point to another, bent sideways by a share of its length."""
    (x0, y0), (x1, y1) = start, end
    # The middle point of a quadratic Bezier curve.
    x, y = (x0 + x1) / 2 - 2 * by * (y1 - y0), (y0 + y1) / 2 + 2 * by * (x1 - x0)
    steps = [step / 8 for step in range(9)]
    return [
        (
            (1 - t) ** 2 * x0 + 2 * t * (1 - t) * x + t**2 * x1,
            (1 - t) ** 2 * y0 + 2 * t * (1 - t) * y + t**2 * y1,
        )
        for t in steps
    ]


def _between(low: float, high: float, rng: np.random.Generator) -> float:
    """Log-uniform: as often in one octave as in another."""
    return low * math.exp(math.log(high / low) * rng.random())


def _off(colours: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Colours `[..., 3]` as somebody remembers them: all off by the same error."""
    moved = np.rint(colours + rng.normal(0, _NOISE, 3)).clip(0, 255)
    return moved.astype(np.uint8)
