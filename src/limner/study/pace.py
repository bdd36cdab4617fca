"""What the study costs: rates of its runs, from their logs or from a few steps."""

import json
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from limner.data.prepared import PreparedSet
from limner.study.plan import Trial
from limner.training.config import Config
from limner.training.devices import fabric_of, part_of
from limner.training.feeding.batch import Batch, Part
from limner.training.feeding.prefetch import Prefetcher
from limner.training.loop import OBJECTIVES
from limner.training.run import RunFolder, read_jsonl

__all__ = ["Cost", "costs", "seen_of"]

_WARM, _TIMED = 1, 8
"""Steps that are not timed, and the most that are."""
_ENOUGH = 4.0
"""Seconds after which no further step is timed."""
_SMALL = 4
"""Images in a step on a CPU, where a whole batch may take a minute."""
_RECENT = 20
"""Reports of a log that give its rate."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What is left of a run."""

    images: int
    """Images that it has not seen."""
    rate: float
    """Images per second."""

    @property
    def seconds(self) -> float:
        """How long that takes."""
        return self.images / self.rate


def seen_of(run: RunFolder) -> int:
    """Images that a run has seen, as its log says; 0 before its first report.

    Raises:
        RunError: The log cannot be read.
    """
    lines = read_jsonl(run.stats_path)
    return int(lines[-1]["images"]) if lines else 0


def costs(configs: Mapping[Trial, Config], runs: Path) -> dict[Trial, Cost]:
    """What is left of each run.

    Experiments with networks of the same kind take the same time, so their rates are shared. A
    rate is that of the logs; without any, a few steps are timed.

    Args:
        configs: Those of the runs.
        runs: Folder of the run folders.

    Raises:
        DataError: A dataset is missing or damaged.
        UsageError: The device is missing.
        RunError: A log cannot be read.
    """
    rates: dict[str, float] = {}
    found = {}
    for trial, config in configs.items():
        kind = _kind(config)
        if kind not in rates:
            alike = (one for one, other in configs.items() if _kind(other) == kind)
            rates[kind] = _logged(runs / one.name for one in alike) or timed(config)
        left = config.images - min(seen_of(RunFolder(runs / trial.name)), config.images)
        found[trial] = Cost(images=left, rate=rates[kind])
    return found


def timed(config: Config) -> float:
    """Images per second of a few steps, without compiling, which would take longer than them.

    Nothing is written.

    Raises:
        DataError: The dataset is missing or damaged.
        UsageError: The device is missing.
    """
    config = replace(config, compile="off", workers=0)
    fabric = fabric_of(config)
    if fabric.device.type == "cpu":
        config = replace(config, batch=min(config.batch, _SMALL))
    torch.manual_seed(config.seed)
    kind = OBJECTIVES[config.objective]
    images = kind.images(config, PreparedSet(Path(config.data)))
    objective = kind(config, fabric)

    def parts() -> Iterator[Part]:
        for step in range(_WARM + _TIMED):
            yield part_of(fabric, step * config.batch, config.batch)

    began, steps = 0.0, 0
    with Prefetcher(images, parts, workers=0, pinned=False) as drawn:
        for step in range(_WARM + _TIMED):
            if step == _WARM:
                began = _now()
            objective.step(Batch.of(*next(drawn), fabric), config.lr)
            steps = step + 1 - _WARM
            if steps > 0 and _now() > began + _ENOUGH:
                break
    return steps * config.batch / (_now() - began)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _logged(folders: Iterable[Path]) -> float | None:
    """The rate in the logs of some runs; None if they have none."""
    rates = []
    for folder in folders:
        lines = read_jsonl(RunFolder(folder).stats_path)[-_RECENT:]
        rates += [line["rate"] for line in lines if line.get("rate", 0) > 0]
    return statistics.median(rates) if rates else None


def _kind(config: Config) -> str:
    """What the time of a step depends on."""
    values = config.to_dict()
    kept = ("size", "batch", "generator", "discriminator", "device", "precision", "threads")
    return json.dumps({name: values[name] for name in kept}, sort_keys=True)
