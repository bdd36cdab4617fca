import numpy as np
import pytest

from limner.errors import UsageError
from limner.features.common import grey
from limner.metrics.validation.corruptions import CORRUPTIONS, corrupted

OF_A_SHARE = ("swap", "ignored", "copied", "collapsed", "scrambled")


@pytest.fixture(scope="module")
def everybody(person):
    return np.stack([person(number)[:240, :240][::5, ::5] for number in range(40)])


@pytest.fixture(scope="module")
def pictures(everybody):
    return everybody[:20]


@pytest.fixture(scope="module")
def others(everybody):
    return everybody[20:]


def changed(pictures, corrupted_pictures):
    return (pictures != corrupted_pictures).any(axis=(1, 2, 3))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_nothing_at_0_more_at_1_and_the_same_again(pictures, others, name):
    before = pictures.copy()
    untouched = corrupted(pictures, name, 0, others=others)
    assert np.array_equal(untouched, pictures)
    assert not np.shares_memory(untouched, pictures)
    away = []
    for strength in (0.2, 0.6, 1):
        corrupted_pictures = corrupted(pictures, name, strength, others=others)
        assert (corrupted_pictures.shape, corrupted_pictures.dtype) == (pictures.shape, np.uint8)
        assert np.array_equal(
            corrupted_pictures, corrupted(pictures, name, strength, others=others)
        )
        away.append(np.abs(corrupted_pictures.astype(float) - pictures).mean())
    assert 0 < away[0] < away[1] < away[2]
    assert np.array_equal(pictures, before)  # what came in is left alone


@pytest.mark.parametrize("name", OF_A_SHARE)
def test_of_some_the_strength_is_the_share(pictures, others, name):
    few, half = (
        changed(pictures, corrupted(pictures, name, share, others=others)) for share in (0.25, 0.5)
    )
    allowed = 1 if name == "collapsed" else 0  # the one that all show may be among them
    assert 5 - allowed <= few.sum() <= 5
    assert 10 - allowed <= half.sum() <= 10
    if name != "collapsed":
        assert not (few & ~half).any()
        assert (
            changed(pictures, corrupted(pictures, name, 0.5, others=others, seed=1)) != half
        ).any()


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - set(OF_A_SHARE)))
def test_the_rest_spoil_them_all(pictures, others, name):
    assert changed(pictures, corrupted(pictures, name, 0.5, others=others)).all()


def rows_of(pictures):
    return {one.tobytes() for one in pictures}


def test_who_is_shown_instead(pictures, others):
    swapped = corrupted(pictures, "swap", 1, others=others)
    assert rows_of(swapped) == rows_of(pictures)
    assert changed(pictures, swapped).all()  # nobody keeps the place
    assert rows_of(corrupted(pictures, "ignored", 1, others=others)) <= rows_of(others)
    assert rows_of(corrupted(pictures, "collapsed", 1, others=others)) == rows_of(pictures[:1])
    average = corrupted(pictures, "average", 1, others=others)
    assert len(rows_of(average)) == 1
    assert average[0] == pytest.approx(others.mean(axis=0), abs=0.51)


def test_a_copy_is_of_the_most_similar(pictures):
    hints = pictures // 2 + 10  # darker, and yet each is most like its own
    others = np.concatenate([pictures[::-1] + np.uint8(1), 255 - pictures])
    copies = corrupted(hints + pictures // 2, "copied", 1, others=others)
    assert np.array_equal(copies, pictures + np.uint8(1))


def test_a_grid_is_two_pixels_wide_and_keeps_the_light(pictures, others):
    plain = np.full_like(pictures, 128)
    corrupted_pictures = corrupted(plain, "grid", 1, others=others)
    assert np.array_equal(corrupted_pictures[:, 2:, 2:], corrupted_pictures[:, :-2, :-2])
    assert set(np.unique(corrupted_pictures)) == {122, 130}
    assert corrupted_pictures.mean() == 128


def test_colours_fade_or_darken_as_they_say(pictures, others):
    faded = corrupted(pictures, "grey", 1, others=others).astype(int)
    assert np.ptp(faded, axis=3).max() == 0
    assert grey(faded[0].astype(np.uint8)).mean() == pytest.approx(
        grey(pictures[0]).mean(), abs=0.003
    )
    dark = corrupted(pictures, "dark", 1, others=others)
    assert dark == pytest.approx(pictures * 0.4, abs=0.51)
    cast = corrupted(pictures, "cast", 1, others=others).mean(axis=(0, 1, 2)) - pictures.mean(
        (0, 1, 2)
    )
    assert cast[2] > 5
    assert cast[0] < -5


def test_eyes_go_up_and_the_mouth_stays():
    pictures = np.zeros((1, 100, 100, 3), np.uint8)
    pictures[0, 29:32, 36:40] = 255
    pictures[0, 70:72, 45:55] = 200
    up = corrupted(pictures, "eyes", 1, others=pictures)
    before, after = (np.nonzero(one[0, :50, :50].sum(2))[0].mean() for one in (pictures, up))
    assert after - before == pytest.approx(-8, abs=1)
    assert np.array_equal(up[0, 65:], pictures[0, 65:])


def test_a_smile_lifts_the_corners_apart_and_shows_teeth_when_it_is_broad():
    pictures = np.zeros((1, 100, 100, 3), np.uint8)
    pictures[0, 59:62, 38:42] = 255  # the left corner of the mouth

    def corner(strength):
        corrupted_pictures = corrupted(pictures, "smile", strength, others=pictures)[0, ..., 0]
        row, column = np.nonzero(corrupted_pictures[:, :41] > 60)
        return row.mean(), column.mean(), corrupted_pictures[60, 50]

    (y0, x0, _), (y1, x1, few), (y2, x2, many) = (corner(strength) for strength in (0, 0.3, 0.9))
    assert y0 > y1 > y2 + 1
    assert x0 > x1 > x2 + 1
    assert 0 < few < 25
    assert many > 120


@pytest.mark.parametrize(
    ("name", "strength", "shape"),
    [
        ("burn", 0.5, (3, 48, 48, 3)),
        ("blur", 1.1, (3, 48, 48, 3)),
        ("blur", 0.5, (3, 32, 32, 3)),
        ("blur", 0.5, (0, 48, 48, 3)),
    ],
)
def test_what_cannot_be_is_refused(pictures, name, strength, shape):
    with pytest.raises(UsageError, match=r"expected|choose from blur"):
        corrupted(pictures, name, strength, others=np.zeros(shape, np.uint8))
