"""Findings, tested: differences over seeds, their intervals, and what follows from them.

Two experiments are compared seed by seed; runs of one seed see images in the same order. The
interval is a 95% t-interval of the mean difference. Its variance has two parts: that between seeds
(with k seeds, k - 1 degrees of freedom), and that between bootstrap resamples of the people whose
sketches were measured, the same for both experiments. They are added, with the degrees of freedom
of Welch and Satterthwaite (Satterthwaite 1946, *An Approximate Distribution of Estimates of
Variance Components*). So it covers another set of seeds and other people of the same kind, drawn in
the same way; it does not cover other training photos, other sizes or longer runs. Scores that
compare two sets of pictures (`appearance`, `kid`) resample both independently, which makes the
interval wider, if anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.stats import t as student

from limner.metrics.score import Score
from limner.study.findings import MARGINS, Finding

__all__ = ["Difference", "Judged", "Outcome", "Verdict", "difference", "judge"]

Verdict = Literal["confirmed", "not confirmed", "not decidable"]
_LEVEL = 0.95
_LEAST = 2
"""Seeds below which there is no interval."""
_FACES, _MOST_LOST = "detection.rate", 0.5
"""If a face is found in fewer results than this, there is nothing to judge yet."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of the runs of one experiment."""

    scores: Mapping[int, Mapping[str, Score]] = field(default_factory=dict)
    """By seed and name, of the runs that were measured."""
    diverged: int = 0
    failed: int = 0
    unfinished: int = 0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far the subject of a finding is ahead in one score."""

    name: str
    mean: float
    """Mean over seeds, positive if the subject is better, or, without another experiment, above
    the target; in the unit of the score."""
    low: float
    """Lower end of the 95% interval; -inf with a single seed."""
    high: float
    each: tuple[float, ...]
    """Of each seed."""

    @property
    def has_interval(self) -> bool:
        """Whether there are enough seeds for one."""
        return bool(np.isfinite(self.low))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A finding and what the measures say."""

    finding: Finding
    verdict: Verdict
    because: str
    differences: Mapping[str, Difference] = field(default_factory=dict)
    """By name: of the deciding score first, then of those beside it, where there are any."""


def judge(finding: Finding, outcomes: Mapping[str, Outcome]) -> Judged:
    """Test a finding.

    Args:
        finding: The finding.
        outcomes: By experiment; those that were not run may be absent.
    """
    subject = outcomes.get(finding.subject, Outcome())
    other = outcomes.get(finding.other, Outcome()) if finding.other else None
    names = (finding.decided_by, *finding.beside)
    found = {name: difference(name, subject, other) for name in names}
    known = {
        name: one
        for name, one in found.items()
        if one is not None and (other or name == finding.decided_by or _has_target(name, subject))
    }
    decisive = known.get(finding.decided_by)
    verdict, because = _verdict(finding, subject, other, decisive)
    if decisive is not None:
        verdict, because = _without_diverged(finding, subject, other, decisive, verdict, because)
    return Judged(finding=finding, verdict=verdict, because=because, differences=known)


def difference(name: str, subject: Outcome, other: Outcome | None) -> Difference | None:
    """How far the subject is ahead in a score; None if no seed has both values.

    Args:
        name: Of the score.
        subject: The experiment that a finding is about.
        other: The one to compare with; None for the target of the score.
    """
    each: list[float] = []
    resampled = []
    people = 1
    for seed in sorted(subject.scores):
        mine = subject.scores[seed].get(name)
        theirs = other.scores.get(seed, {}).get(name) if other is not None else None
        if mine is None or (other is not None and theirs is None):
            continue
        people = mine.estimate.n
        if theirs is None:
            each.append(mine.estimate.value - mine.target)
            resampled.append(mine.estimate.resamples - mine.target)
            continue
        each.append(theirs.loss(theirs.estimate.value) - mine.loss(mine.estimate.value))
        before, after = (one.losses_of(one.estimate.resamples) for one in (theirs, mine))
        few = min(len(before), len(after))
        resampled.append(before[:few] - after[:few])
    if not each:
        return None
    mean = float(np.mean(each))
    if len(each) < _LEAST:
        return Difference(name=name, mean=mean, low=-np.inf, high=np.inf, each=tuple(each))
    few = min(map(len, resampled))
    over_people = np.mean([one[:few] for one in resampled], axis=0)
    reach = _reach(each, float(np.nanvar(over_people)) if few else 0.0, people)
    return Difference(name=name, mean=mean, low=mean - reach, high=mean + reach, each=tuple(each))


def _reach(each: Sequence[float], over_people: float, people: int) -> float:
    """Half the width of the interval.

    Args:
        each: Differences of the seeds, at least 2.
        over_people: Variance of their mean over resampled people.
        people: How many people there are.
    """
    between = float(np.var(each, ddof=1)) / len(each)
    total = between + over_people
    if not total:
        return 0.0
    parts = ((between, len(each) - 1), (over_people, max(people - 1, 1)))
    freedom = total**2 / sum(part**2 / of for part, of in parts)
    return float(student.ppf((1 + _LEVEL) / 2, freedom) * np.sqrt(total))


def _verdict(
    finding: Finding, subject: Outcome, other: Outcome | None, found: Difference | None
) -> tuple[Verdict, str]:
    """The verdict, and why."""
    lost = _by_divergence(finding, subject, other)
    if lost is not None:
        return lost
    if found is None:
        return "not decidable", f"Not measured yet: {_lacking(finding, subject, other)}."
    if not found.has_interval:
        return "not decidable", "One seed: how much another would change the result is unknown."
    if finding.decided_by.partition(".")[0] != "stability":
        faces = max(_faces(one) for one in (subject, other) if one is not None)
        if faces < _MOST_LOST:
            return "not decidable", (
                f"Too early: a face is found in no more than {faces:.0%} of the results."
            )
    margin = MARGINS[finding.decided_by]
    small = found.high < margin  # too small to matter, or the opposite
    above = found.low > 0
    large = above and found.mean >= margin
    if finding.claim == "no better":
        if small:
            return "confirmed", "If it is better at all, then by less than what matters."
        if large:
            return "not confirmed", "It is better, and the whole interval says so."
    else:
        if small and found.high < 0:
            return "not confirmed", "The opposite holds: the whole interval is below 0."
        if small:
            return "not confirmed", "The difference is less than what matters, if there is any."
        if large:
            return "confirmed", "The whole interval is above 0."
    if above:
        return "not decidable", (
            "There is a difference: the whole interval is above 0. Whether it matters is open."
        )
    return "not decidable", (
        f"The interval of {len(found.each)} seeds contains 0 and differences that would matter."
    )


def _without_diverged(
    finding: Finding,
    subject: Outcome,
    other: Outcome | None,
    found: Difference,
    verdict: Verdict,
    because: str,
) -> tuple[Verdict, str]:
    """The verdict, aware that runs which diverged are not among those compared.

    What is left of an experiment is then its luckier part, so nothing is decided in its favour.
    """
    sides = {finding.subject: subject} | ({finding.other: other} if other else {})
    gone = [
        f"{one.diverged} of {one.diverged + len(one.scores)} runs of {name} diverged"
        for name, one in sides.items()
        if one.diverged and one.scores
    ]
    if not gone:
        return verdict, because
    text = f"{because} Not compared: {' and '.join(gone)}."
    if other is None or verdict == "not decidable":
        return verdict, text
    favoured, opponent = (subject, other) if found.mean > 0 else (other, subject)
    if favoured.diverged > opponent.diverged:
        return "not decidable", text
    return verdict, text


def _has_target(name: str, subject: Outcome) -> bool:
    """Whether a score can be above or below a target."""
    return any(
        scores[name].better == "nearer" for scores in subject.scores.values() if name in scores
    )


def _by_divergence(
    finding: Finding, subject: Outcome, other: Outcome | None
) -> tuple[Verdict, str] | None:
    """The verdict where one of the two has only diverged runs; None if neither has."""
    sides = {finding.subject: subject} | ({finding.other: other} if other else {})
    gone = [name for name, one in sides.items() if _all_diverged(one)]
    if not gone:
        return None
    if len(gone) == len(sides) and other is not None:
        return "not decidable", "All runs of both diverged."
    name = gone[0]
    because = f"All {sides[name].diverged} finished runs of {name} diverged."
    unpaired = other is None or not (other.scores if name == finding.subject else subject.scores)
    if unpaired or sides[name].diverged < _LEAST:
        return "not decidable", because
    better_is_gone = name == finding.subject
    if finding.claim == "no better":
        return ("confirmed" if better_is_gone else "not confirmed"), because
    return ("not confirmed" if better_is_gone else "confirmed"), because


def _all_diverged(one: Outcome) -> bool:
    return bool(one.diverged) and not one.scores and not one.unfinished and not one.failed


def _faces(one: Outcome) -> float:
    """How often a face is found in the results; 1 if that was not measured."""
    rates = [found[_FACES].estimate.value for found in one.scores.values() if _FACES in found]
    return float(np.mean(rates)) if rates else 1.0


def _lacking(finding: Finding, subject: Outcome, other: Outcome | None) -> str:
    sides = [(finding.subject, subject)] + ([(finding.other, other)] if other else [])
    lacking = [name for name, one in sides if not one.scores]
    if lacking:
        return f"no measured run of {' and '.join(lacking)}"
    if other is not None and not subject.scores.keys() & other.scores.keys():
        return "no seed of which both runs are measured"
    return f"the runs have no score {finding.decided_by}"
