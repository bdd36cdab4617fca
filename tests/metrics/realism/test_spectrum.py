import itertools

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from limner.metrics.realism.spectrum import Spectrum, spectrum
from limner.metrics.resampling import Resampling


def faces(person, count, side=128):
    return [np.asarray(Image.fromarray(person(i)).resize((side, side))) for i in range(count)]


def changed(picture, change):
    return np.clip(np.rint(change(picture.astype(np.float64))), 0, 255).astype(np.uint8)


def blurred(picture, radius):
    return changed(picture, lambda it: ndimage.gaussian_filter(it, (radius, radius, 0)))


def noisy(picture, strength, seed=0):
    grain = np.random.default_rng(seed).normal(0, strength, picture.shape[:2])[..., None]
    return changed(picture, lambda it: it + grain)


def found(generated, real, resamples=100):
    features = {
        role: np.stack([spectrum(picture) for picture in pictures])
        for role, pictures in (("generated", generated), ("real", real))
    }
    return {it.name: it for it in Spectrum().scores(features, Resampling(resamples=resamples))}


def test_white_noise_has_its_variance_everywhere():
    rng = np.random.default_rng(0)
    grain = rng.normal(128, 20, (20, 128, 128)).round().astype(np.uint8)
    mean = np.mean([spectrum(np.stack([it] * 3, axis=-1)) for it in grain], axis=0)
    assert mean == pytest.approx(np.zeros(14), abs=1.2)  # few frequencies in the first band


def test_bands_are_means_over_the_whole_plane(person):
    picture = faces(person, 1)[0]
    light = picture @ np.array([0.299, 0.587, 0.114]) / 255
    window = np.sin(np.pi * (np.arange(128) + 0.5) / 128) ** 2
    window = np.outer(window, window)
    centred = (light - (light * window).sum() / window.sum()) * window
    rounding = np.square(window).sum() / 12 / 255**2
    power = np.abs(np.fft.fft2(centred)) ** 2 + rounding
    radius = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128))
    edges = [*(np.geomspace(4, 64, 13) / 128), 1]
    for band, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (radius >= low - 1e-9) & (radius < high - 1e-9)
        level = 10 * np.log10(power[inside].mean() / (np.square(centred).sum() + rounding))
        assert spectrum(picture)[band] == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize(("cycles", "band"), [(4.5, 0), (10, 3), (31, 8), (60, 11)])
def test_a_wave_is_in_its_band(cycles, band):
    """Bands are quarter octaves times (128 px: 4 to 64 cycles in four octaves)."""
    wave = 128 + 60 * np.cos(2 * np.pi * cycles * np.arange(128) / 128)
    picture = np.broadcast_to(wave.round().astype(np.uint8)[:, None, None], (128, 128, 3))
    assert spectrum(picture)[:13].argmax() == band
    edges = np.geomspace(4, 64, 13)
    assert edges[band] <= cycles < edges[band + 1]


def test_what_is_finer_along_the_diagonal_than_along_the_axes_counts():
    y, x = np.mgrid[:128, :128]
    board = (128 + 60 * (-1.0) ** (x + y)).astype(np.uint8)
    assert spectrum(np.stack([board] * 3, axis=-1)).argmax() == 12


def test_the_finest_half_octave_is_that_at_any_size():
    for side, (cycles, inside) in itertools.product(
        (64, 100, 256), ((0.32, False), (0.38, True), (0.47, True))
    ):
        wave = (128 + 60 * np.cos(2 * np.pi * cycles * np.arange(side))).round().astype(np.uint8)
        level = spectrum(np.broadcast_to(wave[:, None, None], (side, side, 3)))[13]
        assert (level > -5) == inside


@pytest.mark.parametrize(
    "change",
    [lambda it: (it - 128) * 0.7 + 128, lambda it: 0.6 * it, lambda it: it[:, ::-1]],
    ids=["pale", "dark", "mirrored"],
)
def test_light_contrast_and_side_hardly_move_it(person, change):
    picture = faces(person, 1)[0]
    assert spectrum(changed(picture, change)) == pytest.approx(spectrum(picture), abs=0.3)


def test_a_flat_picture_has_a_spectrum():
    assert spectrum(np.full((64, 64, 3), 7, np.uint8)) == pytest.approx(np.zeros(14), abs=1e-3)


def test_real_photos_are_like_real_photos(person):
    scores = found(faces(person, 12), faces(person, 24)[12:])
    assert scores["spectrum.distance"].estimate.value < 1
    assert abs(scores["spectrum.high"].estimate.value) < 1
    same = found(faces(person, 4), faces(person, 4))
    assert same["spectrum.distance"].estimate.value == 0
    assert "4 pictures" in same["spectrum.distance"].warnings[0]


def test_blur_takes_the_finest_away_and_noise_adds_to_it(person):
    real = faces(person, 6)
    far, high = [], []
    for corruption in (
        lambda it: blurred(it, 1.5),
        lambda it: blurred(it, 0.7),
        lambda it: it,
        lambda it: noisy(it, 4),
        lambda it: noisy(it, 12),
    ):
        scores = found([corruption(it) for it in real], real)
        far.append(scores["spectrum.distance"].estimate.value)
        high.append(scores["spectrum.high"].estimate.value)
    assert high == sorted(high)
    assert far[0] > far[1] > far[2] == 0
    assert far[4] > far[3] > 0.3


def test_the_worst_picture_is_the_corrupted_one_and_the_interval_holds_the_value(person):
    real = faces(person, 8)
    generated = [*real[:5], blurred(real[5], 2), *real[6:]]
    for score in found(generated, real).values():
        assert score.losses.argmax() == 5
        assert score.estimate.low <= score.estimate.value <= score.estimate.high
    far = found(generated, real)["spectrum.distance"].estimate
    assert far.resamples.mean() == pytest.approx(far.value)
    high = found(generated, real)["spectrum.high"]
    assert high.per_image.mean() == pytest.approx(high.estimate.value, abs=1e-4)


@pytest.mark.parametrize("side", [64, 100, 256])
def test_every_band_of_every_size_holds_something(person, side):
    levels = spectrum(faces(person, 1, side)[0])
    assert np.isfinite(levels).all()
    assert (np.diff(levels[:12]) < 3).all()
    assert levels[11] < levels[0] - 10
