"""FSIM: does a generated photo have the edges and lines of the ground truth?

The feature similarity index of Zhang, Zhang, Mou and Zhang 2011, *FSIM: A Feature Similarity Index
for Image Quality Assessment* (IEEE TIP 20(8)): the similarity of phase congruency and gradient at
each pixel, weighted by the larger phase congruency; FSIMc includes colours. Phase congruency is
that of Kovesi 1999, *Image Features from Phase Congruency* (Videre 1(3)): where log-Gabor filters
of all scales are in phase, there is an edge, a line or a corner, whatever its contrast. Written
from these papers with the constants that the authors of FSIM published.

Pictures of 384 px and more are first averaged in blocks of 2x2 px and more, as the authors do. FSIM
does not notice swapped light and dark: a negative has the features of its picture.
"""

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from limner.errors import UsageError
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["FSIM", "Fsim", "FsimScores", "fsim", "phase_congruency"]

Plane = NDArray[np.float64]

_SCALES = 4
_ORIENTATIONS = 4
_SHORTEST = 6.0  # px, wavelength of the finest filters; each next scale's is twice as long
_BANDWIDTH = 0.55  # standard deviation of the radial Gaussian, as a ratio to the centre frequency
_ANGULAR = math.pi / _ORIENTATIONS / 1.2  # standard deviation of the angular Gaussian, radians
_CUTOFF, _SHARPNESS = 0.45, 15  # of the Butterworth low-pass, cycles per pixel
_SIGMAS = 2.0  # SDs of the noise's energy above its mean that count as noise
_OVERESTIMATE = 1.7  # by which that threshold is too large, as found by Kovesi
_TINY = 1e-4  # grey levels, against division by 0

_T1, _T2, _T3, _T4 = 0.85, 160.0, 200.0, 200.0
"""Constants of the similarities of phase congruency, gradient, I and Q; grey levels of 0..255,
squared."""
_COLOUR = 0.03  # weight of the colours, as an exponent
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_LARGEST = 256  # px, about, beyond which pictures are averaged down
_LEAST = 16  # px


@dataclass(frozen=True, kw_only=True)
class FsimScores:
    """Similarities of two pictures; 1 for equal ones."""

    fsim: float
    """Of the grey pictures."""
    fsimc: float
    """Including colours."""


def fsim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> FsimScores:
    """Feature similarity of two pictures: above 0, and 1 for equal ones.

    If neither has a feature, as on blank sheets, all pixels have the same weight.

    Args:
        one: `[H, W, 3]` RGB, at least 16 px.
        other: Of the same shape; the order does not matter.

    Raises:
        UsageError: The shapes do not match.
    """
    if one.shape != other.shape or one.ndim != 3 or min(one.shape[:2]) < _LEAST:
        raise UsageError(
            f"pictures are {list(one.shape)} and {list(other.shape)}; "
            f"expected the same [H, W, 3], at least {_LEAST} px"
        )
    (y1, i1, q1), (y2, i2, q2) = (_smaller(picture @ _YIQ.T) for picture in (one, other))
    congruency = phase_congruency(y1), phase_congruency(y2)
    alike = _similarity(*congruency, _T1) * _similarity(_gradient(y1), _gradient(y2), _T2)
    weights = np.maximum(*congruency)
    if not weights.any():
        weights = np.ones_like(weights)
    chroma = _similarity(i1, i2, _T3) * _similarity(q1, q2, _T4)
    # The real part of the power: its base is below 0 where colours are opposite.
    coloured = np.abs(chroma) ** _COLOUR
    coloured[chroma < 0] *= math.cos(math.pi * _COLOUR)
    return FsimScores(
        fsim=float(np.average(alike, weights=weights)),
        fsimc=float(np.average(alike * coloured, weights=weights)),
    )


def phase_congruency(grey: Plane) -> Plane:
    """Phase congruency `[H, W]` in 0..1: the strength of a feature at each pixel.

    It is 0 everywhere for a picture of one tone.

    Args:
        grey: `[H, W]` in 0..255.
    """
    if np.ptp(grey) < _TINY:
        return np.zeros_like(grey)
    bank, gains = _filters(*grey.shape)
    # [orientations, scales, H, W]: even responses in the real part, odd ones in the imaginary.
    # Single precision is sufficient and takes half the time.
    responses = fft.ifft2(fft.fft2(grey.astype(np.float32)) * bank)
    total = responses.sum(axis=1)
    phase = total / (np.abs(total) + _TINY)
    # Along the mean phase minus across it: cos - |sin| of the phase deviation of each scale.
    turned = responses * phase.conj()[:, None]
    energy = turned.real.sum(axis=1) - np.abs(turned.imag).sum(axis=1)
    finest = np.square(np.abs(responses[:, 0])).reshape(len(gains), -1)
    noise = gains * np.sqrt(np.median(finest, axis=1))
    energy = np.maximum(energy - noise[:, None, None], 0).sum(axis=0)
    congruency: Plane = energy / (np.abs(responses).sum(axis=(0, 1), dtype=np.float64) + _TINY)
    return congruency


@functools.lru_cache(maxsize=4)
def _filters(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log-Gabor filters in the frequency domain, and their noise thresholds.

    Returns:
        `[orientations, scales, H, W]`, frequency 0 first; and `[orientations]`, the threshold of
        the noise energy for a median response of 1 of the finest filter.
    """
    down, right = _frequencies(height)[:, None], _frequencies(width)
    radius = np.hypot(down, right)
    low_pass = 1 / (1 + (radius / _CUTOFF) ** (2 * _SHARPNESS))
    radius[0, 0] = 1  # so that it has a logarithm; the filters are set to 0 there
    centres = 1 / (_SHORTEST * 2.0 ** np.arange(_SCALES))
    octaves = np.log(radius / centres[:, None, None]) / math.log(_BANDWIDTH)
    radial = np.exp(-np.square(octaves) / 2) * low_pass
    radial[:, 0, 0] = 0
    directions = np.arange(_ORIENTATIONS)[:, None, None] * math.pi / _ORIENTATIONS
    away = np.arctan2(-down, right) - directions
    away = np.abs((away + math.pi) % (2 * math.pi) - math.pi)
    angular = np.exp(-np.square(away / _ANGULAR) / 2)
    bank = angular[:, None] * radial

    # Noise energy, summed over scales: the noise power times that of the filters' even parts
    # (Kovesi 1999, section "Noise": sum An^2 + sum Ai Aj), by Parseval's theorem.
    mirrored = np.roll(bank[..., ::-1, ::-1], 1, axis=(-2, -1))
    even = np.square(((bank + mirrored) / 2).sum(axis=1)).sum(axis=(1, 2))
    power = 1 / math.log(2) / np.square(bank[:, 0]).sum(axis=(1, 2))
    # The energy has a Rayleigh distribution with this parameter.
    rayleigh = np.sqrt(power * even)
    mean, deviation = math.sqrt(math.pi / 2), math.sqrt(2 - math.pi / 2)
    gains = rayleigh * (mean + _SIGMAS * deviation) / _OVERESTIMATE
    return bank.astype(np.float32), gains.astype(np.float32)


def _frequencies(size: int) -> Plane:
    """Cycles per pixel, 0 first; for an odd size, they are stretched to reach 0.5."""
    stretch = size / (size - 1) if size % 2 else 1.0
    frequencies: Plane = np.asarray(np.fft.fftfreq(size), np.float64) * stretch
    return frequencies


def _smaller(picture: Plane) -> Plane:
    """Channels `[C, H, W]` of `[H, W, C]`, averaged down to about 256 px."""
    height, width, channels = picture.shape
    block = max(1, math.floor(min(height, width) / _LARGEST + 0.5))
    high, wide = height // block, width // block
    cut = picture[: high * block, : wide * block]
    averaged: Plane = cut.reshape(high, block, wide, block, channels).mean(axis=(1, 3))
    return np.moveaxis(averaged, -1, 0)


def _gradient(grey: Plane) -> Plane:
    """Magnitude `[H, W]` by Scharr's operator; the picture is padded with black."""
    parts = []
    for across in (0, 1):
        part = ndimage.correlate1d(grey, [-1.0, 0.0, 1.0], axis=across, mode="constant")
        parts.append(
            ndimage.correlate1d(part, np.array([3, 10, 3]) / 16, axis=1 - across, mode="constant")
        )
    magnitude: Plane = np.hypot(*parts)
    return magnitude


def _similarity(one: Plane, other: Plane, constant: float) -> Plane:
    alike: Plane = (2 * one * other + constant) / (one * one + other * other + constant)
    return alike


def _fsim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = fsim(one, other)
    return np.array([found.fsim, found.fsimc], np.float32)


FSIM = Computed(name="fsim", version=1, function=_fsim)
"""`[2]`, of two pictures: FSIM and FSIMc."""


@dataclass(frozen=True)
class Fsim:
    """FSIM between generated photos and the ground truth."""

    name: ClassVar[str] = "fsim"
    title: ClassVar[str] = "Feature similarity (FSIM)"
    question: ClassVar[str] = "Are edges, lines and corners where they are in the ground truth?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"pair": Input.of(FSIM, "generated", "ground_truth")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        for place, (name, title) in enumerate(
            (("grey", "FSIM with the ground truth"), ("colour", "FSIMc, with colours"))
        ):
            yield Score(
                name=f"fsim.{name}",
                title=title,
                estimate=resampling.mean(features["pair"][:, place]),
                better="higher",
            )
