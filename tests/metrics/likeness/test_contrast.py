import numpy as np
import pytest

from limner.metrics.likeness.contrast import Contrast, contrast
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted


def ratio(generated, ground_truth):
    features = {
        role: np.array([[contrast(one)] for one in some], np.float32)
        for role, some in (("generated", generated), ("ground_truth", ground_truth))
    }
    [score] = Contrast().scores(features, Resampling(resamples=20))
    assert (score.better, score.target) == ("nearer", 1)
    return score.estimate.value


def halves(dark, light, side=64):
    picture = np.full((side, side, 3), dark, np.uint8)
    picture[:, side // 2 :] = light
    return picture


def test_it_is_the_spread_of_lightness():
    assert contrast(halves(90, 90)) == pytest.approx(0, abs=1e-4)
    # Black and white are 100 apart, so each is 50 from the mean, but for the blurred edge.
    assert 45 < contrast(halves(0, 255)) < 50
    assert contrast(halves(90, 130)) == pytest.approx(contrast(halves(130, 90)), abs=0.2)


def test_fine_strokes_hardly_count(photo):
    rng = np.random.default_rng(0)
    face = photo[:256, :256]
    stroked = np.clip(face + rng.choice([-12, 12], (256, 256, 1)), 0, 255).astype(np.uint8)
    assert contrast(stroked) == pytest.approx(contrast(face), rel=0.03)


def test_a_photo_that_fades_loses_it_in_proportion(photo):
    photos = np.stack([photo[:256, :256], photo[:256, :256][:, ::-1]])
    found = [
        ratio(corrupted(photos, "flat", strength, others=photos), photos)
        for strength in (0, 0.5, 1)
    ]
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[2] == pytest.approx(0.5, abs=0.1)
