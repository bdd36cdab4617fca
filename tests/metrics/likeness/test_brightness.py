import numpy as np
import pytest

from limner.metrics.likeness.brightness import Brightness, brightness
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted


def plain(*rgb):
    return np.full((16, 16, 3), rgb, np.uint8)


def scores(generated, ground_truth):
    features = {
        role: np.stack([brightness(one) for one in some])
        for role, some in (("generated", generated), ("ground_truth", ground_truth))
    }
    return {
        one.name: one.estimate for one in Brightness().scores(features, Resampling(resamples=20))
    }


def test_it_is_luminance():
    assert brightness(plain(255, 255, 255)) == pytest.approx([1])
    assert brightness(plain(255, 0, 0)) == pytest.approx([0.299])
    half = plain(0, 0, 0)
    half[:8] = 255
    assert brightness(half) == pytest.approx([0.5])


def test_lighter_ones_and_darker_ones_cancel_in_the_drift_only():
    found = scores([plain(153, 153, 153), plain(102, 102, 102)], [plain(128, 128, 128)] * 2)
    assert found["brightness.drift"].value == pytest.approx(-0.5 / 255, abs=1e-6)
    assert found["brightness.error"].value == pytest.approx(0.1, abs=1e-6)


def test_darkening_shows_and_fading_does_not():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    drifts = [
        scores(corrupted(photos, "dark", strength, others=photos), photos)["brightness.drift"].value
        for strength in (0, 0.1, 0.5, 1)
    ]
    assert drifts[0] == 0
    assert drifts == sorted(drifts, reverse=True)
    assert drifts[3] == pytest.approx(-0.3, abs=0.02)
    grey = scores(corrupted(photos, "grey", 1, others=photos), photos)
    assert grey["brightness.error"].value < 0.002
