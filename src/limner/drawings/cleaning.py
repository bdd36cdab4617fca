"""From a photographed or scanned page to a clean drawing: grey ink on white paper.

A page is analysed at about 450 px, which takes a few milliseconds, and changed at full size only
where necessary: most scans and all drawings made with programs stay as they are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner import images
from limner.drawings.ink import Tones, tones
from limner.drawings.regions import (
    EVEN,
    EVEN_PART,
    Field,
    Mask,
    enlarge,
    flood,
    quantiles,
    rim_of,
)
from limner.drawings.ruling import find_ruling

__all__ = ["Clean", "Cleaned", "Judge", "clean"]

Clean = Literal["auto", "off"]
"""Whether drawings are cleaned: where necessary, or never."""

Judge = Callable[[NDArray[np.uint8], NDArray[np.uint8]], bool | None]
"""Whether the second of two grey pictures `[H, W]` shows a face with more confidence than the
first; None if neither shows any."""

_SIDE = 448
"""Approximate longer side in px at which a page is analysed."""
_SMALLEST = 32
"""Side in px below which a page is not analysed."""
_DARKEST = 1 / 64
"""Smallest lightness that is distinguished."""
_DARK = 0.5
"""A page no lighter than this may be a negative."""
_BOARD = 0.35
"""Paper darker than this means a negative if no face decides; paper in a shadow is lighter."""
_WHITE = 0.8
"""Paper at least this light is white."""
_WHITEST = 0.95
"""The same for paper that was dark."""
_EVEN_PAGE = 0.3
"""`EVEN` for all paper of a page, to which soft shading may be connected."""
_PAPER = 0.15
"""Smallest fraction of visible paper; with less, the page may be a photo and is left as it is."""
_PART = 0.01
"""Smallest fraction of the page that a drawing covers."""
_ENOUGH = 1 << 16
"""Approximate number of px from which the strength of the ink is estimated."""
_ROWS = 1 << 20
"""px changed at a time, so that a large page takes little memory."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A cleaned page."""

    image: NDArray[np.uint8]
    """[H, W] grey, or the given picture itself if nothing was changed."""
    notes: tuple[str, ...] = ()
    """Changes in words, in this order: `inverted`, `ruled lines removed` or `grid removed`,
    `light evened out` or `paper whitened`, `strokes strengthened`."""


def clean(picture: NDArray[np.uint8], judge: Judge | None = None) -> Cleaned:
    """Clean a drawing if necessary.

    Negative drawings, light on dark, become positive. Ruled lines and grids are removed. The light
    on the paper is divided out if it is uneven or the paper is not white; white highlights on toned
    paper stay brighter than the paper. Faint strokes are strengthened.

    Args:
        picture: `[H, W, 3]` RGB or `[H, W]` grey.
        judge: decides which of a dark page and its negative shows a face; by default a page with
            light strokes on dark paper is treated as a negative.
    """
    if min(picture.shape[:2]) < _SMALLEST:
        return Cleaned(picture)
    grey = images.to_grey(picture)
    page = _analysed(grey)
    notes = []
    negative = _is_negative(grey, page, judge)
    if negative:
        grey = 255 - grey
        page = _analysed(grey)
        notes.append("inverted")
    grey, kinds = _without_ruling(grey, page)
    if kinds:
        page = _analysed(grey)
        notes.append(f"{kinds} removed")
    light = _uneven_light(page, negative=negative)
    tone = _tones(grey, page, light)
    if light is not None and not negative:
        notes.append("light evened out" if light.uneven else "paper whitened")
    if tone.gain > 1:
        notes.append("strokes strengthened")
    if light is not None or tone.gain > 1:
        grey = _apply(grey, light, tone)
    return Cleaned(grey, tuple(notes)) if notes else Cleaned(picture)


def _analysed(grey: NDArray[np.uint8]) -> Field:
    """`[h, w]`: logarithm of the lightness of a page, shrunk for analysis."""
    step = _step(grey)
    small = Image.fromarray(grey)
    if step > 1:
        small = small.reduce(step)
    return _log(np.asarray(small))


def _step(grey: NDArray[np.uint8]) -> int:
    """How many px of a page become one px of the analysed page."""
    return max(1, round(max(map(int, grey.shape)) / _SIDE))


def _log(grey: NDArray[np.uint8]) -> Field:
    return _LOGS[grey]


_LOGS = np.log(np.maximum(np.arange(256, dtype=np.float32) / 255, _DARKEST))


def _is_negative(grey: NDArray[np.uint8], page: Field, judge: Judge | None) -> bool:
    """Whether a drawing is light on dark; calls `judge` only if the page or its rim is dark."""
    [rim], [usual] = quantiles(page[rim_of(page)], 0.5), quantiles(page, 0.5)
    if min(rim, usual) > np.log(_DARK):
        return False
    surer = judge(grey, 255 - grey) if judge is not None else None
    if surer is not None:
        return surer
    off = np.exp(page) - np.exp(rim)
    return max(rim, usual) < np.log(_BOARD) and bool(off[off > 0].sum() > -3 * off[off < 0].sum())


def _without_ruling(grey: NDArray[np.uint8], page: Field) -> tuple[NDArray[np.uint8], str]:
    """A page without printed lines, and what was removed: `ruled lines`, `grid` or nothing."""
    across, down = find_ruling(page), find_ruling(np.ascontiguousarray(page.T))
    if across is None and down is None:
        return grey, ""
    from limner.drawings.unruling import remove_ruling  # clean pages do not need it

    full = _log(grey)
    if across is not None:
        remove_ruling(full, across)
    if down is not None:
        turned = np.ascontiguousarray(full.T)
        remove_ruling(turned, down)
        full = turned.T
    cleaned = np.rint(np.exp(full) * 255).clip(0, 255).astype(np.uint8)
    return cleaned, "ruled lines" if across is None or down is None else "grid"


@dataclass(frozen=True, eq=False)
class _Light:
    """The light on a page."""

    level: Field
    """[h, w]: logarithm of the lightness of blank paper."""
    paper: Mask
    """[h, w]: where blank paper is visible."""

    @property
    def uneven(self) -> bool:
        """Whether it varies over the page."""
        low, high = quantiles(self.level[self.paper], *EVEN_PART)
        return bool(high - low > EVEN / 2)


def _uneven_light(page: Field, *, negative: bool) -> _Light | None:
    """The light on the paper; None if it is even and the paper white.

    In a negative only black paper becomes white; grey and coloured paper becomes greyish.
    """
    white = _WHITEST if negative else _WHITE
    rim = rim_of(page)
    low, high = quantiles(page[rim], *EVEN_PART)
    if high > np.log(white) and high - low < EVEN:
        return None
    from limner.drawings.light import paper_light  # clean pages do not need it

    level, paper = paper_light(page, shadows=not negative)
    if paper.mean() < _PAPER:
        return None
    on_rim = level[paper & rim]
    if on_rim.size > _SIDE // 4:
        low, high = quantiles(on_rim, *EVEN_PART)
        lowest, highest = quantiles(level[paper], 0.02, 0.98)
        if high > np.log(white) and high - low < EVEN and highest - lowest < _EVEN_PAGE:
            return None
    return _Light(level, paper)


def _tones(grey: NDArray[np.uint8], page: Field, light: _Light | None) -> Tones:
    """How to strengthen the ink, estimated from single pixels: means of many are never dark."""
    step = _step(grey)
    height, width = (side // step for side in grey.shape)
    single = grey[step // 2 :: step, step // 2 :: step][:height, :width].astype(np.float32) / 255
    if light is None:
        paper = float(np.exp(quantiles(page, 0.9)[0]))
        relative = single / max(paper, _DARKEST)
    else:
        lit = np.exp(light.level[:height, :width])
        [paper] = quantiles(lit, 0.5)
        relative = (single / lit)[_drawn(light.paper)[:height, :width]]
    some = relative.ravel()[:: 1 + relative.size // _ENOUGH]
    return tones(some.astype(np.float32), _noise(grey, step) / max(paper, _DARKEST), paper)


def _drawn(paper: Mask) -> Mask:
    """Paper and drawing, without the surroundings of the page, if the drawing ends within it."""
    rim = np.ones(paper.shape, bool)
    rim[1:-1, 1:-1] = False
    beside = flood(~paper, rim)
    within = ~paper & ~beside
    if within.mean() > max(_PART, (~paper).mean() / 4):
        return ~beside
    return np.ones(paper.shape, bool)


def _noise(grey: NDArray[np.uint8], step: int) -> float:
    """Standard deviation of a pixel on blank paper, from pairs of neighbours.

    Pencil differs from pixel to pixel too, so only the third that differs least counts.
    """
    rows = grey[:: step * (1 + grey.size // step**2 // _ENOUGH)]
    left = rows[:, : grey.shape[1] - 1 : step].astype(np.float32)
    right = rows[:, 1::step].astype(np.float32)[:, : left.shape[1]]
    apart = np.abs(left - right)[left > quantiles(left, 0.6)[0]]
    if not apart.size:
        return 0.0
    # A third of a normal distribution is within 0.431 standard deviations.
    return quantiles(apart, 1 / 3)[0] / 0.431 / math.sqrt(2) / 255


def _apply(grey: NDArray[np.uint8], light: _Light | None, tone: Tones) -> NDArray[np.uint8]:
    """Divide the light out and strengthen the ink, some rows at a time."""
    height, width = grey.shape
    cleaned = np.empty_like(grey)
    full = None if light is None else enlarge(np.exp(light.level), width, height)
    white = quantiles(grey[:: _step(grey), :: _step(grey)].astype(np.float32), 0.9)[0] / 255
    rows = max(1, _ROWS // width)
    for top in range(0, height, rows):
        here = slice(top, top + rows)
        lit = full[here] if full is not None else np.float32(max(white, _DARKEST))
        relative = grey[here].astype(np.float32) / (lit * 255)
        cleaned[here] = np.rint(tone.apply(relative) * 255)
    return cleaned
