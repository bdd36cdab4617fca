"""The strength of the ink: a faint pencil becomes a firm one, a firm one stays as it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.drawings.regions import quantiles

__all__ = ["Tones", "tones"]

_TRACE = 0.06
"""Darker than the paper by less than this share is not ink, unless all of it is as faint."""
_FIRM = 0.6
"""How dark the darkest strokes of a firm drawing are, at least. Of 211 CUFS sketches, our examples
and all sketch styles but the study's filter, none stays below."""
_FAINT = 0.45
"""Drawings whose darkest strokes are no darker are strengthened in full."""
_TARGET = 0.78
"""How dark the darkest strokes become then: as in the middle one of those drawings."""
_MOST = 9.0
"""Nothing is strengthened more than that: beyond it there is more noise than pencil."""
_FLOOR = 0.2
"""No more than this share of the darkest strokes counts as noise."""
_FEW = 30
"""px of ink, without which nothing is drawn."""
_LIGHTER = 1.06
"""Brighter than toned paper by this factor is a highlight."""
_TONED = 0.85
"""Paper that is less light is toned."""
_KEPT = 0.92
"""What toned paper becomes where there are highlights on it, so that they stay brighter."""


@dataclass(frozen=True, kw_only=True)
class Tones:
    """How darkness on the page becomes darkness in the drawing."""

    floor: float = 0.0
    """Darkness that counts as none, against noise."""
    gain: float = 1.0
    """What darkness above it is multiplied by."""
    highlights: float = 1.0
    """How much brighter than the paper the brightest highlights are; 1 if there are none."""

    def apply(self, relative: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lightness in 0..1 from lightness as a share of the paper's, in any shape."""
        drawn = 1 - np.maximum(1 - relative - self.floor, 0) * self.gain
        if self.highlights > 1:
            above = (relative - 1) / (self.highlights - 1)
            bright = _KEPT + (1 - _KEPT) * np.clip(above, 0, 1)
            drawn = np.where(relative > 1, bright, drawn * _KEPT)
        return np.asarray(np.clip(drawn, 0, 1), np.float32)


def tones(relative: NDArray[np.float32], noise: float, paper: float) -> Tones:
    """How a drawing is to be strengthened.

    Args:
        relative: lightness of some pixels, unaveraged, as a share of the paper's.
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
