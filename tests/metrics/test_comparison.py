"""Differences that are real are called so, and others are not."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import permutation_test

from limner.errors import UsageError
from limner.features.evaluation_set import EvaluationSet
from limner.metrics.comparison import _by_signs, compare
from limner.metrics.likeness.identity import Identity
from limner.metrics.measuring import Measured, MetricResult, Skipped, measure
from limner.metrics.resampling import Resampling, means
from limner.metrics.score import Score

RESAMPLING = Resampling(resamples=400)
NAMES = tuple(f"p{number:03d}" for number in range(80))


def _measured(*, resampling=RESAMPLING, names=NAMES, **per_image):
    """What was measured of a model, with one score for each keyword; less is better."""
    scores = tuple(
        Score(name=name, title=name, estimate=resampling.mean(values), better="lower")
        for name, values in per_image.items()
    )
    evaluated = EvaluationSet(rows={})
    result = MetricResult(metric=Identity(), scores=scores, rows=names)
    return Measured(
        evaluated=evaluated,
        resampling=resampling,
        results=(result,),
        skipped=(Skipped(title="Identity", why="needs --ground-truth"),),
        facts={},
        warnings=(),
    )


def test_a_small_difference_picture_by_picture_is_seen_through_large_ones_between_pictures():
    rng = np.random.default_rng(0)
    hard = rng.normal(10, 3, 80)  # what is hard about a picture is hard for both
    better = hard - 0.2 + rng.normal(0, 0.3, 80)
    row = compare({"first": _measured(error=hard), "second": _measured(error=better)}).rows[0]
    first, second = row.cells
    assert first.difference is None
    assert second.difference.significant
    assert second.difference.better
    assert second.difference.low < second.difference.value < second.difference.high < 0
    assert second.best
    assert not first.best
    # The intervals of the values themselves overlap widely.
    assert second.score.estimate.high > first.score.estimate.low + 0.5


def test_where_there_is_no_difference_few_are_called_real():
    rng = np.random.default_rng(1)
    scores = {f"f{k}": rng.normal(0, 1, 80) for k in range(60)}
    others = {f"f{k}": rng.normal(0, 1, 80) for k in range(60)}
    rows = compare({"a": _measured(**scores), "b": _measured(**others)}).rows
    p = np.array([row.cells[1].difference.p for row in rows])
    assert 0 < (p < 0.1).mean() < 0.25  # as many as chance has, before they are adjusted
    assert sum(row.cells[1].difference.significant for row in rows) <= 1


def test_a_model_is_not_different_from_itself():
    rng = np.random.default_rng(2)
    one = _measured(error=rng.normal(0, 1, 80))
    row = compare({"a": one, "b": one}).rows[0]
    assert row.cells[1].difference.p == 1
    assert row.cells[1].difference.value == 0
    assert row.cells[0].best
    assert row.cells[1].best


def test_the_test_of_signs_is_fishers():
    differences = np.random.default_rng(3).normal(0.3, 1, 40)
    reference = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=20000, rng=0
    )
    assert _by_signs(differences) == pytest.approx(reference.pvalue, abs=0.015)
    # All of ten pictures better: two of the 1,024 ways to set signs are as extreme.
    assert _by_signs(np.ones(10)) == pytest.approx(2 / 1024, abs=1.5e-3)


def test_scores_that_are_not_means_are_compared_by_resamples():
    def model(shift):
        def statistic(weights):
            values = np.linspace(0, 1, 80) + shift
            return np.sqrt(weights @ values**2 / 80)

        score = Score(name="f", title="f", estimate=RESAMPLING.of(statistic, 80), better="higher")
        result = MetricResult(metric=Identity(), scores=(score,), rows=NAMES)
        return Measured(
            evaluated=EvaluationSet(rows={}),
            resampling=RESAMPLING,
            results=(result,),
            skipped=(),
            facts={},
            warnings=(),
        )

    cell = compare({"a": model(0), "b": model(0.02)}).rows[0].cells[1]
    assert cell.difference.significant
    assert cell.difference.better
    assert 0.01 < cell.difference.low < cell.difference.high < 0.03


def test_one_large_difference_by_resamples_is_seen_among_many_scores_without_any():
    rng = np.random.default_rng(5)
    alike = {f"f{k}": rng.normal(0, 1, 80) for k in range(60)}

    def model(height):
        def statistic(weights):
            return means(weights, height + np.linspace(0, 1, 80))

        score = Score(name="f", title="f", estimate=RESAMPLING.of(statistic, 80), better="lower")
        others = _measured(
            **{name: rng.permutation(per_image) for name, per_image in alike.items()}
        )
        [result] = others.results
        return dataclasses.replace(
            others, results=(dataclasses.replace(result, scores=(*result.scores, score)),)
        )

    *others, one = compare({"a": model(0), "b": model(9)}).rows
    assert one.cells[1].difference.significant
    assert not any(row.cells[1].difference.significant for row in others)


def test_as_far_beyond_the_target_as_before_it_is_neither_better_nor_worse():
    rng = np.random.default_rng(4)

    def model(middle):
        values = rng.normal(middle, 0.3, 80)
        score = Score(
            name="f", title="f", estimate=RESAMPLING.mean(values), better="nearer", target=1.0
        )
        result = MetricResult(metric=Identity(), scores=(score,), rows=NAMES)
        return dataclasses.replace(_measured(), results=(result,))

    names = ("below", "above", "near", "far")
    models = dict(zip(names, map(model, (0.8, 1.2, 1.0, 2.0)), strict=True))
    _, above, near, far = compare(models).rows[0].cells
    assert above.difference.low > 0  # the values differ for sure
    assert not above.difference.significant
    assert near.difference.significant
    assert near.difference.better
    assert far.difference.significant
    assert not far.difference.better


def test_other_pictures_are_not_compared_one_by_one_and_missing_scores_stay_empty():
    values = np.arange(80.0)
    other = tuple(f"q{number}" for number in range(80))
    rows = compare(
        {
            "a": _measured(error=values),
            "b": _measured(error=values, names=other),
            "c": _measured(another=values),
        }
    ).rows
    error, another = rows
    assert error.cells[1].difference is None
    assert error.cells[2] is None
    assert another.cells[0] is None
    assert another.cells[2].difference is None


def test_what_one_model_has_is_not_called_skipped():
    lacking = _measured(error=np.arange(80.0))
    knowing = dataclasses.replace(lacking, skipped=())
    assert len(compare({"a": lacking, "b": lacking}).skipped) == 1
    assert compare({"a": lacking, "b": knowing}).skipped == ()


def test_one_thing_and_other_draws_are_errors():
    one = _measured(error=np.arange(80.0))
    with pytest.raises(UsageError, match="at least two"):
        compare({"a": one})
    other = _measured(error=np.arange(80.0), resampling=Resampling(resamples=300))
    with pytest.raises(UsageError, match="same number of resamples"):
        compare({"a": one, "b": other})


def test_real_pictures_a_better_model_is_found_better(folders, fill, crops):
    rng = np.random.default_rng(0)
    noisy = np.clip(crops + rng.normal(0, 60, crops.shape), 0, 255).astype(np.uint8)
    evaluation_sets = {
        "darker": EvaluationSet.of_folders(
            folders["generated"], ground_truth=folders["ground_truth"], as_is=True
        ),
        "noisy": EvaluationSet.of_folders(
            fill("noisy", noisy), ground_truth=folders["ground_truth"], as_is=True
        ),
    }
    compared = compare(
        {n: measure(s, [Identity()], resampling=RESAMPLING) for n, s in evaluation_sets.items()}
    )
    row = next(row for row in compared.rows if row.name == "identity.genuine")
    assert row.cells[1].difference.significant
    assert not row.cells[1].difference.better


def test_what_rests_on_other_pictures_is_not_tested_and_that_is_said():
    values = np.random.default_rng(5).normal(0, 1, 80)
    fewer = _measured(names=NAMES[:79], error=values[:79], other=values[:79])
    compared = compare({"a": _measured(error=values), "b": fewer, "c": _measured(error=values)})
    assert list(compared.untested) == ["b"]
    assert compared.untested["b"].startswith("1 scores use other pictures than those of a")
    assert compare({"a": fewer, "b": fewer}).untested == {}
