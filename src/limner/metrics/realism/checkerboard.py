"""Checkerboard: did the network's upsampling leave a grid?

A network that upsamples by two, four times in a row, treats the pixels of a square of 2, 4, 8 or
16 px unequally: its pictures have a grid of that period (Odena, Dumoulin and Olah 2016,
*Deconvolution and Checkerboard Artifacts*). In the spectrum a grid is a peak at integer multiples
of one over its period (Zhang, Karaman and Chang 2019, *Detecting and Simulating Artifacts in GAN
Fake Images*), even if it is invisible. Each peak is compared with neighbouring frequencies, so that
blur, noise and contrast, which affect both, make no difference.

A grid is at the same pixels in all pictures, a face is not: averaged over pictures with their
phase, peaks of faces cancel out and those of a grid stay. The average finds grids that are hidden
in every single picture.

The periods are those of the aligned crops. So compare at the size of the network's output: resizing
moves a grid to other periods or removes it. JPEG's blocks are not such a grid, since they differ
from each other. The scores show whether there is a grid, not whether it is visible: that takes
several grey levels, and a fraction of one can be significant here.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling, Weights, means
from limner.metrics.score import Score

__all__ = ["GRID", "PERIODS", "Checkerboard", "peaks"]

PERIODS = (2, 4, 8, 16)
"""Periods of the grids, in px."""
_ROUNDING = 1 / 12
"""Variance of rounding to integer grey levels: added to all power, so that a flat picture has
some."""
_NEAR, _FAR = 2, 4
"""Distances from a peak, in bins, between which its surroundings are. Under Hann's window a peak
has no power beyond one bin."""
_FEW = 20

Point = tuple[float, float]


class _Plan(NamedTuple):
    """The frequencies to compute for pictures of one size."""

    window: NDArray[np.float64]
    """`[S, S]`."""
    across: NDArray[np.complex64]
    """`[F, S]`: a wave for each frequency, along x."""
    down: NDArray[np.complex64]
    """`[F, S]`: along y."""
    first: NDArray[np.intp]
    """`[P]`: index of each peak's frequency; its surroundings follow, up to the next peak."""
    period: NDArray[np.intp]
    """`[P]`: the period of each peak's grid, as an index into `PERIODS`."""


def peaks(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Strengths of a picture's grids of 2, 4, 8 and 16 px: `[4]` dB.

    For each period the mean power of its peaks over that of their surroundings. A period's own
    peaks are the odd multiples of one over the period, along both axes and both diagonals: the
    even ones belong to grids of half the period, too. Photos have 0 to 2 dB; a flat picture 0.

    Args:
        picture: Aligned, `[S, S, 3]` RGB, S at least 64.
    """
    power, _, plan = _found(picture)
    return np.array([10 * np.log10(power[plan.period == place].mean()) for place in range(4)])


def _found(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.complex128], _Plan]:
    """Power and complex amplitude of each peak, relative to its surroundings: `[P]`."""
    plan = _plan(len(picture))
    light = grey(picture) * 255
    light = (light - (light * plan.window).sum() / plan.window.sum()) * plan.window
    waves = ((plan.down @ light.astype(np.float32)) * plan.across).sum(axis=1)
    waves = waves.astype(np.complex128) / np.sqrt(np.square(plan.window).sum())
    power = np.square(np.abs(waves)) + _ROUNDING
    ends = np.append(plan.first[1:], len(power))
    levels = np.cumsum(np.append(0, np.log(power)))
    around = np.exp((levels[ends] - levels[plan.first + 1]) / (ends - plan.first - 1))
    return power[plan.first] / around, waves[plan.first] / np.sqrt(around), plan


@functools.lru_cache(maxsize=4)
def _plan(side: int) -> _Plan:
    reach = int(np.clip(side / max(PERIODS) - _NEAR, _NEAR, _FAR))
    frequencies: list[Point] = []
    first, period = [], []
    for place, length in enumerate(PERIODS):
        for odd in range(1, length // 2 + 1, 2):
            for point, around in _points(side * odd / length, reach, last=2 * odd == length):
                first.append(len(frequencies))
                period.append(place)
                frequencies += [point, *around]
    pixels = np.arange(side) + 0.5
    hann = np.sin(np.pi * pixels / side) ** 2
    across, down = (
        np.exp(-2j * np.pi / side * np.outer(along, pixels)).astype(np.complex64)
        for along in np.array(frequencies).T
    )
    return _Plan(np.outer(hann, hann), across, down, np.array(first), np.array(period))


def _points(k: float, reach: int, *, last: bool) -> Iterator[tuple[Point, list[Point]]]:
    """Peaks at `k` cycles per picture, each with its surroundings.

    On an axis these are its neighbours on the axis, where vertical and horizontal edges are strong.
    """
    steps = [sign * step for step in range(_NEAR, reach + 1) for sign in (-1, 1)]
    yield (k, 0.0), [(k + step, 0.0) for step in steps]
    yield (0.0, k), [(0.0, k + step) for step in steps]
    wide = range(-min(reach, 3), min(reach, 3) + 1)
    ring = [(x, y) for x in wide for y in wide if max(abs(x), abs(y)) >= _NEAR]
    yield (k, k), [(k + x, k + y) for x, y in ring]
    if not last:  # at the last, both diagonals coincide
        yield (k, -k), [(k + x, y - k) for x, y in ring]


def _feature(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    waves = _found(picture)[1]
    return np.concatenate([peaks(picture), waves.real, waves.imag]).astype(np.float32)


GRID = Computed(name="grid", version=1, function=_feature)
"""`[4 + 2 P]`: `peaks`, and the amplitude of each of the P peaks, real and imaginary parts."""


@dataclass(frozen=True)
class Checkerboard:
    """Spectral peaks of upsampling grids in generated photos, compared with real ones."""

    name: ClassVar[str] = "checkerboard"
    title: ClassVar[str] = "Checkerboard"
    question: ClassVar[str] = "Did the network leave a grid in the pictures?"
    min_pictures: ClassVar[int] = 2
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(GRID, "generated"),
        "real": Input.of(GRID, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated, real = (features[role].astype(np.float64) for role in ("generated", "real"))
        few = min(len(generated), len(real))
        warnings = () if few >= _FEW else (f"{few} pictures: chance alone gives a dB or two",)
        waves = [_waves(pictures) for pictures in (generated, real)]

        def common(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            above = _common(waves[0], generated_weights) - _common(waves[1], real_weights)
            strongest: NDArray[np.float64] = above.max(axis=1)
            return strongest

        yield Score(
            name="checkerboard.common",
            title="strongest common grid, above real photos",
            estimate=resampling.of(common, len(generated), len(real)),
            better="lower",
            unit="dB",
            digits=1,
            warnings=warnings,
        )
        for place, length in enumerate(PERIODS):
            yield Score(
                name=f"checkerboard.period{length}",
                title=f"grid of {length} px, above real photos",
                estimate=resampling.of(
                    functools.partial(_above, generated[:, place], real[:, place]),
                    len(generated),
                    len(real),
                ),
                better="lower",
                unit="dB",
                digits=1,
                warnings=warnings,
                per_image=generated[:, place] - real[:, place].mean(),
            )


def _above(
    generated: NDArray[np.float64],
    real: NDArray[np.float64],
    generated_weights: Weights,
    real_weights: Weights,
) -> NDArray[np.float64]:
    return means(generated_weights, generated) - means(real_weights, real)


def _waves(features: NDArray[np.float64]) -> NDArray[np.complex128]:
    real, imaginary = np.split(features[:, len(PERIODS) :], 2, axis=1)
    return real + 1j * imaginary


def _common(waves: NDArray[np.complex128], weights: Weights) -> NDArray[np.float64]:
    """Power of the peaks that pictures `[n, P]` have in common, for each period: `[B, 4]` dB.

    It is a mean over all pairs of different pictures, which is unbiased: 0 dB for random phases,
    and 10 log10(1 + x) where the common power of the peaks is x times that of the surroundings.
    """
    alone = np.square(weights) @ np.square(np.abs(waves))
    pairs = np.square(weights.sum(axis=1)) - np.square(weights).sum(axis=1)
    together = (np.square(np.abs(weights @ waves)) - alone) / np.maximum(pairs, 1)[:, None]
    period = _owners()
    by_period = np.stack([together[:, period == i].mean(axis=1) for i in range(4)], axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(1 + np.maximum(by_period, 0))
    return levels


def _owners() -> NDArray[np.intp]:
    """`[P]`: the period of each peak, as an index into `PERIODS`; the same for all sizes."""
    return _plan(128).period
