"""Drawing media: graphite, ink, charcoal."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A drawing medium.

    Attributes:
        colour: CSS colour of the lead or ink.
        line: factor for the width of every line.
        smudge: strength of the rubbed tone under the hatching, 0 for none.
        hatch: density of the hatching, 0 for none.
        grain: how strongly the paper's grain breaks the marks, 0 to 1.
        tooth: spatial frequency of the paper's grain, in cycles per pixel.
        wander: how far the line wobbles, in pixels.
        strokes: number of strokes per contour.
    """

    colour: str = "#26262a"
    line: float = 1.0
    smudge: float = 1.3
    hatch: float = 1.0
    grain: float = 0.3
    tooth: float = 0.7
    wander: float = 2.0
    strokes: int = 2


GRAPHITE = Medium()
INK = Medium(colour="#16161a", line=1.15, smudge=0.45, hatch=0.0, grain=0.05, wander=1.2, strokes=1)
FINE_LINE = Medium(colour="#1c1c20", line=1.1, smudge=1.2, hatch=0.7, grain=0.25, wander=1.5)
FEW_STROKES = Medium(line=1.35, smudge=0.0, hatch=0.0, grain=0.3, wander=2, strokes=1)
CHARCOAL = Medium(
    colour="#202022", line=1.6, smudge=1.2, hatch=0.7, grain=0.42, tooth=0.5, wander=3
)
