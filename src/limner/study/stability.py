"""How steady a training run was, from its logs alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.metrics.score import Better, Estimate, Score
from limner.training.config import Config
from limner.training.run import RunFolder, read_jsonl
from limner.training.watching.monitors import SCORES

__all__ = ["equal_spans", "lead", "stability", "swing"]

_KINDS = ("photo", "sketch")
_LEAST = 4
"""Spans of the log below which nothing can be said."""


def stability(run: RunFolder, config: Config) -> list[Score]:
    """Scores of the second half of a run; fewer if its logs are too short.

    Warnings count from the beginning.

    Raises:
        RunError: The logs cannot be read.
    """
    spans = equal_spans(read_jsonl(run.stats_path), config.images / 2)
    found = [
        _score("stability.warnings", "warnings of the monitors", _warnings(run), digits=0),
    ]
    if len(spans) >= _LEAST:
        title = "swing of the discriminators' scores"
        found += [
            _score("stability.swing", title, swing(spans, config), unit="%"),
            _score("stability.lead", "lead of the discriminators", lead(spans, config)),
        ]
    return found


def equal_spans(lines: Sequence[Mapping[str, float]], begin: float) -> list[dict[str, float]]:
    """Means of the discriminators' scores over equal spans of images, from the lines of a log.

    A line is the mean since the line before it. Checkpoints and interruptions add lines, which are
    means of fewer images and so swing more. Each span is as long as the longest of the lines.

    Args:
        lines: Of the log, in order.
        begin: Images seen before the first span.
    """
    ends = np.array([0.0, *(line["images"] for line in lines)])
    longest = np.diff(ends)[ends[1:] > begin].max(initial=0)
    if not longest:
        return []
    count = int((ends[-1] - begin) / longest)
    edges = ends[-1] - longest * np.arange(count, -1, -1)
    names = [f"score_{what}_{kind}" for what in ("real", "made") for kind in _KINDS]
    columns = []
    for name in names:
        total = np.concatenate([[0.0], np.cumsum(_column(lines, name) * np.diff(ends))])
        columns.append(np.diff(np.interp(edges, ends, total)) / longest)
    return [
        dict(zip(names, map(float, values), strict=True)) for values in zip(*columns, strict=True)
    ]


def swing(spans: Sequence[Mapping[str, float]], config: Config) -> float:
    """How much the discriminators' scores of generated images swing, from a span to the next.

    The standard deviation of the change, over the square root of 2, as a share of the distance
    between the two labels: a slow trend does not count, and neither does the scale of the GAN loss.
    The mean over photos and sketches.

    Args:
        spans: Means over equal spans of images; at least 2.
        config: Of the run.
    """
    low, high = SCORES[config.gan]
    changes = [np.diff(_column(spans, f"score_made_{kind}")).std() for kind in _KINDS]
    return float(np.mean(changes) / np.sqrt(2) / (high - low))


def lead(spans: Sequence[Mapping[str, float]], config: Config) -> float:
    """How far the discriminators tell real from generated: 0 not at all, 1 with certainty.

    The mean difference of their scores, as a share of that between the two labels
    (`limner.training.watching.monitors.SCORES`). For the plain GAN loss the scores are logits, and
    it may be above 1.

    Args:
        spans: Means over spans of images; at least 1.
        config: Of the run.
    """
    low, high = SCORES[config.gan]
    apart = [
        (_column(spans, f"score_real_{kind}") - _column(spans, f"score_made_{kind}")).mean()
        for kind in _KINDS
    ]
    return float(np.mean(apart) / (high - low))


def _warnings(run: RunFolder) -> float:
    return float(len(read_jsonl(run.warnings_path)))


def _column(lines: Sequence[Mapping[str, float]], name: str) -> NDArray[np.float64]:
    return np.array([line[name] for line in lines], np.float64)


def _score(name: str, title: str, value: float, *, unit: str = "", digits: int = 2) -> Score:
    """A score that no choice of people changes: its interval has no width."""
    better: Better = "lower"
    estimate = Estimate(value=value, low=value, high=value, n=1, resamples=np.empty(0))
    digits = 1 if unit == "%" else digits
    return Score(name=name, title=title, estimate=estimate, better=better, unit=unit, digits=digits)
