"""The strength of the ink: faint pencil is strengthened, firm pencil stays as it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.drawings.regions import quantiles

__all__ = ["Tones", "tones"]

_TRACE = 0.06
"""What is darker than the paper by less than this fraction is not ink, unless all is as faint."""
_FIRM = 0.6
"""Smallest darkness of the darkest strokes of a firm drawing. Of 211 CUFS sketches, our examples
and all sketch styles but the filter of the 2018 study, none is below."""
_FAINT = 0.45
"""Drawings whose darkest strokes are at most this dark are strengthened in full."""
_TARGET = 0.78
"""How dark the darkest strokes become then: the median of those drawings."""
_MOST = 9.0
"""Largest gain: beyond it there is more noise than pencil."""
_FLOOR = 0.2
"""At most this fraction of the darkest strokes counts as noise."""
_FEW = 30
"""px of ink below which a page counts as empty."""
_LIGHTER = 1.06
"""Brighter than toned paper by this factor is a highlight."""
_TONED = 0.85
"""Paper darker than this is toned."""
_KEPT = 0.92
"""Lightness of toned paper that has highlights, so that they stay brighter."""


@dataclass(frozen=True, kw_only=True)
class Tones:
    """Maps darkness on the page to darkness in the drawing."""

    floor: float = 0.0
    """Darkness that counts as none, to suppress noise."""
    gain: float = 1.0
    """Factor for darkness above it."""
    highlights: float = 1.0
    """How much brighter than the paper the brightest highlights are; 1 if there are none."""

    def apply(self, relative: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lightness in 0..1 from lightness as a fraction of the paper's, in any shape."""
        drawn = 1 - np.maximum(1 - relative - self.floor, 0) * self.gain
        if self.highlights > 1:
            above = (relative - 1) / (self.highlights - 1)
            bright = _KEPT + (1 - _KEPT) * np.clip(above, 0, 1)
            drawn = np.where(relative > 1, bright, drawn * _KEPT)
        return np.asarray(np.clip(drawn, 0, 1), np.float32)


def tones(relative: NDArray[np.float32], noise: float, paper: float) -> Tones:
    """How to strengthen a drawing.

    Args:
        relative: lightness of some pixels, unaveraged, as a fraction of the paper's.
        noise: standard deviation of that on blank paper.
        paper: lightness of the paper itself in 0..1; white paper has no highlights.
    """
    dark = 1 - relative
    trace = max(_TRACE, 4 * noise)
    ink = dark[dark > trace]
    if ink.size < _FEW:
        trace = max(0.012, 4 * noise)
        ink = dark[dark > trace]
    if ink.size < _FEW:
        return Tones()
    strongest = quantiles(ink, 0.98)[0]
    share = min(max((_FIRM - strongest) / (_FIRM - _FAINT), 0.0), 1.0)
    wanted = strongest + share * (_TARGET - strongest)
    gain = min(wanted / strongest, _MOST) if share > 0 else 1.0
    highlights = 1.0
    if paper < _TONED:
        bright = relative[relative > max(_LIGHTER, 1 + 4 * noise)]
        if bright.size > max(_FEW, 0.001 * relative.size):
            highlights = quantiles(bright, 0.9)[0]
    floor = min(2 * noise, _FLOOR * strongest) if gain > 1 else 0.0
    return Tones(floor=floor, gain=gain, highlights=highlights)
