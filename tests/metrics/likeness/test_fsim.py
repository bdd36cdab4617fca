"""FSIM against a reference, phase congruency on pictures with a known answer."""

import numpy as np
import pytest
from scipy import ndimage

from limner.errors import UsageError
from limner.metrics.likeness.fsim import FSIM, Fsim, fsim, phase_congruency
from limner.metrics.resampling import Resampling

# Of scikit-image's `astronaut`: rows and columns that are compared with their corrupted selves.
PARTS = {
    "128x128": np.s_[40:168, 160:288],
    "101x97": np.s_[40:141, 160:257],
    "320x512": np.s_[:320, :],
    "400x512": np.s_[:400, :],
    "512x512": np.s_[:, :],
}
CORRUPTIONS = {
    "shifted": lambda part: np.roll(part, 3, axis=1),
    "mirrored": lambda part: part[:, ::-1],
    "blurred": lambda part: (
        sum(np.roll(part.astype(int), (i, j), axis=(0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
        // 9
    ).astype(np.uint8),
    "coarse": lambda part: part // 32 * 32,
    "tinted": lambda part: (part * [1.0, 0.6, 0.8]).astype(np.uint8),
    "negative": lambda part: 255 - part,
}
# FSIM as `piq.fsim` of piq 0.8.0 has it in float64 (its own tests compare it with the authors'
# MATLAB code). FSIMc by the same function with two of its lines set back to what the authors'
# code says: RGB to YIQ with three decimals, and the real part of the colours' power where they are
# opposite instead of the power of their magnitude.
REFERENCE = [
    ("128x128", "shifted", 0.786157, 0.784960),
    ("128x128", "mirrored", 0.710735, 0.708513),
    ("128x128", "blurred", 0.932766, 0.932454),
    ("128x128", "coarse", 0.921880, 0.917259),
    ("128x128", "tinted", 0.971842, 0.921229),
    ("128x128", "negative", 0.981333, 0.951443),
    ("101x97", "shifted", 0.800035, 0.798805),
    ("101x97", "mirrored", 0.683055, 0.679390),
    ("101x97", "blurred", 0.939347, 0.939002),
    ("101x97", "tinted", 0.969591, 0.915999),
    ("320x512", "mirrored", 0.573585, 0.557116),
    ("320x512", "coarse", 0.913916, 0.908505),
    ("400x512", "mirrored", 0.506591, 0.488630),
    ("512x512", "shifted", 0.790788, 0.788698),
    ("512x512", "blurred", 0.978501, 0.978351),
    ("512x512", "negative", 0.985624, 0.956874),
]


@pytest.fixture(scope="module")
def crop(photo):
    return photo[PARTS["128x128"]]


def rounded(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("part", "corruption", "grey", "coloured"), REFERENCE)
def test_it_agrees_with_a_reference(photo, part, corruption, grey, coloured):
    picture = photo[PARTS[part]]
    found = fsim(picture, CORRUPTIONS[corruption](picture))
    assert found.fsim == pytest.approx(grey, abs=1e-5)
    assert found.fsimc == pytest.approx(coloured, abs=1e-5)


def test_equal_pictures_have_1_and_the_order_does_not_matter(crop):
    same = fsim(crop, crop)
    assert (same.fsim, same.fsimc) == pytest.approx((1, 1))
    other = CORRUPTIONS["shifted"](crop)
    assert fsim(crop, other).fsimc == pytest.approx(fsim(other, crop).fsimc)


def test_it_falls_with_blur_and_noise(crop):
    blurs = [ndimage.gaussian_filter(crop.astype(float), (s, s, 0)) for s in (0, 0.7, 1.5, 3)]
    assert np.diff([fsim(crop, rounded(blur)).fsim for blur in blurs]).max() < -0.01
    noise = np.random.default_rng(0).standard_normal(crop.shape)
    by_noise = [fsim(crop, rounded(crop + sigma * noise)).fsim for sigma in (0, 5, 15, 40)]
    assert np.diff(by_noise).max() < -0.01


def test_colour_matters_to_one_and_light_to_neither(crop):
    grey = rounded(crop @ np.array([0.299, 0.587, 0.114]))[..., None].repeat(3, axis=2)
    assert fsim(crop, grey).fsim > 0.999
    assert fsim(crop, grey).fsimc < 0.98
    dim = fsim(crop, rounded(crop * 0.9))
    assert min(dim.fsim, dim.fsimc) > 0.99


def test_an_edge_is_a_feature_whatever_its_contrast():
    step = np.where(np.arange(128) < 64, -1.0, 1.0)
    step = step + 0.02 * np.random.default_rng(0).standard_normal((128, 128))
    maps = [phase_congruency(128 + contrast * step) for contrast in (100.0, 5.0)]
    assert maps[0][8:-8, 63:65].min() > 0.7
    assert maps[0][8:-8, 16:56].mean() < 0.2
    assert np.abs(maps[0] - maps[1]).max() < 1e-3
    assert min(one.min() for one in maps) >= 0
    assert max(one.max() for one in maps) <= 1


def test_noise_has_few_features(crop):
    noise = np.random.default_rng(0).normal(128, 20, (128, 128))
    grey = crop @ np.array([0.299, 0.587, 0.114])
    assert phase_congruency(noise).mean() < 0.5 * phase_congruency(grey).mean()


def test_blank_sheets_are_compared_by_their_colours(crop):
    grey, blue = np.full_like(crop, 90), np.full_like(crop, (40, 90, 200))
    for tone in (0.0, 77.7, 255.0):
        assert not phase_congruency(np.full((101, 128), tone)).any()
    same = fsim(grey, grey)
    assert (same.fsim, same.fsimc) == pytest.approx((1, 1))
    assert fsim(grey, blue).fsimc < 0.97
    against = fsim(crop, grey)
    assert 0 < against.fsimc <= against.fsim < 0.6


@pytest.mark.parametrize("side", [16, 64, 400])
def test_any_side_will_do(photo, side):
    picture = photo[:side, :side]
    assert 0 < fsim(picture, picture[:, ::-1]).fsimc < 0.95


@pytest.mark.parametrize(
    ("one", "other"),
    [((64, 64, 3), (48, 48, 3)), ((64, 64), (64, 64)), ((8, 8, 3), (8, 8, 3))],
)
def test_other_shapes_are_refused(one, other):
    with pytest.raises(UsageError, match=r"expected the same \[H, W, 3\], at least 16 px"):
        fsim(np.zeros(one, np.uint8), np.zeros(other, np.uint8))


def test_the_scores_are_means_of_the_pairs(crop):
    others = [CORRUPTIONS[name](crop) for name in ("tinted", "mirrored", "blurred")]
    pairs = np.stack([FSIM.start()(crop, other) for other in others])
    assert pairs.dtype == np.float32
    grey, colour = Fsim().scores({"pair": pairs}, Resampling(resamples=20))
    scores = [fsim(crop, other) for other in others]
    assert (grey.name, colour.name) == ("fsim.grey", "fsim.colour")
    assert grey.estimate.value == pytest.approx(np.mean([one.fsim for one in scores]))
    assert colour.estimate.value == pytest.approx(np.mean([one.fsimc for one in scores]))
    assert np.argmax(grey.losses) == 1
    assert {needed.roles for needed in Fsim().inputs.values()} == {("generated", "ground_truth")}
