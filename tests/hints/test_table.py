import numpy as np
import pytest

from limner.hints import sampled_colours
from limner.hints.table import VARIED, _rows


def test_the_table_has_faces_of_all_tones():
    rows = _rows()
    assert 64 <= len(rows) <= 128
    assert rows.min() >= 0
    assert rows.max() <= 255
    light = rows[:, 0].sum(axis=1)
    assert light.min() < 250
    assert light.max() > 600
    # Skin is redder than blue, and eyes are darker than skin.
    assert (rows[:, 0, 0] > rows[:, 0, 2]).all()
    assert (rows[:, 2].sum(axis=1) < light).all()


def test_samples_are_rows_and_differ():
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(8):
        drawn.append(sampled_colours(rng, others=drawn))
    assert all(colours.keys() == set(VARIED) for colours in drawn)
    rows = {tuple(map(tuple, row)) for row in _rows().tolist()}
    chosen = [tuple(colours[part] for part in VARIED) for colours in drawn]
    assert set(chosen) <= rows
    assert len(set(chosen)) == 8


def test_far_from_what_was_drawn_before_is_likelier():
    def spread(together):
        rng = np.random.default_rng(1)
        found = []
        for _ in range(100):
            first = sampled_colours(rng)
            second = sampled_colours(rng, others=[first] if together else [])
            found.append(sum(np.abs(np.subtract(first["skin"], second["skin"]))))
        return np.mean(found)

    assert spread(together=True) > 1.15 * spread(together=False)


@pytest.mark.parametrize("skin", [(70, 45, 36), (236, 196, 182)])
def test_what_is_given_stays_and_the_rest_goes_with_it(skin):
    rng = np.random.default_rng(2)
    drawn = [sampled_colours(rng, kept={"skin": skin, "lips": (1, 2, 3)}) for _ in range(50)]
    assert all(one["skin"] == skin and one["lips"] == (1, 2, 3) for one in drawn)
    hair = {one["hair"] for one in drawn}
    nearest = np.abs(_rows()[:, 0] - skin).sum(axis=1).argsort()[:30]
    assert hair <= {tuple(row) for row in _rows()[nearest, 1].tolist()}
    assert len(hair) > 3


def test_more_samples_than_rows_are_no_trouble():
    rng = np.random.default_rng(3)
    kept = {"hair": (20, 20, 20)}
    drawn = []
    for _ in range(40):
        drawn.append(sampled_colours(rng, kept=kept, others=drawn))
    assert len({one["skin"] for one in drawn}) > 10
