"""A classical baseline: a photo put together from patches of other people's photos.

Wang and Tang 2009, *Face Photo-Sketch Synthesis and Recognition*. The sketch is cut into
overlapping patches. For each, the most similar patches of training sketches near the same place
are found; the photo patches that belong to them are the candidates. A Markov random field chooses
one candidate each, such that sketch patches are similar and neighbouring photo patches agree where
they overlap; belief propagation minimises its energy.

What differs from the paper: one scale, where the paper has several; the grey levels of the sketches
are compared as they are; each training pair gives at most one candidate, its best within the
window; overlaps are blended, where the paper cuts along the path of least error.

Only NumPy is needed. `benchmarks/field.py` runs it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidates", "Exemplar", "Settings"]

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the method; lengths in px."""

    patch: int = 10
    """Side of a patch."""
    step: int = 5
    """Distance between neighbouring patches."""
    window: int = 5
    """How far from its place a patch is looked for, up and down, left and right."""
    candidates: int = 20
    """Candidates for each patch."""
    agreement: float = 0.3
    """Weight of the overlaps' mean squared difference, relative to that of the sketch patches."""
    sweeps: int = 5
    """Passes of belief propagation along all rows and all columns."""

    def __post_init__(self) -> None:
        if not 0 < self.step < self.patch:
            raise ValueError(f"step is {self.step}; expected 1 to {self.patch - 1} for overlaps")
        if self.window < 0 or min(self.candidates, self.sweeps) < 1:
            raise ValueError("expected a window of 0 px or more, and a candidate and a sweep")


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Candidates `[R, C, K]` of the patches, in rows and columns, the most similar first."""

    pair: Integers
    """Number of the training pair."""
    down: Integers
    """How far down from its place the patch was found, in px; negative above."""
    right: Integers
    """How far to the right."""
    difference: Floats
    """Mean squared difference of the sketch patches, in grey levels of 0..255."""


class Exemplar:
    """Makes photos from sketches, given pairs of aligned photos and sketches."""

    def __init__(
        self,
        photos: NDArray[np.uint8],
        sketches: NDArray[np.uint8],
        settings: Settings | None = None,
    ) -> None:
        """Keep the pairs.

        Args:
            photos: `[N, S, S, 3]` RGB.
            sketches: `[N, S, S]`, of the same people in the same order.
            settings: By default those of `Settings`.

        Raises:
            ValueError: The shapes do not belong together.
        """
        side = sketches.shape[1]
        if sketches.shape != (len(photos), side, side) or photos.shape[1:] != (side, side, 3):
            raise ValueError(
                f"photos are {photos.shape} and sketches {sketches.shape}; expected [N, S, S, 3] "
                "and [N, S, S]"
            )
        self.side = side
        self.settings = settings or Settings()
        # Pictures are continued beyond their edges, so that every window is complete. The pairs
        # are the last axis of the sketches, since all of them are compared with one patch at once.
        margin, end = self.settings.window, self._covered - side + self.settings.window
        beyond = ((0, 0), (margin, end), (margin, end))
        self._photos = np.pad(photos, (*beyond, (0, 0)), mode="edge")
        self._sketches = np.ascontiguousarray(
            np.pad(sketches, beyond, mode="edge").transpose(1, 2, 0)
        )

    def __call__(
        self, sketch: NDArray[np.uint8], *, without: int | None = None
    ) -> NDArray[np.uint8]:
        """Make the photo `[S, S, 3]` of a sketch `[S, S]`; errors as in `candidates`."""
        found = self.candidates(sketch, without=without)
        photos = self._patches(found)
        agreement = np.float32(self.settings.agreement)
        beside = agreement * self._disagreement(photos)
        below = agreement * self._disagreement(photos.transpose(1, 0, 2, 4, 3, 5))
        chosen = choose(found.difference, beside, below, self.settings.sweeps)
        rows, columns = np.arange(len(chosen))[:, None], np.arange(len(chosen))
        return self._blended(photos[rows, columns, chosen])

    @property
    def _places(self) -> range:
        """Where patches begin, along either side: as many as cover it."""
        step, patch = self.settings.step, self.settings.patch
        return range(0, max(0, self.side - patch + step - 1) // step * step + 1, step)

    @property
    def _covered(self) -> int:
        return self._places[-1] + self.settings.patch

    def candidates(self, sketch: NDArray[np.uint8], *, without: int | None = None) -> Candidates:
        """Find the candidates for the photo of a sketch `[S, S]`, without pair number `without`.

        Raises:
            ValueError: The sketch has another size than the pairs, or no pair is left.
        """
        if sketch.shape != (self.side, self.side):
            raise ValueError(f"the sketch is {sketch.shape}; expected {(self.side, self.side)}")
        count = self._sketches.shape[2] - (without is not None)
        if count < 1:
            raise ValueError("there are no pairs to take patches from")
        places, wanted = self._places, min(self.settings.candidates, count)
        end = self._covered - self.side
        padded = np.pad(sketch, ((0, end), (0, end)), mode="edge").astype(np.float32)
        shape = (len(places), len(places), wanted)
        pair, offset = np.empty(shape, np.intp), np.empty(shape, np.intp)
        difference = np.empty(shape, np.float32)
        for row, top in enumerate(places):
            for column, left in enumerate(places):
                distances = self._distances(padded, top, left)
                nearest = distances.min(axis=0)
                if without is not None:
                    nearest[without] = np.inf
                some = np.argpartition(nearest, wanted - 1)[:wanted]
                some = some[np.lexsort((some, nearest[some]))]
                pair[row, column] = some
                offset[row, column] = distances[:, some].argmin(axis=0)
                difference[row, column] = nearest[some]
        difference /= self.settings.patch**2
        down, right = np.divmod(offset, 2 * self.settings.window + 1)
        return Candidates(
            pair=pair,
            down=down - self.settings.window,
            right=right - self.settings.window,
            difference=difference,
        )

    def _distances(self, padded: Floats, top: int, left: int) -> Floats:
        """Squared distances of one patch to those in its window: `[offsets, N]`.

        |q - t|² = |q|² + |t|² - 2 q·t, and q·t for all offsets and pairs is one matrix product:
        the patch, placed at each offset in an empty region, times the regions of all sketches.
        With the default sizes, all numbers are integers below 2**24, so float32 is exact.
        """
        patch, window = self.settings.patch, self.settings.window
        reach, offsets = patch + 2 * window, 2 * window + 1
        region = self._sketches[top : top + reach, left : left + reach].astype(np.float32)
        query = padded[top : top + patch, left : left + patch]
        placed = np.zeros((offsets, offsets, reach, reach), np.float32)
        for down in range(offsets):
            for right in range(offsets):
                placed[down, right, down : down + patch, right : right + patch] = query
        distances: Floats = placed.reshape(offsets**2, -1) @ region.reshape(reach**2, -1)
        distances *= -2
        np.square(region, out=region)
        energies = running_sum(running_sum(region, patch, 0), patch, 1)
        distances += energies.reshape(offsets**2, -1)
        distances += np.square(query).sum()
        return distances

    def _patches(self, found: Candidates) -> Floats:
        """The candidates' photo patches, `[R, C, K, patch, patch, 3]`."""
        inside, places = np.arange(self.settings.patch), np.array(self._places)
        top = found.down + self.settings.window + places[:, None, None]
        left = found.right + self.settings.window + places[None, :, None]
        rows = (top[..., None] + inside)[..., :, None]
        columns = (left[..., None] + inside)[..., None, :]
        return np.asarray(self._photos[found.pair[..., None, None], rows, columns], np.float32)

    def _disagreement(self, photos: Floats) -> Floats:
        """Mean squared difference where candidates of neighbours in a row overlap.

        `[R, C - 1, K, K]`, of the left candidates and the right ones.
        """
        rows, columns, count = photos.shape[:3]
        step = self.settings.step
        left = photos[:, :-1, :, :, step:].reshape(rows, columns - 1, count, -1)
        right = photos[:, 1:, :, :, :-step].reshape(rows, columns - 1, count, -1)
        products = left @ right.swapaxes(-1, -2)
        squares = np.square(left).sum(-1)[..., None] + np.square(right).sum(-1)[..., None, :]
        means: Floats = np.maximum(squares - 2 * products, 0) / left.shape[-1]
        return means

    def _blended(self, patches: Floats) -> NDArray[np.uint8]:
        """The picture of the patches `[R, C, patch, patch, 3]`, weighted by nearness to centres."""
        patch, covered = self.settings.patch, self._covered
        slope = np.minimum(np.arange(1, patch + 1), np.arange(patch, 0, -1)).astype(np.float32)
        weight = (slope[:, None] * slope)[..., None]
        total = np.zeros((covered, covered, 3), np.float32)
        weights = np.zeros((covered, covered, 1), np.float32)
        for row, top in enumerate(self._places):
            for column, left in enumerate(self._places):
                here = np.s_[top : top + patch, left : left + patch]
                total[here] += weight * patches[row, column]
                weights[here] += weight
        picture = total[: self.side, : self.side] / weights[: self.side, : self.side]
        return np.asarray(np.rint(picture), np.uint8)


def choose(costs: Floats, beside: Floats, below: Floats, sweeps: int) -> Integers:
    """Choose a candidate each, by loopy belief propagation (min-sum) on a grid.

    A sweep sends messages along all rows, then along all columns. Loops keep it from being exact,
    so the choice of least energy of all sweeps is returned.

    Args:
        costs: `[R, C, K]` of the candidates.
        beside: `[R, C - 1, K, K]`: of pairs of candidates of neighbours in a row.
        below: `[C, R - 1, K, K]`: in a column.
        sweeps: Number of sweeps.

    Returns:
        `[R, C]`: numbers of the candidates.
    """
    vertical = np.zeros_like(costs)
    best: Integers = costs.argmin(axis=-1)
    least = np.inf
    for _ in range(sweeps):
        horizontal = messages(costs + vertical, beside)
        vertical = messages((costs + horizontal).swapaxes(0, 1), below).swapaxes(0, 1)
        chosen = (costs + horizontal + vertical).argmin(axis=-1)
        energy = energy_of(chosen, costs, beside, below)
        if energy < least:
            best, least = chosen, energy
    return best


def messages(costs: Floats, between: Floats) -> Floats:
    """What each member of some chains hears from both sides: `[chains, length, K]`.

    Args:
        costs: `[chains, length, K]`.
        between: `[chains, length - 1, K, K]`.
    """
    forwards, backwards = np.zeros_like(costs), np.zeros_like(costs)
    length = costs.shape[1]
    for place in range(1, length):
        told = (costs + forwards)[:, place - 1, :, None] + between[:, place - 1]
        forwards[:, place] = told.min(axis=1)
    for place in range(length - 2, -1, -1):
        told = (costs + backwards)[:, place + 1, None, :] + between[:, place]
        backwards[:, place] = told.min(axis=2)
    heard = forwards + backwards
    heard -= heard.min(axis=-1, keepdims=True)
    return heard


def energy_of(chosen: Integers, costs: Floats, beside: Floats, below: Floats) -> float:
    """Energy of a choice `[R, C]`; other arguments as for `choose`."""
    rows, columns = np.arange(costs.shape[0])[:, None], np.arange(costs.shape[1])
    own = costs[rows, columns, chosen].sum()
    across = beside[rows, columns[:-1], chosen[:, :-1], chosen[:, 1:]].sum()
    along = below[columns, rows[:-1], chosen[:-1], chosen[1:]].sum()
    return float(own + across + along)


def running_sum(values: Floats, length: int, axis: int) -> Floats:
    """Sums of `length` neighbours along an axis; much faster than from cumulative sums."""
    along = np.moveaxis(values, axis, 0)
    sums = along[: len(along) - length + 1].copy()
    for start in range(1, length):
        sums += along[start : start + len(sums)]
    return np.moveaxis(sums, 0, axis)
