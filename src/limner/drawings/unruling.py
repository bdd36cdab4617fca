"""Removes printed lines from a page and keeps the strokes over them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.drawings.regions import Field
from limner.drawings.ruling import STRIPS, Ruling, robust_fit

__all__ = ["remove_ruling"]

_FAINTEST = -0.02
"""Log contrast of the faintest line that is removed."""
_REST = 0.6
"""What is lighter than this fraction of a line's darkness counts as a residue of the line."""


def remove_ruling(page: Field, ruling: Ruling) -> None:
    """Divide the lines out of a page, in place.

    A printed line darkens the paper and the ink over it by the same factor, which is measured along
    each line as the median of a stretch of it, so that strokes across a line stay.

    Args:
        page: `[H, W]`, logarithm of the lightness of the whole page, at any size.
        ruling: its lines.
    """
    width = page.shape[1]
    scale = width / ruling.width
    reach = max(4, round(0.36 * ruling.spacing * scale))
    stretch = max(8, width // STRIPS)
    for expected in ruling.heights(width):
        band = _Band.along(page, expected, reach)
        if band.x.size < 2 * stretch:
            continue
        # The ruling is accurate to a pixel of the analysed page; measure again at full size.
        y = expected.copy()
        y[band.x] += _centre(band.darkening(stretch), reach, band.x.size)
        band = _Band.along(page, y, reach)
        if band.x.size >= 2 * stretch:
            _divide(page, band, stretch)


@dataclass(frozen=True, eq=False)
class _Band:
    """The pixels along a line."""

    x: NDArray[np.intp]
    """[W]: the columns in which the whole band is on the page."""
    row: NDArray[np.intp]
    """[W]: the row above the line's middle, or at it."""
    share: NDArray[np.float32]
    """[W]: how far the middle of the line is below that of the row, in px."""
    values: Field
    """[2 R + 1, W]: log lightness from R px above the line to R px below it."""

    @classmethod
    def along(cls, page: Field, y: NDArray[np.float64], reach: int) -> "_Band":
        row = np.floor(y - 0.5).astype(np.intp)
        x = np.flatnonzero((row >= reach) & (row + reach + 1 < page.shape[0]))
        row, share = row[x], (y[x] - 0.5 - row[x]).astype(np.float32)
        rows = row + np.arange(-reach, reach + 1)[:, None]
        return cls(
            x=x,
            row=row,
            share=share,
            values=page[rows, x] * (1 - share) + page[rows + 1, x] * share,
        )

    def darkening(self, stretch: int) -> Field:
        """[2 R + 1, M]: the line's darkness, the median over each `stretch` px of it; <= 0."""
        parts = max(1, self.x.size // stretch)
        length = self.x.size // parts
        medians = np.median(
            self.values[:, : parts * length].reshape(len(self.values), parts, length), axis=2
        )
        # Light of the paper and tone of the drawing next to the line, as a ramp from side to side.
        outer = max(1, len(medians) // 6)
        above, below = np.median(medians[:outer], axis=0), np.median(medians[-outer:], axis=0)
        ramp = np.linspace(0, 1, len(medians), dtype=np.float32)[:, None]
        dark = np.minimum(medians - (above * (1 - ramp) + below * ramp), 0)
        # Where ink covers a stretch, its neighbours show the line better.
        padded = np.pad(dark, ((0, 0), (2, 2)), mode="edge")
        around = np.stack([padded[:, n : n + dark.shape[1]] for n in range(5)])
        return np.asarray(np.median(around, axis=0), np.float32)


def _centre(dark: Field, reach: int, columns: int) -> NDArray[np.float64]:
    """[columns]: by how many px the line is below the middle of the band.

    A parabola fitted to the whole line, since nearby strokes shift single stretches.
    """
    offsets = np.arange(-reach, reach + 1)
    near = np.abs(offsets) <= max(3, reach // 2)
    weight = np.square(dark[near])  # its darkest part, and not the noise around
    depth = weight.sum(axis=0)
    off = (weight * offsets[near][:, None]).sum(axis=0) / np.maximum(depth, 1e-9)
    count = dark.shape[1]
    at = (np.arange(count) + 0.5) / count * 2 - 1
    trust = depth > 0.2 * np.median(depth)
    terms = np.polynomial.polynomial.polyvander(at, min(2, count - 1))
    parabola = robust_fit(terms, off, trust.astype(float), 0.5)
    x = (np.arange(columns) + 0.5) / columns * 2 - 1
    return np.asarray(np.polynomial.polynomial.polyval(x, parabola), np.float64)


def _spread(stretches: NDArray[np.floating], columns: int) -> NDArray[np.floating]:
    """[N, columns]: values [N, M] of stretches of a line, interpolated between their middles."""
    count = stretches.shape[1]
    middles = (np.arange(count) + 0.5) / count * columns
    at = np.arange(columns) + 0.5
    return np.stack([np.interp(at, middles, row) for row in stretches])


def _divide(page: Field, band: _Band, stretch: int) -> None:
    """Remove a line along its band."""
    reach = len(band.values) // 2
    dark = band.darkening(stretch)
    usual = np.median(dark, axis=1)
    core = slice(reach - 1, reach + 2)
    if (deepest := float(usual[core].min())) > _FAINTEST:
        return
    outside = np.flatnonzero(usual > 0.06 * deepest)
    half = min(int(np.abs(outside - reach).min(initial=reach - 2)) + 1, reach - 2)
    near = np.arange(-half, half + 1)
    rows = band.row + near[:, None]
    above, below = (_level(page, band.row + side * (half + 2), band.x) for side in (-1, 1))
    ramp = ((near + half + 2) / (2 * half + 4))[:, None].astype(np.float32)
    around = above * (1 - ramp) + below * ramp
    inked = page[rows, band.x] - around
    # A line is equally dark all along: what is much darker is a stroke along it.
    strength = np.clip(dark[core].sum(axis=0) / usual[core].sum(), 0, 1.3)
    printed = _cross_section(inked, near[:, None] - band.share)
    printed *= _spread(strength[None], band.x.size)[0].astype(np.float32)
    rest = inked - printed
    # Residues are fainter than the line was; strokes are not.
    limit = np.maximum(-_REST * printed.min(axis=0), 0.03)
    cleaned = around + rest * np.minimum((rest / limit) ** 2, 1)
    # Under a stroke along the line, the line cannot be measured.
    page[rows, band.x] = np.minimum(cleaned, np.maximum(above, below))


def _cross_section(inked: Field, offsets: Field) -> Field:
    """The line's darkness at each pixel, from all pixels at that distance from its middle; <= 0.

    A line is hardly wider than a pixel, so how dark a pixel of it is depends on where the line
    runs between the rows.

    Args:
        inked: [2 h + 1, W], log lightness relative to the surroundings of the line.
        offsets: [2 h + 1, W], px from the line's middle.
    """
    bins = np.rint(offsets * 4).astype(np.intp)
    bins -= bins.min()
    order = np.lexsort((inked.ravel(), bins.ravel()))
    ends = np.cumsum(np.bincount(bins.ravel()))
    starts = np.concatenate([[0], ends[:-1]])
    medians = inked.ravel()[order[(starts + ends) // 2 - (starts == ends)]]
    return np.asarray(np.minimum(medians, 0)[bins], np.float32)


def _level(page: Field, rows: NDArray[np.intp], x: NDArray[np.intp]) -> Field:
    """The lightness next to a line: the mean of three rows."""
    rows = rows.clip(1, page.shape[0] - 2)
    return np.asarray((page[rows - 1, x] + page[rows, x] + page[rows + 1, x]) / 3, np.float32)
