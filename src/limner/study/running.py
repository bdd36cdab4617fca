"""Train the runs of the study; what becomes of each is a result."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from limner import images
from limner.errors import DivergedError, Interrupted, LimnerError, OutputError, UsageError
from limner.sharing import without_folders
from limner.study.pace import Cost, seen_of
from limner.study.plan import Trial
from limner.training.config import Config
from limner.training.loop import Progress, train
from limner.training.run import RunFolder
from limner.training.watching.console import time_left

__all__ = ["State", "Teller", "is_over", "state_of", "train_trial"]

Ended = Literal["trained", "diverged", "failed", "unfinished"]
_OUTCOME = "outcome.json"


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a run stands."""

    ended: Ended
    seen: int
    """Images that it has seen."""
    why: str = ""
    """Why it diverged or failed."""


def state_of(config: Config, folder: Path) -> State:
    """Where the run in a folder stands.

    Raises:
        RunError: Its log cannot be read.
    """
    run = RunFolder(folder)
    seen = seen_of(run)
    if run.snapshot_path(config.images).exists():
        return State(ended="trained", seen=config.images)
    try:
        noted = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
        ended, why = noted["ended"], str(noted["why"])
    except (OSError, ValueError, KeyError, TypeError):
        return State(ended="unfinished", seen=seen)
    if ended not in ("diverged", "failed"):
        return State(ended="unfinished", seen=seen)
    return State(ended=ended, seen=seen, why=why)


def is_over(state: State) -> bool:
    """Whether nothing is left to train: a run that failed is tried again, others are not."""
    return state.ended in ("trained", "diverged")


def train_trial(
    config: Config,
    folder: Path,
    *,
    report: Callable[[Progress], None],
    say: Callable[[str], None],
    seconds: float | None,
) -> State:
    """Train a run, or resume it. That it diverges or fails is noted in its folder, and no error.

    The checkpoint of a run that is over is deleted: it is by far the largest file, and the length
    of the runs is fixed.

    Args:
        config: Of the run.
        folder: Of the run.
        report: See `limner.training.loop.train`.
        say: As above.
        seconds: As above.

    Raises:
        UsageError: The device is missing.
        OutputError: The folder cannot be written.
        Interrupted: Ctrl-C, after a checkpoint was saved.
    """
    if torch.cuda.is_available():
        torch.compiler.reset()  # the compiler gives up after several networks in one process
    (folder / _OUTCOME).unlink(missing_ok=True)
    try:
        train(config, folder, report=report, say=say, seconds=seconds)
    except (Interrupted, UsageError, OutputError):
        raise
    except LimnerError as error:
        ended = "diverged" if isinstance(error, DivergedError) else "failed"
        why = without_folders(str(error)).partition(";")[0]
        noted = json.dumps({"ended": ended, "why": why}) + "\n"
        images.write_bytes(folder / _OUTCOME, noted.encode())
        say(f"limner: warning: {folder.name} {ended}: {why}")
    state = state_of(config, folder)
    if is_over(state):
        RunFolder(folder).state_path.unlink(missing_ok=True)
    return state


class Teller:
    """Says how far the study is, in lines of text."""

    def __init__(
        self, say: Callable[[str], None], left: Mapping[Trial, Cost], *, every: float = 20.0
    ) -> None:
        """Say it.

        Args:
            say: Called with each line.
            left: What is left of the runs, in their order.
            every: Seconds between two lines about one run.
        """
        self.say = say
        self._left = dict(left)
        self._every = every
        self._count = len(left)
        self._last = 0.0
        self._current: Trial | None = None

    def begin(self, trial: Trial) -> None:
        """A run begins."""
        self._current = trial
        place = list(self._left).index(trial) + 1
        self.say(
            f"{place} of {self._count}: {trial.experiment}, seed {trial.seed}; "
            f"{time_left(self.seconds)} left for all"
        )

    def report(self, progress: Progress) -> None:
        """The run reports."""
        if self._current is None:
            return
        rate = max(progress.rate, 1e-9)
        self._left[self._current] = Cost(images=progress.images - progress.seen, rate=rate)
        for warning in progress.warnings:
            self.say(f"  limner: warning: after {progress.seen:,} images {warning}")
        now = time.monotonic()
        if now < self._last + self._every and progress.seen < progress.images:
            return
        self._last = now
        own = (progress.images - progress.seen) / rate
        self.say(
            f"  {progress.seen:,} of {progress.images:,} images, {progress.rate:.1f}/s, "
            f"{time_left(own)} left; all {time_left(self.seconds)}"
        )

    def end(self, trial: Trial) -> None:
        """A run is over."""
        self._left[trial] = Cost(images=0, rate=self._left[trial].rate)
        self._current = None

    @property
    def seconds(self) -> float:
        """Time left for training."""
        return sum(cost.seconds for cost in self._left.values())
