import numpy as np
import pytest

from limner.errors import UsageError
from limner.features.feature import Computed
from limner.metrics.realism.inception_score import InceptionScore, inception_score
from limner.metrics.resampling import Resampling

SOME = Computed(name="classes", version=1, function=np.ravel)


def sure(kinds, count, classes=10):
    """Pictures that are taken for one of so many kinds, without doubt."""
    return np.eye(classes)[np.arange(count) % kinds]


def by_hand(found):
    mean = found.mean(axis=0)
    divergences = [sum(p * np.log(p / q) for p, q in zip(row, mean, strict=True)) for row in found]
    return np.exp(np.mean(divergences))


def test_it_counts_kinds():
    for kinds in (1, 2, 5, 10):
        assert inception_score(sure(kinds, 20)) == pytest.approx(kinds)


def test_doubt_and_collapse_score_nothing():
    assert inception_score(np.full((8, 10), 0.1)) == pytest.approx(1)
    same = np.random.default_rng(0).dirichlet(np.ones(10), 1).repeat(8, axis=0)
    assert inception_score(same) == pytest.approx(1)


def test_it_is_the_formula_of_the_paper():
    found = np.random.default_rng(0).dirichlet(np.full(6, 0.3), 21)
    assert inception_score(found) == pytest.approx(by_hand(found))
    parts = [by_hand(found[i * 21 // 4 : (i + 1) * 21 // 4]) for i in range(4)]
    assert inception_score(found, splits=4) == pytest.approx(np.mean(parts))


def test_parts_and_few_pictures_make_it_smaller():
    """Why scores of other numbers of pictures must not be compared."""
    found = np.random.default_rng(0).dirichlet(np.full(50, 0.05), 400)
    whole = inception_score(found)
    assert inception_score(found, splits=20) < 0.8 * whole
    assert inception_score(found[:20]) < 0.8 * whole


def test_the_score_says_what_is_wrong_with_it():
    found = np.random.default_rng(0).dirichlet(np.full(20, 0.1), 60)
    (score,) = InceptionScore(feature=SOME, splits=2).scores({"generated": found}, Resampling())
    assert score.estimate.value == inception_score(found, splits=2)
    assert score.estimate.low < score.estimate.value < score.estimate.high
    assert score.estimate.resamples.mean() == pytest.approx(score.estimate.value)
    assert "its classes are objects, not faces" in score.warnings[0]
    assert "60 in 2 parts" in score.warnings[0]


def test_a_draw_without_any_picture_of_a_part_has_a_value():
    (score,) = InceptionScore(feature=SOME, splits=2).scores(
        {"generated": sure(4, 4)}, Resampling(resamples=200)
    )
    assert np.isfinite(score.estimate.resamples).all()
    assert InceptionScore(feature=SOME, splits=2).min_pictures == 4


@pytest.mark.parametrize(("shape", "splits"), [((4,), 1), ((4, 10), 0), ((4, 10), 5), ((0, 10), 1)])
def test_others_are_refused(shape, splits):
    with pytest.raises(UsageError, match=r"expected \[N, C\]"):
        inception_score(np.zeros(shape), splits=splits)


def test_no_parts_are_refused():
    with pytest.raises(UsageError, match="splits is 0"):
        InceptionScore(feature=SOME, splits=0)
