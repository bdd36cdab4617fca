"""The image operations against references."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from limner.sketching import filters


@pytest.mark.parametrize("size", [(128, 128), (128, 200), (150, 128), (600, 300)])
@pytest.mark.parametrize("sigma", [0.5, 2.0, 8.0])
def test_blur_is_a_gaussian_with_replicated_edges(size, sigma):
    image = np.random.default_rng(0).random(size, dtype=np.float32)
    pixels = sigma * min(size) / 128  # which the blur meets within 2.2%
    expected = gaussian_filter(image.astype(float), pixels, mode="nearest", truncate=3.0)
    assert np.abs(filters.blur(image, sigma) - expected).max() < 0.01


def test_blur_of_no_width_changes_nothing():
    image = np.random.default_rng(0).random((20, 20), dtype=np.float32)
    assert np.array_equal(filters.blur(image, 0), image)


def test_smooth_removes_texture_and_keeps_edges():
    step = np.where(np.arange(128) < 64, 0.2, 0.9) * np.ones((128, 1))
    noise = 0.02 * np.random.default_rng(0).standard_normal((128, 128))
    smoothed = filters.smooth((step + noise).astype(np.float32), 2, 0.08)
    assert (smoothed - step)[:, :50].std() < 0.008
    assert smoothed[:, 66].mean() - smoothed[:, 61].mean() > 0.6


@pytest.mark.parametrize(("angle", "direction"), [(0, 0), (45, 2), (90, 4), (135, 6)])
def test_tangents_run_along_stripes(angle, direction):
    y, x = np.mgrid[:128, :128]
    across = -x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    stripes = (0.5 + 0.5 * np.sin(across * 0.6)).astype(np.float32)
    found = filters.tangents(stripes)[16:-16, 16:-16]
    assert (found == direction).mean() > 0.95
    # Along its own direction such a picture does not change.
    joined = filters.along(stripes, np.full((128, 128), direction), 2)
    assert np.abs(joined - stripes)[8:-8, 8:-8].max() < 0.02


def test_strokes_run_in_their_direction():
    streaks = filters.strokes((128, 128), 0, 8, np.random.default_rng(0))
    along, across = np.abs(np.diff(streaks, axis=1)).mean(), np.abs(np.diff(streaks, axis=0)).mean()
    assert across > 4 * along
    assert streaks.std() == pytest.approx(1, abs=0.05)


def test_exposure_does_not_depend_on_the_light():
    grey = np.random.default_rng(0).uniform(0.1, 0.9, (128, 128)).astype(np.float32)
    assert np.abs(filters.expose(grey) - filters.expose(0.4 * grey)).max() < 1e-4


def test_grain_has_mean_zero_and_unit_spread():
    for sigma in (0.4, 0.9, 2.0):
        noise = filters.grain((256, 256), sigma, np.random.default_rng(0))
        assert noise.mean() == pytest.approx(0, abs=0.1)
        assert 0.6 < noise.std() < 1.3
