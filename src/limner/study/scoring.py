"""Scores of a run as JSON, so that no run is measured twice."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from limner import images
from limner.errors import RunError
from limner.metrics.score import Estimate, Score

__all__ = ["Scored"]

_VERSION = 3
"""Increased when what is measured changes; scores of another version are measured again."""
_DIGITS = 6
"""Significant digits of a stored resample."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """The scores of one snapshot."""

    snapshot: str
    """Digest of the snapshot."""
    pairs: str
    """Digest of the pictures that it was measured on."""
    people: int
    """How many people these show."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """By name; resamples of two runs on the same people may be subtracted."""
    notes: tuple[str, ...] = ()

    def fits(self, *, snapshot: str, pairs: str) -> bool:
        """Whether it is of this snapshot and these pictures."""
        return (self.snapshot, self.pairs) == (snapshot, pairs)

    def store(self, path: Path) -> None:
        """Write it. Raises OutputError."""
        values = {
            "version": _VERSION,
            "snapshot": self.snapshot,
            "pairs": self.pairs,
            "people": self.people,
            "notes": list(self.notes),
            "scores": [_to_dict(score) for score in self.scores.values()],
        }
        images.write_bytes(path, (json.dumps(values) + "\n").encode())

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Read it; None if there is none, or one of another version.

        Raises:
            RunError: It cannot be read or is damaged.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values["version"] != _VERSION:
                return None
            scores = [_from_dict(one) for one in values["scores"]]
            return cls(
                snapshot=values["snapshot"],
                pairs=values["pairs"],
                people=values["people"],
                notes=tuple(values["notes"]),
                scores={score.name: score for score in scores},
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{path} cannot be read or is damaged ({type(error).__name__}); remove it to "
                "measure the run again"
            ) from error


def by_name(scores: Iterable[Score]) -> dict[str, Score]:
    """Scores by their names."""
    return {score.name: score for score in scores}


def _to_dict(score: Score) -> dict[str, Any]:
    estimate = score.estimate
    return {
        "name": score.name,
        "title": score.title,
        "better": score.better,
        "target": score.target,
        "unit": score.unit,
        "digits": score.digits,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "resamples": [float(f"{value:.{_DIGITS}g}") for value in estimate.resamples],
    }


def _from_dict(values: Mapping[str, Any]) -> Score:
    estimate = Estimate(
        value=float(values["value"]),
        low=float(values["low"]),
        high=float(values["high"]),
        n=int(values["n"]),
        resamples=np.array(values["resamples"], np.float64),
    )
    described = {name: values[name] for name in ("name", "title", "better", "unit", "digits")}
    return Score(estimate=estimate, target=float(values["target"]), **described)
