"""Light, colour and grain: what makes a set of pictures look like photos."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from limner.metrics.realism.appearance import Appearance, look, standardised
from limner.metrics.resampling import Resampling
from limner.sketching import sketch


def pictures(seed, count=40, side=64):
    """Smooth pictures of random light and colour."""
    rng = np.random.default_rng(seed)
    rough = rng.normal(0, 1, (count, 8, 8, 3))
    smooth = np.kron(rough, np.ones((1, side // 8, side // 8, 1)))
    light = rng.uniform(60, 190, (count, 1, 1, 3))
    return np.clip(light + 25 * smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def found(generated, real):
    features = {
        "generated": np.stack([*map(look, generated)]),
        "real": np.stack([*map(look, real)]),
    }
    [score] = Appearance().scores(features, Resampling(resamples=100))
    return score


def test_a_flat_picture_has_no_detail_and_its_own_light():
    flat = look(np.full((128, 128, 3), (255, 0, 0), np.uint8))
    assert flat[:3] == pytest.approx([0.299, -0.168736, 0.5], abs=1e-3)
    assert flat[3:6] == pytest.approx(0, abs=1e-4)
    assert flat[6:] == pytest.approx(np.log10(0.1 / 255))


def test_detail_is_found_at_its_size_whatever_that_of_the_picture():
    def stripes(side, width):
        row = 255 * (np.arange(side) // width % 2)
        return np.broadcast_to(row[None, :, None], (side, side, 3)).astype(np.uint8)

    fine, coarse = look(stripes(128, 1)), look(stripes(128, 8))
    assert fine[6] > coarse[6] + 0.4  # 1 px apart
    assert coarse[15] > fine[15] + 1  # 8 px apart: fine stripes are the same again there
    assert look(stripes(128, 8).swapaxes(0, 1)) == pytest.approx(coarse, abs=1e-5)
    assert look(stripes(256, 2)) == pytest.approx(fine, abs=1e-3)


def test_other_pictures_of_the_kind_look_alike_and_corrupted_ones_do_not():
    real = pictures(0, 80)
    same, grey, dark = pictures(1), pictures(1).mean(axis=3, keepdims=True), pictures(1) * 0.5
    clean = found(same, real).estimate
    assert abs(clean.value) < 0.1
    for corrupted_pictures in (np.repeat(grey, 3, axis=3), dark):
        harmed = found(corrupted_pictures.astype(np.uint8), real).estimate
        assert harmed.value > 0.3
        assert harmed.low > clean.high


def test_drawings_do_not_look_like_photos(person):
    photos = np.stack([person(n)[40:168, 60:188] for n in range(24)])
    drawings = [np.repeat(sketch(p, seed=n)[..., None], 3, axis=2) for n, p in enumerate(photos)]
    assert found(drawings[:12], photos[12:]).estimate.value > 1
    assert "12 pictures" in found(drawings[:12], photos[12:]).warnings[0]


def test_the_score_is_the_energy_distance_of_standardised_features():
    generated, real = (np.stack([*map(look, pictures(seed))]) for seed in (2, 3))
    [score] = Appearance().scores({"generated": generated, "real": real}, Resampling(resamples=10))
    x, y = standardised(generated, real), standardised(real, real)
    assert y.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert y.std(axis=0) * np.sqrt(18) == pytest.approx(1, abs=0.05)
    expected = 2 * cdist(x, y).mean() - _among(x) - _among(y)
    assert score.estimate.value == pytest.approx(expected)
    assert score.per_image.mean() == pytest.approx(expected)


def _among(x):
    return cdist(x, x).sum() / (len(x) * (len(x) - 1))
