import itertools

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from limner.metrics.realism.checkerboard import GRID, PERIODS, Checkerboard, peaks
from limner.metrics.resampling import Resampling

FEATURE = GRID.start()
Y, X = np.mgrid[:128, :128]
BOARD = (-1.0) ** (X + Y)


def wave(period):
    return np.cos(2 * np.pi * X / period)


def natural(count, *, seed=0, side=128):
    """Pictures as rough as photos: random phase, amplitude as one over frequency."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    radius[0, 0] = 1
    white = np.fft.fft2(rng.normal(0, 1, (count, side, side)))
    rough = np.fft.ifft2(white / radius).real
    return list(128 + 35 * rough / rough.std(axis=(1, 2), keepdims=True))


def picture(light):
    return np.stack([np.clip(np.rint(light), 0, 255).astype(np.uint8)] * 3, axis=-1)


def found(generated, real, resamples=100):
    features = {
        role: np.stack([FEATURE(picture(light)) for light in lights])
        for role, lights in (("generated", generated), ("real", real))
    }
    return {it.name: it for it in Checkerboard().scores(features, Resampling(resamples=resamples))}


def values(scores):
    return [scores[f"checkerboard.period{period}"].estimate.value for period in PERIODS]


def test_a_board_that_nobody_sees_is_seen(person):
    faces = [np.asarray(Image.fromarray(person(i)).resize((128, 128))) for i in range(6)]
    lights = [face @ np.array([0.299, 0.587, 0.114]) for face in faces]
    scores = found([light + BOARD for light in lights], lights)
    assert scores["checkerboard.period2"].estimate.low > 15
    assert scores["checkerboard.common"].estimate.low > 15
    assert values(scores)[1:] == pytest.approx([0, 0, 0], abs=0.3)


def test_it_is_a_peak_over_its_surroundings_in_the_spectrum():
    light = natural(1)[0]
    window = np.sin(np.pi * (np.arange(128) + 0.5) / 128) ** 2
    window = np.outer(window, window)
    grey = picture(light)[..., 0].astype(float)
    centred = (grey - (grey * window).sum() / window.sum()) * window
    power = np.abs(np.fft.fft2(centred)) ** 2 / (window**2).sum() + 1 / 12

    def over(points, around):
        return power[points] / np.exp(np.mean([np.log(power[it]) for it in around]))

    steps = (-4, -3, -2, 2, 3, 4)
    ring = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if max(abs(y), abs(x)) > 1]
    ratios = [
        over((0, 32), [(0, 32 + step) for step in steps]),
        over((32, 0), [(32 + step, 0) for step in steps]),
        over((32, 32), [(32 + y, 32 + x) for y, x in ring]),
        over((-32, 32), [(-32 + y, 32 + x) for y, x in ring]),
    ]
    assert peaks(picture(light))[1] == pytest.approx(10 * np.log10(np.mean(ratios)), abs=0.01)


@pytest.mark.parametrize("place", range(4))
def test_each_period_has_its_own_score_which_grows_with_the_grid(place):
    real = natural(8)
    by_strength = [
        values(found([light + strength * wave(PERIODS[place]) for light in real], real))
        for strength in (0, 4, 8, 16)
    ]
    own = [row.pop(place) for row in by_strength]
    assert all(after > before + 1 for before, after in itertools.pairwise(own[1:]))
    assert own[1] > 0
    assert np.abs(by_strength).max() < 1  # the others


def test_a_grid_of_squares_is_seen_by_its_finer_peaks():
    real = natural(8)
    tile = np.random.default_rng(1).normal(0, 4, (8, 8))
    scores = found([light + np.tile(tile, (16, 16)) for light in real], real)
    assert scores["checkerboard.period8"].estimate.value > 3


@pytest.mark.parametrize(
    "change",
    [
        lambda light: ndimage.gaussian_filter(light, 1),
        lambda light: light + np.random.default_rng(int(light[0, 0])).normal(0, 8, light.shape),
        lambda light: (light - 128) * 0.6 + 128,
        lambda light: light[:, ::-1],
        lambda light: np.roll(light, 1, axis=1),
    ],
    ids=["blur", "noise", "pale", "mirrored", "shifted"],
)
def test_blur_noise_and_contrast_leave_it_alone(change):
    real = natural(60)
    scores = found([change(light) for light in real], real)
    assert values(scores) == pytest.approx([0] * 4, abs=1.3)
    assert abs(scores["checkerboard.common"].estimate.value) < 0.7


def test_a_grid_that_is_hidden_in_each_picture_shows_in_all_together():
    real, generated = natural(80), natural(80, seed=1)
    scores = found([light + wave(8) for light in generated], real)
    common = scores["checkerboard.common"].estimate
    assert scores["checkerboard.period8"].estimate.low < 0
    assert common.low > 0.2
    chance = found(generated, real)["checkerboard.common"].estimate
    assert chance.value < common.low


def test_common_is_a_mean_over_pairs_and_real_photos_may_have_it_too():
    lights = [light + 8 * wave(4) for light in natural(4)]
    real, imaginary = np.split(np.stack([FEATURE(picture(it)) for it in lights])[:, 4:], 2, axis=1)
    waves = (real + 1j * imaginary)[:, 3:7].astype(complex)  # the four peaks of period 4
    pairs = [(waves[i] * waves[j].conj()).real for i in range(4) for j in range(4) if i != j]
    expected = 10 * np.log10(1 + np.mean(pairs))
    flat = [np.full((128, 128), 90)] * 4
    score = found(lights, flat)["checkerboard.common"]
    assert score.estimate.value == pytest.approx(expected, rel=1e-4)
    assert found(lights, lights)["checkerboard.common"].estimate.value == 0


def test_a_grid_that_lies_elsewhere_in_each_picture_is_not_common():
    real = natural(20)
    generated = [
        light + 10 * np.cos(2 * np.pi * (X / 8 + i / 20)) for i, light in enumerate(natural(20))
    ]
    scores = found(generated, real)
    assert scores["checkerboard.period8"].estimate.value > 5
    assert scores["checkerboard.common"].estimate.value < 1


def test_drawing_with_repetitions_makes_no_common_grid():
    real, generated = natural(12), natural(12, seed=1)
    common = found(generated, real, resamples=300)["checkerboard.common"].estimate
    assert common.resamples.mean() < common.value + 0.4


def test_flat_pictures_have_no_grid():
    flat = [np.full((64, 64), tone) for tone in (0, 128, 255)]
    scores = found(flat, flat)
    assert peaks(picture(flat[1])) == pytest.approx(np.zeros(4), abs=1e-3)
    assert scores["checkerboard.common"].estimate.value == 0
    assert "3 pictures" in scores["checkerboard.period2"].warnings[0]


def test_the_worst_picture_is_the_one_with_the_grid():
    real = natural(6)
    generated = [*real[:3], real[3] + 5 * BOARD, *real[4:]]
    score = found(generated, real)["checkerboard.period2"]
    assert score.losses.argmax() == 3
    assert score.per_image.mean() == pytest.approx(score.estimate.value, abs=1e-4)


@pytest.mark.parametrize("side", [64, 100, 256, 512])
def test_other_sizes_do_too(side):
    light = natural(1, side=side)[0]
    x = np.arange(side)
    before = peaks(picture(light))
    for place, period in enumerate(PERIODS):
        after = peaks(picture(light + 25 * np.cos(2 * np.pi * x / period)))
        assert after[place] > before[place] + 3
        rest = np.delete(after - before, place)
        assert np.abs(rest).max() < 2
