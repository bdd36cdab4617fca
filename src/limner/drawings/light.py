"""The light on the paper: how bright each part of the page would be without the drawing.

Paper is what can be reached from its brightest part without crossing an edge: the light on a page
changes gradually, even at the rim of a shadow, and ink does not. The rest, mostly the drawing, gets
its light from the paper around it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limner.drawings.regions import (
    EVEN,
    EVEN_PART,
    Field,
    Mask,
    box_blur,
    dilate,
    fill_in,
    flood,
    rim_of,
)

__all__ = ["paper_light"]

_STEP = 0.06
"""Largest change of log lightness on paper from pixel to pixel of the analysed page."""
_CONTRAST = 1.2
"""Log contrast of a firm drawing; with less contrast, the steps at its edges are smaller."""
_BRIGHT = 0.85
"""What is at least this bright, as a fraction of the brightest part, is surely paper."""
_SHADOW = 0.25
"""Smallest drop in log lightness of a shadow; less is uneven light."""
_DEEPEST = 0.3
"""Fraction of the light that the deepest shadow leaves."""
_OF_A_SIDE = 0.35
"""A shadow covers at least this fraction of two sides of the page."""
_GRADUAL = 0.15
"""Largest fraction of the paper that the rim of a shadow covers."""
_FEW = 200
"""Smallest number of px of paper from which its levels are estimated."""
_SHADING = 0.15
"""What is darker than the fitted light by more than this, in log lightness, is drawn."""


def paper_light(page: Field, *, shadows: bool = True) -> tuple[Field, Mask]:
    """The light on the paper.

    Args:
        page: `[h, w]`, logarithm of the lightness in 1/64..1, without ruled lines.
        shadows: whether there may be a shadow on it.

    Returns:
        Logarithm of the light `[h, w]`, and where it was seen rather than estimated.
    """
    darkest, brightest = np.quantile(page, [0.01, 0.95])
    gentle = _steps(page) < _STEP * min(1.0, float(brightest - darkest) / _CONTRAST)
    # Paths have to be some pixels wide, so that a gap in an outline does not lead into the face.
    passable = dilate(gentle, -1)
    paper = flood(passable, _brightest(page))
    if shadows:
        paper |= _behind_a_sharp_rim(page, passable & ~paper)
    paper = dilate(paper, 1) & gentle
    on_rim = paper & rim_of(page)
    level = page[on_rim if on_rim.any() else paper]
    shadow = _two_levels(level) if shadows else None
    if shadow is not None:
        return _with_shadow(page, paper, shadow)
    if level.size and np.ptp(np.quantile(level, EVEN_PART)) < EVEN:
        # Differences within are shading that a path led into.
        light = np.full_like(page, np.median(level))
        return light, paper & (np.abs(page - light) < EVEN)
    return _guess(page, paper)


def _behind_a_sharp_rim(page: Field, blank: Mask) -> Mask:
    """The part of the page in a shadow whose rim is as sharp as a stroke.

    It reaches at least two sides of the page; clothes drawn up to the edge do not.
    """
    level = float(np.quantile(page, 0.95)) + math.log(_DEEPEST)
    edge = np.zeros(page.shape, bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    found = flood(blank & (page > level), edge)
    sides = [float(side.mean()) for side in (found[0], found[-1], found[:, 0], found[:, -1])]
    if sum(side > _OF_A_SIDE for side in sides) < 2:
        return np.zeros(page.shape, bool)
    return found


def _with_shadow(page: Field, paper: Mask, levels: tuple[float, float]) -> tuple[Field, Mask]:
    """The light of a page partly in a shadow, with these `levels` outside and inside."""
    bright, dark = levels
    third = (bright - dark) / 3
    lit_light, _ = _guess(page, paper & (page > bright - third))
    dim_light, _ = _guess(page, paper & (page < dark + third))
    between = np.maximum(lit_light - dim_light, _SHADOW / 2)
    # Ink darkens, so what is brighter than paper in the shadow is outside of it, drawn on or not.
    most = np.clip((lit_light - page) / between, 0, 1)
    rim = np.minimum(_rim_under(most, paper), most)
    light = lit_light * (1 - rim) + dim_light * rim
    seen = paper & (page > dim_light - EVEN)
    return np.where(seen, page, light), seen


def _guess(page: Field, known: Mask) -> tuple[Field, Mask]:
    """The light everywhere, from where it is known: a cubic surface, and the residual.

    Shading that a path led into is darker than the surface, and is excluded.

    Returns:
        The light, and where it was seen.
    """
    surface = _powers(page.shape, 3)
    step = max(1, math.isqrt(int(known.sum()) // 4000))
    some = np.zeros_like(known)
    some[::step, ::step] = known[::step, ::step]
    terms, values = surface[:, some].T, page[some]
    if len(terms) < 4 * terms.shape[1]:
        return fill_in(page, known), known
    weight = np.ones(len(values))
    for _ in range(5):
        solved = np.linalg.lstsq(terms * weight[:, None], values * weight, rcond=None)[0]
        off = values - terms @ solved
        weight = np.where(off < -_SHADING / 2, 0.1, 1.0)
    trend = np.tensordot(solved, surface, 1).astype(np.float32)
    # The surface must not extrapolate beyond the known values.
    trend = np.clip(trend, *np.quantile(values, [0.01, 0.99]))
    seen = known & (page > trend - _SHADING)
    rest = fill_in(page - trend, seen) if seen.any() else 0
    return (trend + rest).astype(np.float32), seen


def _rim_under(share: Field, paper: Mask) -> Field:
    """How far each pixel is in a shadow whose rim continues under the drawing; 0..1.

    The rim is a straight line, or a conic section if that fits the visible shadow around the
    drawing much better.

    Args:
        share: `[h, w]`, how far each pixel is in the shadow if it is blank paper.
        paper: where there is blank paper.
    """
    # The rim that matters is the one near the drawing.
    trust = np.where(paper, box_blur((~paper).astype(np.float32), max(paper.shape) // 8), 0)
    # Within the drawing, what is as bright as lit paper is not in the shadow.
    trust = np.where(~paper & (share < 0.15), 0.1, trust)
    rows, columns = np.nonzero(trust > 0.02)
    step = max(1, rows.size // 6000)
    rows, columns = rows[::step], columns[::step]
    weight = trust[rows, columns] / trust[rows, columns].sum()
    best, least = None, math.inf
    for degree, penalty in ((1, 1e-6), (2, 1e-5)):
        terms = _powers(paper.shape, degree)
        chance = _logistic(terms[:, rows, columns].T, share[rows, columns], weight, penalty)
        guess = chance(terms)
        off = float((weight * np.abs(guess[rows, columns] - share[rows, columns])).sum())
        if off < 0.7 * least:
            best, least = guess, off
    if best is None or least > 0.08:  # fingers, say
        return fill_in(share, paper)
    return best


def _logistic(
    x: NDArray[np.float64], y: Field, weight: NDArray[np.float64], penalty: float
) -> Callable[[NDArray[np.float64]], Field]:
    """Logistic regression of y [N] in 0..1 on x [N, T], by iteratively reweighted least squares.

    Returns:
        The function from terms [T, ...] to probabilities in 0..1.
    """

    def squash(odds: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-np.clip(odds, -12, 12)))

    solved = np.zeros(x.shape[1])
    for _ in range(15):
        odds = np.clip(x @ solved, -12, 12)
        chance = squash(odds)
        curve = np.maximum(chance * (1 - chance), 1e-4) * weight
        target = odds + weight * (y - chance) / curve
        matrix = (x * curve[:, None]).T @ x + penalty * np.eye(x.shape[1])
        solved[:] = np.linalg.solve(matrix, (x * curve[:, None]).T @ target)
    return lambda terms: squash(np.tensordot(solved, terms, 1)).astype(np.float32)


def _powers(shape: tuple[int, int], degree: int) -> NDArray[np.float64]:
    """[T, h, w]: x^n y^m with n + m <= degree, x and y in -1..1."""
    y, x = (np.linspace(-1, 1, side) for side in shape)
    return np.stack(
        [np.outer(y**m, x**n) for m in range(degree + 1) for n in range(degree + 1 - m)]
    )


def _steps(page: Field) -> Field:
    """The largest difference of each pixel to its four neighbours."""
    steps = np.zeros_like(page)
    for axis in (0, 1):
        change = np.abs(np.diff(page, axis=axis))
        ahead, behind = (
            [slice(None)] * axis + [part] for part in (slice(1, None), slice(None, -1))
        )
        for part in (tuple(ahead), tuple(behind)):
            steps[part] = np.maximum(steps[part], change)
    return steps


def _brightest(page: Field) -> Mask:
    """Where the search for paper begins: bright pixels on the page's rim, if there are any."""
    rim = np.zeros(page.shape, bool)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    level, brightest = float(np.quantile(page[rim], 0.9)), float(np.quantile(page, 0.95))
    reach = math.log(_BRIGHT)
    if level < brightest + math.log(0.8):  # there is something darker around the page
        return page > brightest + reach
    return rim & (page > level + reach)


def _two_levels(values: NDArray[np.float32]) -> tuple[float, float] | None:
    """The brighter and the darker of two levels of light, if there are two: Otsu (1979).

    Light that fades gradually over the page has many levels and does not count.
    """
    if values.size < _FEW:
        return None
    counts, edges = np.histogram(values, 64)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middles)
    low = total / np.maximum(below, 1)
    high = (total[-1] - total) / np.maximum(above, 1)
    best = int((below * above * (high - low) ** 2).argmax())
    bright, dark = float(high[best]), float(low[best])
    third = (bright - dark) / 3
    between = ((values > dark + third) & (values < bright - third)).mean()
    small = min(below[best], above[best]) < 0.05 * below[-1]
    if bright - dark < _SHADOW or small or between > _GRADUAL:
        return None
    return bright, dark
