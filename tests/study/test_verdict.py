"""Verdicts on made-up scores that decide a finding one way or the other."""

import numpy as np
import pytest
from scipy.stats import t

from limner.metrics.score import Estimate, Score
from limner.study.findings import FINDINGS, MARGINS, Finding
from limner.study.plan import EXPERIMENTS
from limner.study.verdict import Outcome, difference, judge

LOOKS = "appearance.distance"
"""Decides most findings."""
GROUPS = next(one for one in FINDINGS if one.name == "groups")
FILTERED = next(one for one in FINDINGS if one.name == "filtered")
SMILES = next(one for one in FINDINGS if one.name == "smiles")
BALANCE = next(one for one in FINDINGS if one.name == "balance")
AVERAGE = next(one for one in FINDINGS if one.name == "average")


def score(value, *, name=LOOKS, better="lower", target=0.0, people=0.0):
    """A score whose resamples spread by `people` around its value."""
    resamples = value + people * np.linspace(-1, 1, 101)
    estimate = Estimate(value=value, low=value, high=value, n=100, resamples=resamples)
    return Score(name=name, title=name, estimate=estimate, better=better, target=target)


def runs(*values, **options):
    """An experiment whose seeds have these values."""
    made = [score(value, **options) for value in values]
    return Outcome(scores={seed: {one.name: one} for seed, one in enumerate(made)})


def verdict(finding, subject, other=None):
    outcomes = {finding.subject: subject} | ({finding.other: other} if other else {})
    return judge(finding, outcomes).verdict


def test_a_clear_advantage_confirms_that_it_is_better():
    assert verdict(GROUPS, runs(0.50, 0.51, 0.49), runs(0.80, 0.81, 0.80)) == "confirmed"


def test_a_clear_disadvantage_does_not():
    judged = judge(
        GROUPS, {"balanced": runs(0.80, 0.81, 0.80), "ungrouped": runs(0.50, 0.51, 0.49)}
    )
    assert judged.verdict == "not confirmed"
    assert "opposite" in judged.because


def test_seeds_that_disagree_decide_nothing():
    assert verdict(GROUPS, runs(0.3, 0.9, 0.5), runs(0.8, 0.4, 0.6)) == "not decidable"


def test_a_difference_too_small_to_matter_is_none():
    tiny = MARGINS[LOOKS] / 10
    ahead = runs(0.5, 0.5, 0.5), runs(0.5 + tiny, 0.5 + tiny, 0.5 + tiny)
    assert verdict(GROUPS, *ahead) == "not confirmed"
    assert verdict(FILTERED, *ahead) == "confirmed"


@pytest.mark.parametrize(
    ("times", "of_better", "of_no_better"),
    [
        pytest.param(0.8, "not decidable", "not decidable", id="0.3 to 1.3 margins"),
        pytest.param(1.2, "confirmed", "not confirmed", id="0.7 to 1.7 margins"),
    ],
)
def test_a_sure_difference_must_also_be_large_enough(times, of_better, of_no_better):
    margin = MARGINS[LOOKS]
    ahead = runs(*(0.5 + margin * (times + by) for by in (-0.2, 0, 0.2)))
    level = runs(0.5, 0.5, 0.5)
    judged = judge(GROUPS, {"balanced": level, "ungrouped": ahead})
    assert 0 < judged.differences[LOOKS].low < margin < judged.differences[LOOKS].high
    assert judged.verdict == of_better
    assert verdict(FILTERED, level, ahead) == of_no_better


def test_no_better_is_refuted_by_a_clear_advantage_and_confirmed_by_a_disadvantage():
    low, high = runs(0.50, 0.51, 0.49), runs(0.80, 0.81, 0.80)
    assert verdict(FILTERED, low, high) == "not confirmed"
    assert verdict(FILTERED, high, low) == "confirmed"
    assert verdict(FILTERED, runs(0.3, 0.9, 0.5), runs(0.8, 0.4, 0.6)) == "not decidable"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.30, 0.32, 0.31), "confirmed"),
        ((-0.30, -0.32, -0.31), "not confirmed"),
        ((0.000, 0.001, -0.001), "not confirmed"),
        ((0.5, -0.1, 0.1), "not decidable"),
    ],
)
def test_a_score_above_its_target(values, expected):
    assert verdict(SMILES, runs(*values, name="smile.drift", better="nearer")) == expected


def test_nearer_to_the_target_is_better_from_either_side():
    near = runs(-0.02, 0.02, -0.01, name="smile.drift", better="nearer")
    far = runs(0.30, 0.31, 0.30, name="smile.drift", better="nearer")
    assert verdict(BALANCE, near, far) == "confirmed"
    assert verdict(BALANCE, far, near) == "not confirmed"


def test_one_seed_decides_nothing():
    judged = judge(GROUPS, {"balanced": runs(0.1), "ungrouped": runs(0.9)})
    assert judged.verdict == "not decidable"
    assert "One seed" in judged.because
    assert judged.differences[LOOKS].mean == pytest.approx(0.8)
    assert not judged.differences[LOOKS].has_interval


def test_results_without_faces_decide_nothing():
    def faceless(rate, *values):
        return Outcome(
            scores={
                seed: {LOOKS: score(value), "detection.rate": score(rate, name="detection.rate")}
                for seed, value in enumerate(values)
            }
        )

    good, bad = (0.50, 0.51, 0.49), (0.80, 0.81, 0.80)
    judged = judge(GROUPS, {"balanced": faceless(0.1, *good), "ungrouped": faceless(0.2, *bad)})
    assert judged.verdict == "not decidable"
    assert "no more than 20%" in judged.because
    assert verdict(GROUPS, faceless(0.9, *good), faceless(0.2, *bad)) == "confirmed"


def test_the_interval_is_students_over_seeds():
    """Without a spread over people it is the textbook t-interval of paired differences."""
    subject, other = (0.50, 0.40, 0.45), (0.70, 0.65, 0.80)
    found = difference(LOOKS, runs(*subject), runs(*other))
    each = np.subtract(other, subject)
    reach = t.ppf(0.975, 2) * each.std(ddof=1) / np.sqrt(3)
    assert found.each == pytest.approx(tuple(each))
    assert (found.low, found.high) == pytest.approx((each.mean() - reach, each.mean() + reach))


def test_people_add_to_the_interval_unless_they_are_equally_hard_for_both():
    subject, other = (0.50, 0.40, 0.45), (0.70, 0.65, 0.80)
    alone = difference(LOOKS, runs(*subject), runs(*other))
    shared = difference(LOOKS, runs(*subject, people=0.3), runs(*other, people=0.3))
    apart = difference(LOOKS, runs(*subject, people=0.3), runs(*other))
    assert shared.high - shared.low == pytest.approx(alone.high - alone.low)
    assert apart.high - apart.low > alone.high - alone.low


def test_only_seeds_that_both_have_are_compared():
    found = difference(LOOKS, runs(0.5, 0.4, 0.3), runs(0.7, 0.6))
    assert found.each == pytest.approx((0.2, 0.2))


def test_runs_that_all_diverge_lose():
    good, gone = runs(0.5, 0.51), Outcome(diverged=2)
    assert verdict(GROUPS, good, gone) == "confirmed"
    assert verdict(GROUPS, gone, good) == "not confirmed"
    assert verdict(FILTERED, gone, good) == "confirmed"
    assert verdict(GROUPS, gone, gone) == "not decidable"
    # One diverged run may be chance, and others may still come.
    assert verdict(GROUPS, good, Outcome(diverged=1)) == "not decidable"
    assert verdict(GROUPS, good, Outcome(diverged=2, unfinished=1)) == "not decidable"


def test_runs_that_diverge_are_named_and_win_nothing():
    good, better = runs(0.80, 0.81, 0.80), runs(0.50, 0.51)
    lucky = Outcome(scores=better.scores, diverged=1)
    judged = judge(GROUPS, {"balanced": good, "ungrouped": lucky})
    assert judged.verdict == "not decidable"
    assert judged.because.endswith("Not compared: 1 of 3 runs of ungrouped diverged.")
    worse = Outcome(scores=runs(1.10, 1.11).scores, diverged=1)
    judged = judge(GROUPS, {"balanced": good, "ungrouped": worse})
    assert judged.verdict == "confirmed"
    assert "1 of 3 runs of ungrouped diverged" in judged.because
    both = Outcome(scores=good.scores, diverged=1)
    assert judge(GROUPS, {"balanced": both, "ungrouped": lucky}).verdict == "not confirmed"


def test_only_scores_with_a_target_can_be_above_it():
    scores = {
        "collapse.average": score(0.3, name="collapse.average"),
        "collapse.diversity": score(0.8, name="collapse.diversity", better="higher"),
    }
    judged = judge(AVERAGE, {"balanced": Outcome(scores={0: scores, 1: scores})})
    assert judged.differences.keys() == {"collapse.average"}


def test_what_is_missing_is_named():
    judged = judge(GROUPS, {"balanced": runs(0.5, 0.5)})
    assert judged.because == "Not measured yet: no measured run of ungrouped."
    later = Outcome(scores={5: {LOOKS: score(0.5)}})
    assert "no seed" in judge(GROUPS, {"balanced": runs(0.5), "ungrouped": later}).because


def test_every_finding_can_be_judged_before_anything_is_run():
    assert {judge(one, {}).verdict for one in FINDINGS} == {"not decidable"}


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda one: one.name)
def test_every_finding_is_about_experiments_and_has_a_margin(finding: Finding):
    assert set(finding.experiments) <= set(EXPERIMENTS)
    assert MARGINS[finding.decided_by] > 0
    assert (finding.claim == "above target") == (not finding.other)


def test_every_experiment_is_in_a_finding():
    assert {name for one in FINDINGS for name in one.experiments} == set(EXPERIMENTS)
