import numpy as np
import pytest

from limner.metrics.subsampling import thinned


def test_few_are_all_there():
    assert thinned(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert thinned(5, 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("count", "most"), [(100, 7), (1001, 1000), (12_345, 2000)])
def test_of_many_so_many_are_taken_evenly_and_none_twice(count, most):
    found = thinned(count, most)
    assert len(found) == most
    assert (found[0], found[-1]) == (0, count - 1)
    assert np.ptp(np.diff(found)) <= 1
    assert np.diff(found).min() >= 1
