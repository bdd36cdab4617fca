"""The study as a page and as JSON. Neither shows a picture: those measured on are research data."""

import json
import math
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limner import __version__, images, pages
from limner.metrics.reports.formatting import amount, finite
from limner.metrics.score import Score
from limner.sharing import without_folders
from limner.study.findings import FINDINGS, MARGINS, POOR, SHOWN
from limner.study.plan import EXPERIMENTS, Plan, Trial
from limner.study.running import State
from limner.study.scoring import Scored, by_name
from limner.study.verdict import Judged, Outcome, judge

__all__ = ["Contents", "Entry", "outcomes_of", "verdicts", "write"]

_ROW, _HEAD = 20, 34  # px of an experiment in a diagram, and of its axis
_WITHOUT_RESULT = ("diverged", "failed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One run and its scores."""

    trial: Trial
    state: State
    scored: Scored | None
    """None if it is not measured."""
    steady: Sequence[Score] = ()
    """How steady it was; only for a run that is measured."""
    poor: Scored | None = None
    """Its scores on sketches of poor quality, if they were measured."""

    @property
    def scores(self) -> dict[str, Score]:
        """All its scores by name."""
        return {} if self.scored is None else {**self.scored.scores, **by_name(self.steady)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """What the page is about."""

    plan: Plan
    entries: Sequence[Entry]
    """One for each run of the plan, done or not."""
    notes: Sequence[str] = ()
    """Warnings that concern all of it."""


def write(contents: Contents, out: Path) -> Path:
    """Write `report.json` and `report.html` into a folder; returns the page.

    Raises:
        OutputError: They cannot be written.
    """
    values = numbers(contents)
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    images.write_bytes(out / "report.json", text.encode(errors="backslashreplace"))
    page = out / "report.html"
    described = _described(contents.entries)
    pages.write(
        page,
        "study_report.html",
        report=values,
        scores=described,
        shown=SHOWN,
        diagrams=list(_diagrams(contents, described)),
        amount=amount,
        marks={"confirmed": "✓", "not confirmed": "✗", "not decidable": "?"},
    )
    return page


def verdicts(entries: Sequence[Entry]) -> list[str]:
    """A line of text about each finding: the verdict, and what was found."""
    described = _described(entries)
    return [
        f"{one.verdict:13}  {one.finding.title}: {one.because}{_found(one, described)}"
        for one in _judged(outcomes_of(entries))
    ]


def _found(judged: Judged, described: Mapping[str, Mapping[str, Any]]) -> str:
    """The difference that decides, and its interval."""
    name = judged.finding.decided_by
    found = judged.differences.get(name)
    if found is None:
        return ""
    mean, low, high = (
        amount(finite(value), described[name], signed=True)
        for value in (found.mean, found.low, found.high)
    )
    interval = f", {low} to {high}" if found.has_interval else ""
    return f" ({name}: {mean}{interval})"


def _judged(outcomes: Mapping[str, Outcome]) -> list[Judged]:
    return [judge(finding, outcomes) for finding in FINDINGS]


def outcomes_of(entries: Sequence[Entry]) -> dict[str, Outcome]:
    """What became of each experiment, and of `POOR`."""
    found = {}
    for name in dict.fromkeys(entry.trial.experiment for entry in entries):
        mine = [entry for entry in entries if entry.trial.experiment == name]
        ended = [entry.state.ended for entry in mine]
        found[name] = Outcome(
            scores={entry.trial.seed: entry.scores for entry in mine if entry.scored is not None},
            diverged=ended.count("diverged"),
            failed=ended.count("failed"),
            unfinished=ended.count("unfinished"),
        )
    on_poor = {entry.trial.seed: entry.poor.scores for entry in entries if entry.poor is not None}
    return found | {POOR: Outcome(scores=on_poor)}


def numbers(contents: Contents) -> dict[str, Any]:
    """Everything on the page, ready for JSON."""
    outcomes = outcomes_of(contents.entries)
    described = _described(contents.entries)
    judged = _judged(outcomes)
    ended = [entry.state.ended for entry in contents.entries]
    verdicts = [one.verdict for one in judged]
    plan = contents.plan
    scored = [entry.scored for entry in contents.entries if entry.scored is not None]
    return {
        "limner": __version__,
        "plan": {
            "size": plan.size,
            "images": plan.images,
            "seeds": plan.seeds,
            "width": plan.width,
            "settings": [without_folders(setting) for setting in plan.settings],
        },
        "runs": {
            "all": len(ended),
            "trained": ended.count("trained"),
            "measured": len(scored),
            "diverged": ended.count("diverged"),
            "failed": ended.count("failed"),
            "unfinished": ended.count("unfinished"),
        },
        "people": max((one.people for one in scored), default=0),
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "notes": _notes(contents),
        "scores": described,
        "findings": [_finding(one, outcomes) for one in judged],
        "experiments": [
            _experiment(name, outcomes.get(name, Outcome()), described) for name in EXPERIMENTS
        ],
        "ended": [
            {
                "experiment": entry.trial.experiment,
                "seed": entry.trial.seed,
                "ended": entry.state.ended,
                "images": entry.state.seen,
                "why": entry.state.why,
            }
            for entry in contents.entries
            if entry.state.ended in _WITHOUT_RESULT
        ],
    }


def _notes(contents: Contents) -> list[dict[str, Any]]:
    """Warnings, each with the runs that it is about; none if it is about all of them."""
    of: dict[str, list[str]] = defaultdict(list)
    measured = [entry for entry in contents.entries if entry.scored is not None]
    for entry in measured:
        for note in entry.scored.notes if entry.scored is not None else ():
            of[note].append(entry.trial.name)
    general: list[dict[str, Any]] = [{"text": text, "of": []} for text in contents.notes]
    return general + [
        {"text": text, "of": [] if len(names) == len(measured) else names}
        for text, names in of.items()
    ]


def _described(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Title, unit and direction of each score that any run has."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for name, score in entry.scores.items():
            found[name] = {
                "title": score.title,
                "better": score.better,
                "target": score.target,
                "unit": score.unit,
                "digits": score.digits,
            }
    return found


def _finding(judged: Judged, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    finding = judged.finding
    subject, other = outcomes.get(finding.subject), outcomes.get(finding.other)
    # The seeds that are compared, so that the columns of a row belong together.
    seeds = set(subject.scores if subject else ())
    if finding.other:
        seeds &= set(other.scores if other else ())
    rows = []
    for name in (finding.decided_by, *finding.beside):
        ahead = judged.differences.get(name)
        means = _mean(name, subject, seeds), _mean(name, other, seeds)
        if ahead is None and means == (None, None):
            continue
        row: dict[str, Any] = {"score": name, "subject": means[0], "other": means[1]}
        if ahead is not None:
            row |= {
                "ahead": finite(ahead.mean),
                "low": finite(ahead.low),
                "high": finite(ahead.high),
                "each": [finite(value) for value in ahead.each],
            }
        rows.append(row)
    return {
        "name": finding.name,
        "title": finding.title,
        "said": finding.said,
        "chosen": finding.chosen,
        "subject": finding.subject,
        "other": finding.other,
        "claim": finding.claim,
        "decided_by": finding.decided_by,
        "margin": MARGINS.get(finding.decided_by),
        "why": finding.why,
        "verdict": judged.verdict,
        "because": judged.because,
        "differences": rows,
    }


def _experiment(
    name: str, outcome: Outcome, described: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "measured": len(outcome.scores),
        "diverged": outcome.diverged,
        "failed": outcome.failed,
        "unfinished": outcome.unfinished,
        "scores": {
            score: {"mean": _mean(score, outcome), "each": list(_values(score, outcome))}
            for score in SHOWN
            if score in described and any(True for _ in _values(score, outcome))
        },
    }


def _values(
    name: str, outcome: Outcome | None, seeds: Container[int] | None = None
) -> Iterator[float]:
    """A score of each seed, or of these."""
    for seed, scores in sorted((outcome or Outcome()).scores.items()):
        if seeds is not None and seed not in seeds:
            continue
        if name in scores and math.isfinite(scores[name].estimate.value):
            yield scores[name].estimate.value


def _mean(name: str, outcome: Outcome | None, seeds: Container[int] | None = None) -> float | None:
    values = list(_values(name, outcome, seeds))
    return float(np.mean(values)) if values else None


def _diagrams(
    contents: Contents, described: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """For each score a dot for each run, and a line at the mean of each experiment."""
    values: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for experiment, outcome in outcomes_of(contents.entries).items():
        for name in SHOWN:
            if found := list(_values(name, outcome)):
                values[name][experiment] = found
    for name, of_experiments in values.items():
        yield _diagram(described[name], of_experiments)


def _diagram(described: Mapping[str, Any], values: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    figure, axes = pages.figure(340, _HEAD + _ROW * len(values))
    factor = 100 if described["unit"] == "%" else 1
    words = []
    for place, (experiment, found) in enumerate(values.items()):
        shown = [factor * value for value in found]
        mean = float(np.mean(shown))
        axes.plot(shown, [place] * len(shown), "o", color=pages.SERIES[0], markersize=4)
        axes.plot([mean, mean], [place - 0.3, place + 0.3], color=pages.SERIES[1], linewidth=2)
        words.append(f"{experiment} {mean:.4g}")
    if described["better"] == "nearer":
        axes.axvline(factor * described["target"], color=pages.QUIET, linewidth=0.8)
    axes.set_yticks(range(len(values)), list(values), parse_math=False)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.locator_params(axis="x", nbins=5)
    title = described["title"]
    unit = f", in {described['unit']}" if described["unit"] else ""
    towards = {"lower": "lower is better", "higher": "higher is better"}
    return {
        "title": f"{title}{unit}",
        "better": towards.get(described["better"], f"closer to {described['target']:g} is better"),
        "svg": pages.svg(figure, f"{title}: {', '.join(words)}"),
    }
