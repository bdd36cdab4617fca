"""SSIM against its formula, and under corruptions that it should and should not see."""

import numpy as np
import pytest
from scipy import ndimage

from limner.errors import UsageError
from limner.metrics.likeness.ssim import SSIM, Ssim, ssim
from limner.metrics.resampling import Resampling


@pytest.fixture(scope="module")
def crop(photo):
    return photo[40:168, 160:288]


def rounded(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def blurred(picture, sigma):
    return rounded(ndimage.gaussian_filter(picture.astype(float), (sigma, sigma, 0)))


def test_it_is_the_paper_s_formula(crop):
    """Equation 13 of the paper, window by window."""
    one, other = crop[:30, :24], blurred(crop[:30, :24], 1)
    x, y = (picture @ [0.299, 0.587, 0.114] for picture in (one, other))
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for row in range(30 - 10):
        for column in range(24 - 10):
            place = np.s_[row : row + 11, column : column + 11]
            mx, my = (window * x[place]).sum(), (window * y[place]).sum()
            vx = (window * (x[place] - mx) ** 2).sum()
            vy = (window * (y[place] - my) ** 2).sum()
            both = (window * (x[place] - mx) * (y[place] - my)).sum()
            light = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
            values.append(light * (2 * both + c2) / (vx + vy + c2))
    assert ssim(one, other) == pytest.approx(np.mean(values), abs=2e-5)


def test_equal_pictures_have_1_and_the_order_does_not_matter(crop):
    assert ssim(crop, crop) == pytest.approx(1)
    other = blurred(crop, 2)
    assert ssim(crop, other) == pytest.approx(ssim(other, crop), abs=1e-6)
    assert ssim(crop, other) < 0.95


def test_it_falls_with_blur_and_noise(crop):
    by_blur = [ssim(crop, blurred(crop, sigma)) for sigma in (0, 0.7, 1.5, 3)]
    assert np.diff(by_blur).max() < -0.02
    noise = np.random.default_rng(0).standard_normal(crop.shape)
    by_noise = [ssim(crop, rounded(crop + sigma * noise)) for sigma in (0, 5, 15, 40)]
    assert np.diff(by_noise).max() < -0.02


def test_a_little_light_matters_little(crop):
    assert ssim(crop, rounded(crop * 0.95)) > 0.97


@pytest.mark.parametrize("side", [64, 512])
def test_any_side_will_do(photo, side):
    picture = photo[:side, :side]
    assert 0 < ssim(picture, picture[:, ::-1]) < 0.9


def test_sheets_of_one_tone_are_as_alike_as_their_tones(crop):
    black, grey, white = (np.full_like(crop, tone) for tone in (0, 128, 255))
    assert ssim(grey, grey) == pytest.approx(1)
    assert ssim(grey, grey + 9) > 0.99
    assert 0 <= ssim(black, white) < 0.001
    assert -0.05 < ssim(crop, grey) < 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [((64, 64, 3), (48, 48, 3)), ((64, 64), (64, 64)), ((8, 8, 3), (8, 8, 3))],
)
def test_other_shapes_are_refused(one, other):
    with pytest.raises(UsageError, match=r"expected the same \[S, S, 3\], S at least 11"):
        ssim(np.zeros(one, np.uint8), np.zeros(other, np.uint8))


def test_the_score_is_the_mean_of_the_pairs(crop):
    others = [blurred(crop, sigma) for sigma in (0.5, 1, 2)]
    pairs = np.stack([SSIM.start()(crop, other) for other in others])
    assert pairs.shape == (3, 1)
    assert pairs.dtype == np.float32
    [score] = Ssim().scores({"pair": pairs}, Resampling(resamples=20))
    assert score.name == "ssim.grey"
    assert score.estimate.value == pytest.approx(np.mean([ssim(crop, other) for other in others]))
    assert np.argmax(score.losses) == 2
    assert {needed.roles for needed in Ssim().inputs.values()} == {("generated", "ground_truth")}
