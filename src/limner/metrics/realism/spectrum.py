"""Spectrum: do generated photos have as much detail at every frequency as real ones?

The power spectrum of generated pictures differs from that of real ones, above all at high
frequencies, where upsampling and too little or too much texture show (Durall, Keuper and Keuper
2020, *Watch your Up-Convolution*; Dzanic, Shah and Witherden 2020, *Fourier Spectrum Discrepancies
in Deep Network Generated Images*). Averaged over all directions, it does not depend on the face or
on colour.
"""

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling, Weights, means
from limner.metrics.score import Score

__all__ = ["SPECTRUM", "Spectrum", "spectrum"]

_BANDS = 13
_ROUNDING = 1 / 12 / 255**2
"""Variance of rounding to 8 bits: added to all power, so that a flat picture has some."""
_FEW = 20


def spectrum(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Power spectrum of a picture's luminance, in dB of its variance.

    A Hann window weights the face in the middle and removes the edges of the picture. Contrast
    makes no difference.

    Args:
        picture: Aligned, `[S, S, 3]` RGB.

    Returns:
        `[14]`: twelve bands of equal width on a logarithmic scale, from 4 cycles per picture to 0.5
        cycles per pixel; the higher frequencies along the diagonals; and the highest half octave
        (0.354 to 0.5 cycles per pixel), which overlaps three of the bands. Each is the mean power
        density. A flat picture has 0 everywhere.
    """
    light = grey(picture).astype(np.float64)
    window, members = _plan(len(light))
    squares = np.square(window).sum()
    centred = (light - (light * window).sum() / window.sum()) * window
    power = np.square(np.abs(np.fft.rfft2(centred))).ravel() / squares
    variance = np.square(centred).sum() / squares
    density = members @ power
    levels: NDArray[np.float64] = 10 * np.log10((density + _ROUNDING) / (variance + _ROUNDING))
    return levels.astype(np.float32)


@functools.lru_cache(maxsize=4)
def _plan(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The window `[S, S]`, and the weights of the frequencies in each band, `[14, F]`."""
    hann = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    across = np.fft.rfftfreq(side)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], across)
    # The other half of the plane is not computed: it is the mirror image of this one.
    twice = np.where((across > 0) & (across < 0.5), 2.0, 1.0) * np.ones_like(radius)
    edges = [*np.geomspace(4 / side, 0.5, _BANDS).tolist(), 1.0]
    limits = [*itertools.pairwise(edges), (0.5 / np.sqrt(2), 0.5)]
    members = np.stack(
        [twice * ((radius >= low - 1e-9) & (radius < high - 1e-9)) for low, high in limits]
    ).reshape(len(limits), -1)
    return np.outer(hann, hann), members / members.sum(axis=1, keepdims=True)


SPECTRUM = Computed(name="spectrum", version=1, function=spectrum)
"""`[14]`: see `spectrum`."""


@dataclass(frozen=True)
class Spectrum:
    """The mean spectrum of generated photos, compared with that of real ones."""

    name: ClassVar[str] = "spectrum"
    title: ClassVar[str] = "Frequency spectrum"
    question: ClassVar[str] = (
        "Do generated photos have as much detail at every spatial frequency as real ones?"
    )
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(SPECTRUM, "generated"),
        "real": Input.of(SPECTRUM, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        generated, real = (features[role].astype(np.float64) for role in ("generated", "real"))
        few = min(len(generated), len(real))
        warnings = () if few >= _FEW else (f"{few} pictures: chance alone gives a dB or two",)

        def above(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            """Difference of the mean spectra in each resample: `[B, 14]` dB."""
            return means(generated_weights, generated) - means(real_weights, real)

        def distance(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            away = np.abs(above(generated_weights, real_weights)[:, :_BANDS])
            mean: NDArray[np.float64] = away.mean(axis=1)
            return mean

        def high(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            return above(generated_weights, real_weights)[:, _BANDS]

        per_image = generated - real.mean(axis=0)
        yield Score(
            name="spectrum.distance",
            title="spectrum: distance from real photos",
            # Resampling moves the means apart, which biases a distance upwards.
            estimate=resampling.of(distance, len(generated), len(real), centred=True),
            better="lower",
            unit="dB",
            digits=2,
            warnings=warnings,
            per_image=np.abs(per_image[:, :_BANDS]).mean(axis=1),
        )
        yield Score(
            name="spectrum.high",
            title="finest detail, compared with real photos",
            estimate=resampling.of(high, len(generated), len(real)),
            better="nearer",
            unit="dB",
            digits=1,
            warnings=warnings,
            per_image=per_image[:, _BANDS],
        )
