"""Sketch styles: functions from photo `[H, W, 3]` in [0, 1] to drawing `[H, W]`, 1 = paper.

Each call samples its own parameters from `rng`, so that no two drawings are alike.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.sketching.background import erase_background
from limner.sketching.filters import (
    Grey,
    along,
    blur,
    dodge,
    expose,
    grain,
    luminance,
    smooth,
    smooth_field,
    strokes,
    tangents,
)

Style = Callable[[NDArray[np.float32], np.random.Generator], Grey]

_STEADY = 1
"""Random seed of `steady`, chosen by eye for firm contours and dark hair."""


def study(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """The filter of the 2018 study's appendix: grey with the edges standing out.

    Blur (radius 0.8..1.5), invert, blend half and half with the original, then brightness
    (1.5..2.0) and contrast (1.5..3.0, around the mean) as Pillow's `ImageEnhance` does them.
    """
    grey = luminance(photo)
    blended = 0.5 * grey + 0.5 * (1 - blur(grey, rng.uniform(0.8, 1.5)))
    bright = np.clip(blended * rng.uniform(1.5, 2.0), 0, 1)
    mean = bright.mean()
    return _paper(mean + (bright - mean) * rng.uniform(1.5, 3.0))


def pencil(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Soft graphite: dark streaked hair, white skin with soft shading, thin contours, paper grain.

    Tone, lines and texture are combined as in Lu, Xu and Jia, "Combining Sketch and Tone for
    Pencil Drawing Production" (NPAR 2012), with dodging for the lines.
    """
    drawing, tone, directions = _graphite(photo, rng)
    strands = strokes(drawing.shape, directions, 6, rng) * rng.uniform(0.1, 0.22) * (1 - tone)
    tooth = grain(drawing.shape, rng.uniform(0.3, 0.5), rng) * rng.uniform(0.05, 0.2)
    return _paper(drawing + strands + tooth * (1 - drawing) * (0.3 + drawing))


def steady(photo: NDArray[np.float32]) -> Grey:
    """`pencil` with fixed parameters on smooth white paper: nothing is random, no strands of hair.

    Photo-to-sketch models are trained on it. The mean of many random drawings would be a grey blur,
    and random detail would become dots along the contours.
    """
    return _paper(_graphite(photo, np.random.default_rng(_STEADY))[0])


def _graphite(
    photo: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Grey, Grey, NDArray[np.intp]]:
    """Tone and lines of `pencil`; the tone alone, and the direction of strokes, both `[H, W]`."""
    exposed = expose(luminance(photo), rng.uniform(0.4, 0.65))
    flat = smooth(exposed, 2, rng.uniform(0.03, 0.08))
    directions = tangents(flat)
    tone = _hair_tone(flat, rng)
    shading = _saturating(1 - dodge(flat, rng.uniform(5, 9), floor=0.1), rng.uniform(0.25, 0.5))
    crease = np.maximum(0.99 - dodge(flat, rng.uniform(1.2, 2.0), floor=0.05), 0)
    lines = _saturating(along(crease, directions), rng.uniform(0.05, 0.12))
    drawing = tone * (1 - rng.uniform(0.4, 0.7) * shading) * (1 - rng.uniform(0.7, 0.95) * lines)
    return 1 - rng.uniform(0.75, 0.97) * (1 - drawing), tone, directions


def dodged(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Colour dodge: the pencil look of the darkroom, contours with a little tone."""
    exposed = smooth(expose(luminance(photo), rng.uniform(0.4, 0.65)), 1, rng.uniform(0.02, 0.06))
    fine = dodge(exposed, rng.uniform(1.5, 3.5), floor=0.05) ** rng.uniform(1.0, 2.5)
    broad = dodge(exposed, rng.uniform(8, 16), floor=0.1) ** rng.uniform(0.3, 1.0)
    tone = np.maximum(_hair_tone(exposed, rng), rng.uniform(0.0, 0.9))
    drawing = 1 - rng.uniform(0.8, 1) * (1 - fine * broad * tone)
    return _paper(drawing + grain(drawing.shape, 0.4, rng) * rng.uniform(0, 0.12) * (1 - drawing))


def line(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Clean thin lines only: Kang, Lee and Chui, "Coherent Line Drawing" (NPAR 2007)."""
    response = _line_response(expose(luminance(photo)), rng.uniform(0.5, 0.9), reach=2)
    ink = np.clip((response - rng.uniform(0.003, 0.008)) * rng.uniform(35, 65), 0, 1)
    return _paper(1 - rng.uniform(0.6, 1) * ink)


def xdog(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Ink: the extended difference of Gaussians.

    Winnemöller, Kyprianidis and Olsen, "XDoG" (Computers & Graphics 2012), the sharpened form.
    """
    exposed = np.minimum(expose(luminance(photo)), 1.2)
    sigma, sharpness = rng.uniform(0.6, 1.1), rng.uniform(8, 20)
    sharpened = (1 + sharpness) * blur(exposed, sigma) - sharpness * blur(exposed, 1.6 * sigma)
    below = np.minimum(sharpened - rng.uniform(0.5, 0.8), 0)
    return _paper(1 + np.tanh(rng.uniform(1.5, 6) * below))


def coarse(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Coarse hatching: tone in a few steps, each adding a layer of visible parallel strokes."""
    exposed = expose(luminance(photo))
    tone = blur(np.minimum(exposed, 1), 1.2)
    first = int(rng.integers(8))
    drawing = np.ones_like(tone)
    for layer, threshold in enumerate((0.75, 0.45, 0.25)):
        hatch = strokes(tone.shape, (first + layer * 3) % 8, 10, rng)
        depth = np.clip((threshold - tone) * 6, 0, 1)
        drawing *= 1 - depth * np.clip(0.35 + 0.4 * hatch, 0, 0.85)
    lines = dodge(blur(exposed, 0.6), 2.0, floor=0.05) ** rng.uniform(3, 6)
    return _paper(drawing * lines)


def outline(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """A sparse outline: only the strongest contours, smoothly drawn, nothing behind the head."""
    response = _line_response(
        expose(luminance(erase_background(photo))), rng.uniform(0.8, 1.2), reach=3
    )
    firm = response * np.minimum(blur(response, 2) * rng.uniform(40, 80), 1)
    ink = np.clip((firm - rng.uniform(0.008, 0.016)) * rng.uniform(20, 40), 0, 1)
    return _paper(1 - rng.uniform(0.7, 1) * ink)


def charcoal(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Charcoal: broad smudged darks, heavy paper tooth, few fine lines."""
    exposed = expose(luminance(photo), 0.5)
    smudged = blur(np.minimum(exposed, 1), rng.uniform(1.0, 2.0))
    tone = np.clip((smudged - 0.1) / rng.uniform(0.6, 0.8), 0, 1) ** 1.2
    lines = dodge(blur(exposed, 0.7), 3.0, floor=0.05) ** rng.uniform(1.5, 3.5)
    drawing = tone * lines
    tooth = grain(drawing.shape, rng.uniform(0.5, 0.9), rng) * rng.uniform(0.1, 0.25)
    pressure = 1 + 0.3 * smooth_field((drawing.shape[0], drawing.shape[1]), 5, rng)
    return _paper(1 - (1 - drawing) * pressure + tooth * np.sqrt(np.clip(1 - drawing, 0, 1)) * 0.8)


def _hair_tone(exposed: Grey, rng: np.random.Generator) -> Grey:
    """Tone `[H, W]`: paper where it is nearly as light as lit skin, dark for hair."""
    black, white = rng.uniform(0.0, 0.1), rng.uniform(0.6, 0.85)
    tone: Grey = np.clip((exposed - black) / (white - black), 0, 1)
    depth = rng.uniform(0.65, 0.9)
    return (1 - depth) + depth * tone


def _saturating(depth: Grey, half: float) -> Grey:
    """Emphasise faint values and saturate strong ones: 0 -> 0, `half` -> 0.5, 1 -> nearly 1."""
    return depth / (depth + np.float32(half))


def _line_response(exposed: Grey, sigma: float, *, reach: int) -> Grey:
    """How much darker each pixel is than its surroundings, `[H, W]` >= 0: a DoG, joined up."""
    capped = np.minimum(exposed, 1.3)
    response = np.maximum(blur(capped, 1.6 * sigma) - blur(capped, sigma), 0)
    return along(response, tangents(capped), reach)


def _paper(drawing: NDArray[np.floating[Any]]) -> Grey:
    clipped: Grey = np.clip(drawing, 0, 1).astype(np.float32, copy=False)
    return clipped


TRACED: Mapping[str, Style] = MappingProxyType(
    {
        "pencil": pencil,
        "dodge": dodged,
        "line": line,
        "xdog": xdog,
        "coarse": coarse,
        "charcoal": charcoal,
        "outline": outline,
        "study": study,
    }
)
"""Styles that keep every stroke where it is in the photo, by name."""
