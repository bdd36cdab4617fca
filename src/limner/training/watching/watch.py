"""Monitoring of a run: scores, warnings, and early stopping."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from limner.data.prepared import PreparedSet
from limner.directions import Direction
from limner.training.config import Config
from limner.training.run import RunFolder, append, read_jsonl
from limner.training.selection import out_of_patience
from limner.training.watching.monitors import Problem, new_troubles
from limner.training.watching.scores import HeldOut

__all__ = ["Watch"]


class Watch:
    """Scores snapshots, runs the monitors, and decides on early stopping.

    Everything follows from the logs in the run folder, so a resumed run gives the same results.
    """

    def __init__(
        self, config: Config, prepared: PreparedSet, run: RunFolder, device: torch.device
    ) -> None:
        """Read the held-out images; nothing is written. Raises DataError, see `HeldOut`."""
        self.config = config
        self.run = run
        self.held_out = HeldOut(config, prepared, device)
        self.lines: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []

    def resume(self, seen: int) -> None:
        """Read the logs up to the checkpoint that the run resumes from; drop later lines."""
        self.run.drop_stats_after(seen)
        self.lines = read_jsonl(self.run.stats_path)
        self.scores = read_jsonl(self.run.scores_path)

    @property
    def over(self) -> bool:
        """Whether there was no better snapshot for `config.patience` images."""
        return out_of_patience(self.scores, self.config.patience)

    def note(self, line: Mapping[str, float]) -> list[Problem]:
        """Log a line of statistics and the new warnings of the monitors; returns the latter."""
        self.run.append_stats(line)
        self.lines.append(dict(line))
        found = new_troubles(self.lines, self.config)
        for trouble in found:
            append(self.run.warnings_path, {"images": int(line["images"])} | asdict(trouble))
        return found

    def score(self, generators: Mapping[Direction, nn.Module], seen: int) -> dict[str, float]:
        """Score the snapshot after `seen` images and log the scores; returns their means."""
        figures = self.held_out.score(generators)
        if not figures:
            return {}
        means = {name: round(float(each.mean()), 6) for name, each in figures.items()}
        each = {name: [float(f"{v:.5g}") for v in one] for name, one in figures.items()}
        line = {"images": seen, **means, "each": each}
        append(self.run.scores_path, line)
        self.scores.append(line)
        return means
