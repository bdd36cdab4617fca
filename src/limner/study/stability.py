"""How steady a training run was, from its logs alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.metrics.score import Better, Estimate, Score
from limner.training.config import Config
from limner.training.run import RunFolder, read_jsonl
from limner.training.watching.monitors import SCORES

__all__ = ["lead", "stability", "swing"]

_KINDS = ("photo", "sketch")
_LEAST = 6
"""Lines of the log below which nothing can be said."""


def stability(run: RunFolder, config: Config) -> list[Score]:
    """Scores of the second half of a run; fewer if its logs are too short.

    Raises:
        RunError: The logs cannot be read.
    """
    lines = [line for line in read_jsonl(run.stats_path) if line["images"] > config.images / 2]
    found = [
        _score("stability.warnings", "warnings of the monitors", _warnings(run), digits=0),
    ]
    if len(lines) >= _LEAST:
        found += [
            _score("stability.swing", "swing of the adversarial losses", swing(lines), unit="%"),
            _score("stability.lead", "lead of the discriminators", lead(lines, config)),
        ]
    return found


def swing(lines: Sequence[Mapping[str, float]]) -> float:
    """How much the generators' adversarial losses swing, relative to their mean.

    The standard deviation of the change from a line to the next, over the square root of 2 and the
    mean: a slow trend does not count, and neither does the scale of the loss. The mean over photos
    and sketches.

    Args:
        lines: Of the log; at least 2.
    """
    values = (_column(lines, f"adversarial_{kind}") for kind in _KINDS)
    return float(
        np.mean([np.diff(one).std() / np.sqrt(2) / max(abs(one.mean()), 1e-9) for one in values])
    )


def lead(lines: Sequence[Mapping[str, float]], config: Config) -> float:
    """How far the discriminators tell real from generated: 0 not at all, 1 with certainty.

    The mean difference of their scores, as a share of that between the two labels
    (`limner.training.watching.monitors.SCORES`). For the plain GAN loss the scores are logits, and
    it may be above 1.

    Args:
        lines: Of the log; at least 1.
        config: Of the run.
    """
    low, high = SCORES[config.gan]
    apart = [
        (_column(lines, f"score_real_{kind}") - _column(lines, f"score_made_{kind}")).mean()
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
