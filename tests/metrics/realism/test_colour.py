import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics.realism.colour import colour


def plain(*rgb):
    return np.full((2, 4, 4, 3), rgb, np.uint8)


def test_means_are_shares_of_white():
    found = colour(plain(255, 102, 0))
    assert found.brightness == pytest.approx(0.4667, abs=1e-4)
    assert found.saturation == pytest.approx(1)
    assert (found.red, found.green, found.blue) == pytest.approx(
        (0.5333, -0.0667, -0.4667), abs=1e-4
    )


def test_grey_has_no_colour():
    found = colour(np.full((2, 4, 4), 51, np.uint8))
    in_three = colour(plain(51, 51, 51))
    assert found.brightness == pytest.approx(in_three.brightness) == pytest.approx(0.2)
    for one in (found, in_three):
        assert (one.saturation, one.red, one.green, one.blue) == pytest.approx((0, 0, 0, 0))


def test_opposite_colours_are_not_grey():
    both = np.concatenate([plain(200, 0, 0), plain(0, 200, 200)])
    found = colour(both)
    assert found.saturation == pytest.approx(200 / 255)
    assert (found.red, found.green, found.blue) == pytest.approx((0, 0, 0))


def test_drift_is_a_difference():
    drift = colour(plain(120, 100, 100)).minus(colour(plain(100, 100, 100)))
    assert drift.brightness == pytest.approx(20 / 3 / 255)
    assert drift.red > 0 > drift.blue


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (2, 4, 4, 4), (4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match="expected"):
        colour(np.zeros(shape, np.uint8))
