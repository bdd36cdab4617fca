"""Image operations shared by the styles, in NumPy alone.

Grey images are float32 `[H, W]` in [0, 1], 1 = paper. Widths (`sigma`) are given in pixels of a
picture whose shorter side is 128 px and scale with it: a style looks the same at any size.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.images import LUMA

Grey = NDArray[np.float32]

REFERENCE_SIDE = 128
_DIRECTIONS = 8
_BLOCK = 256  # rows of a large picture that are blurred at once
_SMALL_MATRIX = 1 << 16
_ONE_THREAD = 1 << 18  # multiplications in a product above which OpenBLAS uses more threads


def scale_of(image: NDArray[np.float32]) -> float:
    """Pixels of `image` `[H, W, ...]` per pixel of the 128 px reference."""
    return float(min(image.shape[:2])) / REFERENCE_SIDE


def luminance(photo: NDArray[np.float32]) -> Grey:
    """Grey `[H, W]` of RGB `[H, W, 3]`."""
    grey: Grey = photo @ LUMA
    return grey


def product(a: Grey, b: Grey) -> Grey:
    """Matrix product `a @ b` that uses one thread while `b` is small: see `blur`."""
    if b.size > _SMALL_MATRIX:
        return np.asarray(a @ b, np.float32)
    made = np.empty((a.shape[0], b.shape[1]), np.float32)
    rows = _ONE_THREAD // b.size
    for i in range(0, len(a), rows):
        np.matmul(a[i : i + rows], b, out=made[i : i + rows])
    return made


def blur(image: Grey, sigma: float) -> Grey:
    """Gaussian blur of `[H, W]` with replicated edges; `sigma` in reference pixels.

    Separable, each pass a few products with blocks of a cached band matrix: at 128 px this is
    faster than a loop over taps. Small pictures use blocks too small for OpenBLAS to start a second
    thread, whose spinning costs ten times the work itself next to a training run.
    """
    if sigma <= 0:
        return image
    # Sixteen widths per octave are finer than visible and few enough for the cache to be hit.
    pixels = 2 ** (round(16 * math.log2(sigma * scale_of(image))) / 16)
    image = np.asarray(image, np.float32)
    down, both = np.empty(image.shape, np.float32), np.empty(image.shape, np.float32)
    for here, reach, band in _bands(image.shape[0], image.shape[1], pixels):
        np.matmul(band, image[reach], out=down[here])
    for here, reach, band in _bands(image.shape[1], image.shape[0], pixels):
        np.matmul(down[:, reach], band.T, out=both[:, here])
    return both


@lru_cache(maxsize=512)
def _bands(size: int, width: int, sigma: float) -> tuple[tuple[slice, slice, Grey], ...]:
    """The Gaussian's matrix `[size, size]` in blocks along its diagonal; rows have `width` values.

    Returns:
        For each block the range of its outputs, that of its inputs, and its matrix.
    """
    radius = math.ceil(3 * sigma)
    rows = _BLOCK
    if max(size, width) <= _BLOCK:
        while rows > 4 and rows * min(size, rows + 2 * radius) * width > _ONE_THREAD:
            rows //= 2
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps /= taps.sum()
    bands = []
    for start in range(0, size, rows):
        stop = min(start + rows, size)
        low, high = max(start - radius, 0), min(stop + radius, size)
        band = np.zeros((stop - start, high - low), np.float32)
        for row in range(stop - start):
            sources = np.arange(start + row - radius, start + row + radius + 1).clip(0, size - 1)
            np.add.at(band[row], sources - low, taps)
        bands.append((slice(start, stop), slice(low, high), band))
    return tuple(bands)


def smooth_field(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> Grey:
    """Smooth random field `[H, W]` in about [-1, 1]: a `cells` x `cells` grid, interpolated."""
    knots = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    return product(
        product(_interpolation(shape[0], cells), knots), _interpolation(shape[1], cells).T
    )


@lru_cache(maxsize=64)
def _interpolation(size: int, cells: int) -> Grey:
    """Matrix `[size, cells]` of raised-cosine interpolation between grid values."""
    at = np.linspace(0, cells - 1, size)
    distance = np.abs(at[:, None] - np.arange(cells)).clip(0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * distance)).astype(np.float32)


def expose(grey: Grey, key: float = 0.6) -> Grey:
    """Tone `[H, W]` >= 0 as an artist sets it: 0 = the picture's darkest, 1 = left as paper.

    In drawings of faces lit skin is left white, whatever its colour or the light, and shadows are
    shaded only lightly. So the `key` quantile of the picture's middle (in an aligned crop: cheeks
    and nose) becomes 1, and a power lifts its shadows, the 0.15 quantile, to 0.8.
    """
    h, w = grey.shape
    step = max(1, round(2 * scale_of(grey)))
    rows, columns = (slice(n * 3 // 10, max(n * 7 // 10, n * 3 // 10 + 1), step) for n in (h, w))
    middle = grey[rows, columns]
    shadow, white = np.quantile(middle, [0.15, key], method="nearest").tolist()
    black = 0.8 * float(np.quantile(grey[::step, ::step], 0.02, method="nearest"))
    span = max(white - black, 0.05)
    lift = math.log(0.8) / math.log(min(max((shadow - black) / span, 0.05), 0.95))
    exposed: Grey = np.maximum((grey - np.float32(black)) / np.float32(span), 0)
    return exposed ** np.float32(min(max(lift, 0.45), 1.0))


def smooth(grey: Grey, sigma: float, contrast: float) -> Grey:
    """Remove texture fainter than `contrast` and keep the edges: a self-guided filter.

    He, Sun and Tang, "Guided Image Filtering" (ECCV 2010), with Gaussian windows.
    """
    mean = blur(grey, sigma)
    variance = blur(grey * grey, sigma) - mean * mean
    share: Grey = np.divide(variance, variance + np.float32(contrast * contrast), dtype=np.float32)
    offset: Grey = mean - share * mean
    smoothed: Grey = blur(share, sigma) * grey + blur(offset, sigma)
    return smoothed


def dodge(grey: Grey, sigma: float, floor: float = 0.02) -> Grey:
    """Colour dodge by the picture's own blur: dark where darker than the surroundings, else 1."""
    ratio: Grey = (grey + floor) / (blur(grey, sigma) + floor)
    return np.minimum(ratio, 1, out=ratio)


def grain(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Grey:
    """Paper tooth: blurred white noise `[H, W]`, mean 0, standard deviation about 1."""
    scale = min(shape) / REFERENCE_SIDE
    # Uniform noise is four times as fast as normal noise and looks the same once blurred.
    noise = (rng.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(math.sqrt(12))
    width = sigma * scale
    # A Gaussian of this width reduces the variance of white noise to 1 / (4 pi width^2).
    gain = max(1.0, 2 * math.sqrt(math.pi) * width)
    return blur(noise, sigma) * np.float32(gain)


def tangents(grey: Grey) -> NDArray[np.intp]:
    """Direction `[H, W]` of the edge tangent in eighths of pi, 0 = across, 2 = down to the right.

    Read from the structure tensor, at half size since it is smooth.
    """
    small = blur(grey, 0.8)[::2, ::2]
    dx = np.zeros_like(small)
    dy = np.zeros_like(small)
    dx[:, 1:-1] = small[:, 2:] - small[:, :-2]
    dy[1:-1] = small[2:] - small[:-2]
    xx, yy, xy = (blur(product, 2.5) for product in (dx * dx, dy * dy, dx * dy))
    tangent = 0.5 * np.arctan2(2 * xy, xx - yy) + math.pi / 2
    index = np.rint(tangent * (_DIRECTIONS / math.pi)).astype(np.intp) % _DIRECTIONS
    h, w = grey.shape
    return np.repeat(np.repeat(index, 2, axis=0)[:h], 2, axis=1)[:, :w]


def along(image: Grey, directions: NDArray[np.intp], reach: int = 2) -> Grey:
    """Mean of `[H, W]` over `2 reach + 1` pixels along each direction, which joins broken lines.

    The flow-based smoothing of Kang, Lee and Chui, "Coherent Line Drawing" (NPAR 2007), along
    straight pieces.
    """
    h, w = image.shape
    scale = scale_of(image)
    margin = math.ceil(reach * scale)
    padded = np.pad(image, margin, mode="edge")
    width = w + 2 * margin
    source = padded.ravel()
    here = (np.arange(h)[:, None] + margin) * width + np.arange(w) + margin
    angle = np.arange(_DIRECTIONS) * (math.pi / _DIRECTIONS)
    total = image.copy()
    for step in range(1, reach + 1):
        down, right = np.rint(np.sin(angle) * step * scale), np.rint(np.cos(angle) * step * scale)
        offset = (down * width + right).astype(np.intp).take(directions)
        total += source.take(here + offset)
        total += source.take(here - offset)
    total /= 2 * reach + 1
    return total


def strokes(
    shape: tuple[int, int],
    directions: NDArray[np.intp] | int,
    length: int,
    rng: np.random.Generator,
) -> Grey:
    """Streaky noise `[H, W]`, standard deviation 1, along the given directions.

    A cheap substitute for line integral convolution (Cabral and Leedom 1993): each pixel is taken
    from one of eight prepared sheets of parallel streaks, by its direction; so hair gets strands.

    Args:
        shape: H, W.
        directions: `[H, W]` as from `tangents`, or one for all.
        length: Streak length in reference pixels (standard deviation).
        rng: Shifts the sheets at random.
    """
    h, w = shape
    sheets = _streaks(length, round(min(shape) / REFERENCE_SIDE * 8) / 8)
    side = sheets.shape[1]
    rows = (np.arange(h) + rng.integers(side)) % side
    columns = (np.arange(w) + rng.integers(side)) % side
    drawn: Grey = sheets[directions, rows[:, None], columns]
    return drawn


@lru_cache(maxsize=8)
def _streaks(length: int, scale: float) -> Grey:
    """Periodic streaks `[8, side, side]`, one plane per direction, standard deviation 1."""
    side = max(16, round(REFERENCE_SIDE * scale))
    frequency = np.fft.fftfreq(side)
    noise = np.fft.fft2(np.random.default_rng(0).standard_normal((side, side)))
    planes = []
    for direction in range(_DIRECTIONS):
        angle = direction * math.pi / _DIRECTIONS
        along = frequency * math.cos(angle) + frequency[:, None] * math.sin(angle)
        across = -frequency * math.sin(angle) + frequency[:, None] * math.cos(angle)
        spread = (along * length * scale) ** 2 + (across * 0.55 * scale) ** 2
        plane = np.fft.ifft2(noise * np.exp(-2 * math.pi**2 * spread)).real
        planes.append(plane / plane.std())
    return np.stack(planes).astype(np.float32)
