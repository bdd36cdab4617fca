"""Detection of ruled lines and grids that are printed on the paper.

Printed lines run across the whole page at even distances. Hatching in drawings does not: it ends
somewhere. If the page is photographed at an angle or bulges a little, the lines converge and bend,
all in the same way.

Everything here is for lines from left to right; for those from top to bottom the page is
transposed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.drawings.regions import Field, closed_along

__all__ = ["STRIPS", "Ruling", "find_ruling", "robust_fit"]

STRIPS = 48
"""Vertical strips of the page that are analysed one by one."""
_COLUMNS = 256
"""Largest number of columns that are analysed, evenly spread."""
_THIN = 2
"""Half the width of thin lines, in px of the analysed page."""
_MOST = 0.5
"""Log contrast at which ink is capped: strong strokes must not outweigh many lines."""
_RHYTHM = 0.2
"""Smallest regularity of a ruling. CUFS sketches and our drawings reach 0.12, ruled pages 0.35."""
_FEW = 8
"""Strips that are analysed first."""
_LINES = 5
"""Smallest number of lines of a ruling."""
_SEEN = 0.6
"""Smallest fraction of the lines of a ruling that are visible."""
_SLOPES = np.linspace(-0.27, 0.27, 55)
"""Slopes that are tried, up to 15° to either side."""
_SHORTEST = 5
"""Smallest distance of two lines in px of the analysed page."""


@dataclass(frozen=True, eq=False)
class Ruling:
    """Printed lines, from left to right, in px of the analysed page."""

    bends: NDArray[np.float64]
    """[N, 4]: for each line the coefficients of y as a polynomial of x in -1..1, lowest first."""
    width: int
    """Width of the analysed page."""
    spacing: float
    """Median distance of two lines."""

    def heights(self, columns: int) -> NDArray[np.float64]:
        """[N, columns]: y of each line in each column of a page that wide, in its px."""
        x = (np.arange(columns) + 0.5) / columns * 2 - 1
        powers = np.stack([x**n for n in range(self.bends.shape[1])])
        return (self.bends @ powers) * (columns / self.width)


def find_ruling(page: Field) -> Ruling | None:
    """The lines that run from left to right, if there is a ruling.

    Args:
        page: `[h, w]`, logarithm of the lightness, about 300 to 700 px per side.
    """
    if min(page.shape) < 2 * STRIPS:
        return None
    strips, centres = _strips(page)
    spacing = _rhythm(strips)
    if not spacing:
        return None
    width = page.shape[1]
    x = centres / width * 2 - 1
    seeds, slopes = _candidates(strips, x * width / 2, spacing)
    lines = _in_rhythm(seeds, slopes, spacing)
    if lines is None:
        return None
    heights, slope = lines
    straight = heights[:, None] + slope[:, None] * (x * width / 2)
    bends = _bends(strips, straight, x)
    bends[:, 0] += heights
    bends[:, 1] += slope * width / 2
    return Ruling(bends=bends, width=width, spacing=float(np.median(np.diff(heights))))


def _strips(page: Field) -> tuple[Field, NDArray[np.float64]]:
    """[S, h]: amount of thin dark lines in each row of each strip; and their x."""
    every = -(-page.shape[1] // _COLUMNS)
    some = page[:, ::every]
    thin = np.minimum(closed_along(some, _THIN, 0) - some, _MOST)
    width = some.shape[1]
    edges = np.linspace(0, width, min(STRIPS, width // 4) + 1).astype(int)
    sums = np.add.reduceat(thin, edges[:-1], axis=1)
    strips = (sums / np.diff(edges)).T.astype(np.float32)
    return strips, (edges[:-1] + edges[1:]) / 2 * every


def _rhythm(strips: Field) -> int:
    """The distance at which most strips repeat themselves; 0 if they do not."""
    height = strips.shape[1]
    lags = np.arange(_SHORTEST, max(_SHORTEST + 1, height // _LINES))
    # A few strips suffice for most pages, without loading Fourier transforms.
    if _rise(_alike_at_once(strips[:: len(strips) // _FEW]), lags).max() < _RHYTHM / 2:
        return 0
    usual = _alike(strips)
    rise = _rise(usual, lags)
    # Twice the distance is a period, too, and may fit whole pixels better.
    high = (rise > max(_RHYTHM, 0.5 * float(rise.max()))) & (usual[lags] >= usual[lags - 1])
    high &= usual[lags] >= usual[lags + 1]
    return int(lags[high][0]) if high.any() else 0


def _rise(usual: NDArray[np.float64], lags: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far the autocorrelation at each lag exceeds its minimum at smaller lags."""
    return np.asarray(usual[lags] - np.minimum.accumulate(usual[2:])[lags - 3])


def _alike(strips: Field) -> NDArray[np.float64]:
    """[h]: median autocorrelation of strips [S, h]."""
    height = strips.shape[1]
    centred = strips - strips.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * height, axis=1)
    products = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :height]
    return _usual(products, height)


def _alike_at_once(strips: Field) -> NDArray[np.float64]:
    """The same by its definition, up to the largest lag used: faster for few strips."""
    height = strips.shape[1]
    centred = strips - strips.mean(axis=1, keepdims=True)
    last = height // _LINES + 2
    products = np.stack(
        [np.einsum("sy,sy->s", centred[:, : height - n], centred[:, n:]) for n in range(last)],
        axis=1,
    )
    return _usual(products, height)


def _usual(products: NDArray[np.floating], height: int) -> NDArray[np.float64]:
    """[L]: the median over the strips of their autocorrelation, from sums of products [S, L]."""
    alike = products / np.maximum(products[:, :1], 1e-3)
    alike = alike * (height / (height - np.arange(products.shape[1])))
    return np.asarray(np.sort(alike, axis=0)[len(alike) // 2], np.float64)


def _candidates(
    strips: Field, x: NDArray[np.float64], spacing: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Candidate lines: heights in the middle of the page, and slopes."""
    count, height = strips.shape
    # A line between two of the tried slopes is off by a pixel at the rim.
    wide = np.maximum(strips, np.maximum(_shifted(strips, 1), _shifted(strips, -1)))
    rows = np.arange(height)
    there = np.arange(count)[:, None]
    best = np.zeros(height, np.float32)
    slope = np.zeros(height)
    for tried in _SLOPES:
        at = np.rint(rows + tried * x[:, None]).astype(np.intp)
        inside = (at >= 0) & (at < height)
        values = np.where(inside, wide[there, at.clip(0, height - 1)], np.nan)
        # Ink covers parts of a line, and the page may not reach the left edge.
        usual = _lower_third(values)
        better = usual > best
        best[better], slope[better] = usual[better], tried
    reach = max(2, round(0.35 * spacing))
    highest = np.array([best[max(0, y - reach) : y + reach + 1].max() for y in rows])
    peaks = np.flatnonzero((best == highest) & (best > 0.3 * np.quantile(best, 0.97)))
    # The widening makes plateaus of two or three rows.
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > reach / 2) + 1)
    middles = np.array([group.mean() for group in groups if len(group)])
    return middles, slope[middles.astype(np.intp)]


def _lower_third(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """For each column the value that two thirds of its finite values exceed."""
    there = np.isfinite(values).sum(axis=0)
    ordered = np.sort(values, axis=0)  # NaN comes last
    place = (there // 3).clip(0, len(values) - 1)
    third = ordered[place, np.arange(values.shape[1])]
    return np.where(there > len(values) / 2, third, 0).astype(np.float32)


def _shifted(values: Field, by: int) -> Field:
    return np.roll(values, by, axis=1)


def _in_rhythm(
    heights: NDArray[np.float64], slopes: NDArray[np.float64], spacing: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Heights and slopes of all lines of a ruling, hidden ones included; None if there is none."""
    for _ in range(2):  # slopes change linearly from top to bottom
        if len(heights) < _LINES:
            return None
        trend = np.polynomial.Polynomial.fit(heights, slopes, 1)
        off = np.abs(slopes - trend(heights))
        near = off <= max(0.02, 2 * float(np.median(off)))
        heights, slopes = heights[near], slopes[near]
    gaps = np.diff(heights)
    steps = np.rint(gaps / _local_spacing(gaps, spacing)).clip(1)
    even = np.abs(gaps / steps / _local_spacing(gaps, spacing) - 1) < 0.2
    if even.sum() < _LINES - 1 or even.mean() < 0.6:
        return None
    number = np.concatenate([[0], np.cumsum(steps)])
    # In perspective the distances of the lines shrink smoothly.
    course = np.polynomial.Polynomial.fit(number, heights, min(3, len(number) - 2))
    off = np.abs(heights - course(number))
    good = off <= max(1.5, 3 * float(np.median(off)))
    if good.sum() < _LINES:
        return None
    course = np.polynomial.Polynomial.fit(number[good], heights[good], min(3, int(good.sum()) - 2))
    trend = np.polynomial.Polynomial.fit(heights[good], slopes[good], 1)
    every = np.arange(int(number[good][0]), int(number[good][-1]) + 1)
    if good.sum() < _SEEN * every.size:  # a few heights always fit some ruling
        return None
    placed = course(every)
    return placed, trend(placed)


def _local_spacing(gaps: NDArray[np.float64], spacing: int) -> NDArray[np.float64]:
    """The median distance of lines around each gap, without gaps that have missing lines."""
    single = np.where(np.abs(gaps / spacing - 1) < 0.5, gaps, np.nan)
    return np.array(
        [
            np.nanmedian(single[max(0, n - 3) : n + 4])
            if np.isfinite(single[max(0, n - 3) : n + 4]).any()
            else spacing
            for n in range(len(gaps))
        ]
    )


def _bends(
    strips: Field, straight: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[N, 4]: deviation of each line from a straight one, as a polynomial; all bend alike.

    Args:
        strips: [S, h].
        straight: [N, S], where the lines are expected.
        x: [S] in -1..1.
    """
    count, height = strips.shape
    lines = len(straight)
    reach = np.arange(-3, 4)
    at = np.rint(straight)[..., None] + reach
    inside = (at >= 0) & (at < height)
    seen = np.where(
        inside, strips[np.arange(count)[:, None], at.clip(0, height - 1).astype(np.intp)], 0
    )
    weight = seen.sum(axis=2)
    offset = (seen * (at - straight[..., None])).sum(axis=2) / np.maximum(weight, 1e-6)
    weight = np.minimum(weight, 0.3) * (weight > 0.02)
    # A surface over the page: cubic across, linear down.
    down = np.linspace(-1, 1, lines)[:, None]
    terms = [np.broadcast_to(x**n * down**m, (lines, count)) for m in (0, 1) for n in range(4)]
    matrix = np.stack([term.ravel() for term in terms], axis=1)
    solved = robust_fit(matrix, offset.ravel(), weight.ravel(), 0.5)
    return solved[:4] + down * solved[4:]


def robust_fit(
    terms: NDArray[np.float64],
    values: NDArray[np.float64],
    weight: NDArray[np.float64],
    spread: float,
) -> NDArray[np.float64]:
    """Coefficients of `terms` [N, T] that give `values` [N]; outliers count little (Cauchy)."""
    now = weight
    solved = np.zeros(terms.shape[1])
    for _ in range(4):
        solved[:] = np.linalg.lstsq(terms * now[:, None], values * now, rcond=None)[0]
        now = weight / (1 + ((values - terms @ solved) / spread) ** 2)
    return solved
