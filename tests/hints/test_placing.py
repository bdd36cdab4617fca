import numpy as np
import pytest

from limner.errors import UsageError
from limner.hints import over, place, planes


def test_a_hint_picture_has_colours_and_says_where():
    hints = place({"skin": (200, 140, 120), "hair": (20, 10, 0)}, 128)
    assert hints.shape == (128, 128, 4)
    assert hints.dtype == np.uint8
    given = hints[..., 3] == 255
    assert set(np.unique(hints[..., 3])) == {0, 255}
    assert not hints[~given].any()
    assert {tuple(colour) for colour in hints[given]} == {(200, 140, 120, 255), (20, 10, 0, 255)}
    assert 0.01 < given.mean() < 0.05
    assert not place({}, 128).any()


def test_both_sides_of_the_face_get_the_same():
    hints = place({"skin": (1, 2, 3), "eyes": (4, 5, 6), "background": (7, 8, 9)}, 128)
    assert np.array_equal(hints, hints[:, ::-1])


def test_what_is_painted_lies_on_top():
    below, above = place({"skin": (1, 2, 3)}, 32), np.zeros((32, 32, 4), np.uint8)
    above[16:] = (0, 0, 0, 255)  # black is a colour, too
    both = over(below, above)
    assert np.array_equal(both[:16], below[:16])
    assert np.array_equal(both[16:], above[16:])


def test_a_network_is_given_nought_where_nothing_is_known():
    hints = place({"lips": (255, 0, 0)}, 32)
    given = planes([hints], 1, 32)
    assert given.shape == (1, 4, 32, 32)
    assert given.dtype == np.float32
    known = hints[..., 3] > 0
    assert not given[0][:, ~known].any()
    assert (given[0][:, known] == np.array([[1], [-1], [-1], [1]])).all()
    assert not planes(None, 3, 32).any()
    assert planes(None, 3, 32).shape == (3, 4, 32, 32)


@pytest.mark.parametrize("hints", [[], [np.zeros((32, 32, 3), np.uint8)], [np.zeros((8, 8, 4))]])
def test_hint_pictures_of_another_shape_are_refused(hints):
    with pytest.raises(UsageError, match=r"expected 1 of \[32, 32, 4\]"):
        planes(hints, 1, 32)
