"""Bootstrap intervals: do they contain the true value as often as they say?"""

import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics import resampling
from limner.metrics.resampling import Resampling, means


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    resampling = Resampling(resamples=300)
    found = [resampling.mean(rng.normal(3, 1, 60)) for _ in range(400)]
    held = np.mean([one.low <= 3 <= one.high for one in found])
    assert 0.90 < held < 0.98


def test_it_is_as_wide_as_theory_says():
    per_image = np.random.default_rng(1).normal(0, 2, 400)
    found = Resampling(resamples=4000).mean(per_image)
    half = 1.96 * per_image.std() / np.sqrt(len(per_image))
    assert found.value == pytest.approx(per_image.mean())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)
    assert found.n == 400


def test_resamples_are_the_same_for_sets_of_one_size():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=50), rng.normal(size=50)
    resampling = Resampling(resamples=100)
    together = resampling.mean(a - b).resamples
    np.testing.assert_allclose(
        resampling.mean(a).resamples - resampling.mean(b).resamples, together
    )


def test_blocks_of_draws_change_nothing(monkeypatch):
    per_image = np.arange(40.0)
    whole = Resampling(resamples=64).mean(per_image)
    monkeypatch.setattr(resampling, "_AT_ONCE", 7 * 40)
    assert np.array_equal(Resampling(resamples=64).mean(per_image).resamples, whole.resamples)


def test_a_set_is_resampled_alike_whatever_the_other_one_and_the_blocks_are(monkeypatch):
    def drawn(*counts):
        return (
            Resampling(resamples=64)
            .of(lambda first, *_: first @ np.arange(40.0), *counts)
            .resamples
        )

    alone = drawn(40)
    assert np.array_equal(drawn(40, 25), alone)
    monkeypatch.setattr(resampling, "_AT_ONCE", 7 * 40)
    assert np.array_equal(drawn(40, 25), alone)
    assert np.array_equal(drawn(40, 90), alone)


def test_means_are_of_the_values_as_often_as_each_came():
    weights = np.array([[1.0, 1, 1], [0, 1, 2]])
    np.testing.assert_allclose(means(weights, np.array([0.0, 3, 6])), [3, 5])
    rows = np.array([[0.0, 1], [3, 1], [6, 1]])
    np.testing.assert_allclose(means(weights, rows), [[3, 1], [5, 1]])


def test_weights_are_counts_of_a_draw():
    seen = []

    def statistic(first, second):
        seen.append((first, second))
        return first[:, 0] - second[:, 0]

    found = Resampling(resamples=50).of(statistic, 8, 3)
    ones, drawn = seen
    assert np.array_equal(ones[0], np.ones((1, 8)))
    assert drawn[0].shape == (50, 8)
    assert drawn[1].shape == (50, 3)
    assert (drawn[0].sum(axis=1) == 8).all()
    assert (drawn[1].sum(axis=1) == 3).all()
    assert found.value == 0
    assert found.n == 8
    assert found.per_image is None


def test_every_picture_is_drawn_as_often():
    drawn = []
    Resampling(resamples=4000).of(lambda w: drawn.append(w) or w[:, 0], 5)
    np.testing.assert_allclose(drawn[1].mean(axis=0), 1, atol=0.06)


def test_a_centred_interval_is_about_the_value():
    per_image = np.arange(30.0)

    def biased(weights):  # a set with repetitions has fewer different pictures
        return (weights > 0).sum(axis=1).astype(float)

    plain = Resampling(resamples=200).of(biased, len(per_image))
    centred = Resampling(resamples=200).of(biased, len(per_image), centred=True)
    assert plain.value == centred.value == 30
    assert plain.high < 30
    assert centred.low < 30 < centred.high
    assert centred.resamples.mean() == pytest.approx(30)


@pytest.mark.parametrize("per_image", [[], [1.0, np.nan], [[1.0], [2.0]], [np.inf]])
def test_what_has_no_mean_is_an_error(per_image):
    with pytest.raises(UsageError, match="all finite"):
        Resampling().mean(per_image)


def test_an_empty_set_and_impossible_settings_are_errors():
    with pytest.raises(UsageError, match="at least 1"):
        Resampling().of(lambda a, b: a[:, 0], 5, 0)
    with pytest.raises(UsageError, match="at least 2"):
        Resampling(resamples=1)
    with pytest.raises(UsageError, match="confidence between 0 and 1"):
        Resampling(confidence=95)


def test_a_share_of_all_or_none_is_not_taken_for_certain():
    resampling = Resampling(resamples=50)
    every = resampling.share(np.ones(88, bool))
    assert (every.value, every.high) == (1, 1)
    assert every.low == pytest.approx(0.958, abs=1e-3)  # Wilson's interval of 88 in 88
    none = resampling.share(np.zeros(30))
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.1135, abs=1e-3)
    some = np.arange(30) < 12
    assert resampling.share(some).low == resampling.mean(some).low
    still = resampling.mean(np.zeros(30))  # a distance that is 0 for all is not a share
    assert (still.low, still.high) == (0, 0)
