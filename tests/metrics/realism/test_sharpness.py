import itertools

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from limner.metrics.realism.sharpness import SHARPNESS, Sharpness, sharpness
from limner.metrics.resampling import Resampling

FEATURE = SHARPNESS.start()


@pytest.fixture(scope="module")
def face(photo):
    return np.asarray(Image.fromarray(photo[20:220, 130:330]).resize((128, 128)))


def changed(picture, change):
    return np.clip(np.rint(change(picture.astype(np.float64))), 0, 255).astype(np.uint8)


def blurred(picture, radius):
    return changed(picture, lambda it: ndimage.gaussian_filter(it, (radius, radius, 0)))


def found(generated, real):
    features = {
        role: np.stack([FEATURE(picture) for picture in pictures])
        for role, pictures in (("generated", generated), ("real", real))
    }
    (score,) = Sharpness().scores(features, Resampling(resamples=50))
    return score


def test_it_is_what_other_filters_find(face):
    light = face @ np.array([0.299, 0.587, 0.114]) / 255
    part = (slice(19, 109), slice(26, 102))
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6
    noise = np.median(np.abs(ndimage.convolve(light, mask)[part])) / 0.6745
    powers = []
    for scale in (0.7, 2.8):
        unit = ndimage.gaussian_filter1d(np.arange(61.0), scale, order=1)[30]
        slopes = [ndimage.gaussian_filter(light, scale, order=o) for o in ((0, 1), (1, 0))]
        point = np.zeros((61, 61))
        point[30, 30] = 1
        gain = sum(
            np.square(ndimage.gaussian_filter(point, scale, order=o)).sum()
            for o in ((0, 1), (1, 0))
        )
        power = sum(np.square(it) for it in slopes)[part].mean() - noise**2 * gain
        powers.append(power / unit**2)
    assert sharpness(face) == pytest.approx(np.sqrt(powers[0] / powers[1]), rel=1e-3)


def test_an_ideal_edge_has_the_ratio_of_the_scales_and_blur_takes_it_down_as_computed():
    edge = np.zeros((128, 128, 3), np.uint8)
    edge[:, 64:] = 200
    assert sharpness(edge) == pytest.approx((2.8 / 0.7) ** 0.5, rel=0.03)
    expected = ((2.8**2 + 2**2) / (0.7**2 + 2**2)) ** 0.25
    assert sharpness(blurred(edge, 2)) == pytest.approx(expected, rel=0.03)


def test_more_blur_is_less_sharp_and_less_detail_than_there_could_be_is_blur(face):
    values = [sharpness(blurred(face, radius)) for radius in (0, 0.5, 0.8, 1.2, 2, 4)]
    assert all(after < 0.95 * before for before, after in itertools.pairwise(values))
    enlarged = Image.fromarray(face).resize((64, 64)).resize((128, 128), Image.Resampling.BICUBIC)
    assert sharpness(np.asarray(enlarged)) < 0.9 * values[0]


def test_halos_of_too_much_sharpening_are_seen(face):
    smooth = ndimage.gaussian_filter(face.astype(np.float64), (1, 1, 0))
    assert sharpness(changed(face, lambda it: 2 * it - smooth)) > 1.1 * sharpness(face)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: 0.6 * it,
        lambda it: (it - 128) * 0.7 + 128,
        lambda it: 255 * (it / 255) ** 1.3,
        lambda it: it * [1.0, 0.9, 0.7],
        lambda it: it[:, ::-1],
        lambda it: it + np.random.default_rng(0).normal(0, 3, it.shape[:2])[..., None],
        lambda it: it + np.random.default_rng(0).normal(0, 8, it.shape[:2])[..., None],
    ],
    ids=["dark", "pale", "gamma", "warm", "mirrored", "noise", "more noise"],
)
def test_light_colours_and_noise_hardly_move_it(face, change):
    assert sharpness(changed(face, change)) == pytest.approx(sharpness(face), rel=0.03)


@pytest.mark.parametrize("side", [64, 100, 256, 512])
def test_other_sizes_are_measured_in_their_own_pixels(photo, side):
    picture = np.asarray(Image.fromarray(photo[20:220, 130:330]).resize((side, side)))
    assert 1 < sharpness(picture) < 4
    assert sharpness(blurred(picture, 1)) < 0.95 * sharpness(picture)


def test_a_flat_picture_has_none():
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert sharpness(flat) == pytest.approx(0, abs=1e-3)
    nothing = found([flat] * 3, [flat] * 3)
    assert np.isfinite(nothing.estimate.value)
    assert any("are not photos" in warning for warning in nothing.warnings)


def test_the_score_is_a_ratio_of_means_and_says_how_each_did(face):
    real = [face, blurred(face, 0.4)]
    generated = [blurred(face, 1), blurred(face, 2), face]
    score = found(generated, real)
    expected = np.mean([sharpness(it) for it in generated]) / np.mean(
        [sharpness(it) for it in real]
    )
    assert score.estimate.value == pytest.approx(expected, rel=1e-5)
    assert score.per_image.mean() == pytest.approx(expected, rel=1e-5)
    assert score.losses.argmax() == 1
    assert score.estimate.low < expected < score.estimate.high
    assert found(real, real).estimate.value == pytest.approx(1)
    halos = changed(face, lambda it: 2 * it - ndimage.gaussian_filter(it, (1, 1, 0)))
    assert found([face, halos], [face]).losses.tolist()[1] > 0.1
    assert "2 real photos are few" in score.warnings[0]


@pytest.mark.parametrize("strength", [2, 10, 40, 80])
@pytest.mark.parametrize("side", [128, 256])
def test_nothing_but_noise_is_not_sharp(strength, side):
    rng = np.random.default_rng(0)
    grey = np.full((side, side, 3), 128, np.uint8)
    noise = [changed(grey, lambda it: it + strength * rng.normal(size=it.shape)) for _ in range(5)]
    assert max(map(sharpness, noise)) == 0
