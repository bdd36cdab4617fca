import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics.realism.diversity import diversity


def pictures(count, *, seed, spread=60, side=64):
    rng = np.random.default_rng(seed)
    tones = np.clip(128 + spread * rng.standard_normal((count, 8, 8, 3)), 0, 255)
    return tones.repeat(side // 8, axis=1).repeat(side // 8, axis=2).astype(np.uint8)


def test_real_pictures_are_as_different_as_real_pictures():
    assert diversity(pictures(16, seed=0), pictures(16, seed=1)) == pytest.approx(1, abs=0.1)


def test_it_is_a_ratio_of_distances():
    assert diversity(pictures(16, seed=0, spread=15), pictures(16, seed=0, spread=30)) == (
        pytest.approx(0.5, abs=0.03)
    )


def test_one_picture_again_and_again_has_none_however_grainy():
    one = pictures(1, seed=0).repeat(16, axis=0)
    assert diversity(one, pictures(16, seed=1)) == 0
    grain = np.random.default_rng(0).integers(-30, 30, one.shape)
    grainy = np.clip(one + grain, 0, 255).astype(np.uint8)
    assert diversity(grainy, pictures(16, seed=1)) < 0.15


def test_grey_and_odd_sides_do_too():
    grey = pictures(4, seed=0)[..., 0][:, :50, :50]
    assert diversity(grey, grey) == 1
    assert diversity(grey[:, :9, :9], grey[:, :9, :9]) == 1


def test_a_single_picture_is_refused():
    with pytest.raises(UsageError, match="N at least 2"):
        diversity(pictures(1, seed=0), pictures(4, seed=0))
