"""The training loop, top to bottom."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType

import torch
from lightning_fabric import Fabric

from limner.data.prepared import PreparedSet
from limner.errors import DivergedError, Interrupted
from limner.training.config import Config, ObjectiveName
from limner.training.devices import (
    any_rank,
    any_rank_set,
    begin_step,
    caches_on_device,
    check_consistent,
    differences,
    fabric_of,
    is_rank_zero,
    mean_of,
    part_of,
    runtime,
    workers_of,
)
from limner.training.duration import alarm
from limner.training.ema import EMA
from limner.training.feeding.batch import Batch, Part
from limner.training.feeding.detail import count_of
from limner.training.feeding.device_cache import DeviceCache
from limner.training.feeding.pictures import TrainingImages
from limner.training.feeding.prefetch import Prefetcher
from limner.training.feeding.sampling import absent_sources
from limner.training.initial import start
from limner.training.memory import enough_memory
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.objectives.draughtsman import Draughtsman, reconstructors_of
from limner.training.objectives.hybrid import Hybrid
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.run import RunFolder
from limner.training.schedule import Schedule
from limner.training.state import EMAs, collect_state, resume
from limner.training.watching.grid import SampleGrid
from limner.training.watching.watch import Watch

OBJECTIVES: dict[ObjectiveName, type[Pix2Pix | CycleGAN | Hybrid | Draughtsman]] = {
    "pix2pix": Pix2Pix,
    "cyclegan": CycleGAN,
    "hybrid": Hybrid,
    "draughtsman": Draughtsman,
}
STATS_EVERY = 400  # images


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A progress report of a run."""

    seen: int
    """Images seen."""
    images: int
    """Length of the run."""
    epochs: float
    """How often every photo was seen."""
    rate: float
    """Images per second since the last report."""
    stats: dict[str, float]
    """Mean of each term since the last report."""
    scores: dict[str, float] = field(default_factory=dict)
    """Scores of a snapshot that was just taken, see `limner.training.selection.FIGURES`."""
    warnings: tuple[str, ...] = ()
    """New warnings of the monitors."""
    share: float = 0.0
    """Share of the run that is over, of its images or of its time."""
    seconds_left: float | None = None
    """Until its time is up; None for no limit."""


def train(
    config: Config,
    path: Path,
    *,
    report: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    seconds: float | None = None,
) -> Path:
    """Train until `config.images` were seen, resuming from the last checkpoint if there is one.

    Early stopping (`config.patience`) or `seconds` may end it before. Under torchrun, or with more
    than one of `config.devices`, all processes call it.

    Args:
        config: Settings of the run.
        path: The run folder; created if absent.
        report: Called every few hundred images, in the first process.
        say: Called in the first process with a line of text if the run resumes on other devices
            or in another precision, if its snapshots cannot be ranked, if settings have no effect
            on this dataset, and if its time is up.
        seconds: Stop after this time as Ctrl-C does, but with a snapshot and without an error, and
            after at least one step. None for no limit.

    Returns:
        The last snapshot of the EMA generators.

    Raises:
        UsageError: The device that `config` names is missing, or the learning rate should fall with
            the time and there is no limit.
        RunError: The folder contains another run or a damaged one, or memory ran out.
        OutputError: The folder cannot be written, for example because the disk is full; the last
            checkpoint is intact.
        EngineError: A worker process was lost.
        DataError: The dataset is missing or damaged, or lacks what the objective needs.
        DivergedError: A loss is no longer finite.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint was saved.
    """
    run = RunFolder(path)
    rate = Schedule(config, seconds)
    fabric = fabric_of(config, run.runtime())
    with enough_memory(config, run.state_path, fabric.world_size), alarm(seconds) as time_up:
        return _train(config, path, fabric, rate, report, say, time_up)


def _train(
    config: Config,
    path: Path,
    fabric: Fabric,
    rate: Schedule,
    report: Callable[[Progress], None] | None,
    say: Callable[[str], None] | None,
    time_up: threading.Event,
) -> Path:
    # Inputs: the dataset, and a run folder that is new or belongs to this run.
    prepared = PreparedSet(Path(config.data))
    run = RunFolder(path)
    run.check(config)

    # Networks, and the images that they learn from.
    torch.manual_seed(config.seed)
    kind = OBJECTIVES[config.objective]
    images = kind.images(config, prepared)
    objective = kind(config, fabric)
    averages: EMAs = {
        direction: EMA(generator, config.ema_half_life)
        for direction, generator in objective.generators.items()
    }
    seen, before = resume(run, config, prepared, objective, averages)
    if not seen and config.init_from:
        start(config, objective, averages)
    resident = caches_on_device(config, fabric, size=images.size_held, sketched=images.pairs)
    computed = runtime(config, fabric, before) | {"resident": "on" if resident else "off"}
    check_consistent(fabric, {"images seen": seen, "dataset": prepared.digest})
    leads = is_rank_zero()
    if say is not None and leads and (changed := differences(before, computed)):
        say(changed)

    # Outputs. Nothing is written before everything that may be refused has been checked.
    averaged = {direction: average.network for direction, average in averages.items()}
    shown = averaged | reconstructors_of(objective)
    grid = SampleGrid(config, prepared)
    watch = Watch(config, prepared, run, fabric.device)
    notes = (
        watch.held_out.lack,
        absent_sources(config, prepared),
        count_of(config, images.sharp),
    )
    for line in notes:
        if say is not None and leads and line:
            say(line)
    meter = _Meter(config, fabric, images.epoch, seen)
    if leads:
        run.open(config, grid.layout)
        watch.resume(seen)
    over = any_rank(fabric, leads and watch.over)

    def snapshot() -> dict[str, float]:
        run.save_snapshot(averaged, seen, prepared)
        return watch.score(shown, seen)

    def keep(due: Callable[[int], bool], *, stopping: bool, late: bool) -> None:
        """Write what is due; the checkpoint last, so that what it refers to exists."""
        saving, snapping = due(config.save_every), due(config.snapshot_every) or late
        reporting = due(STATS_EVERY) or saving or snapping or stopping
        progress = meter.read(seen, run) if reporting else None  # the mean of all processes
        if not leads:
            return
        if progress is not None:
            line = {"images": seen, "rate": round(progress.rate, 2)}
            line |= {"lr": rate(seen), **progress.stats}
            if saving:
                line |= grid.write(path / "grids" / f"{seen:09d}.png", shown, fabric.device)
            scores = snapshot() if snapping else {}
            warnings = tuple(trouble.text for trouble in watch.note(line))
            if report is not None:
                report(
                    replace(
                        progress,
                        scores=scores,
                        warnings=warnings,
                        share=rate.share(seen),
                        seconds_left=rate.seconds_left,
                    )
                )
        if saving or stopping or watch.over:
            run.save_state(
                collect_state(config, prepared, objective, averaged, seen=seen, how=computed)
            )

    drawn = _drawn(config, fabric, images, seen, resident=resident)
    with drawn, _interruptible() as interrupted:
        while seen < config.images and not over:
            count = min(config.batch, config.images - seen)
            batch = Batch.of(*next(drawn), fabric)
            begin_step(config)
            terms = objective.step(batch, rate(seen))
            due = partial(_due, before=seen, after=seen + count, end=config.images)
            seen += count
            for direction, average in averages.items():
                average.update(objective.generators[direction], batch=count, seen=seen)
            meter.add(terms, count)
            step = seen // config.batch
            late = any_rank_set(fabric, time_up, step=step)
            stopping = any_rank_set(fabric, interrupted, step=step) or late
            keep(due, stopping=stopping, late=late)
            if due(config.snapshot_every) or late:
                over = any_rank(fabric, leads and watch.over)
            if late:
                break
            if stopping and seen < config.images and not over:
                fabric.barrier()  # until all is saved: a process that ends also ends the others
                raise Interrupted(
                    f"stopped after {seen} of {config.images} images, all saved in {path}; "
                    "the same command resumes it"
                )
    if say is not None and leads and seen < config.images and not over:
        say(
            f"stopped after {seen} of {config.images} images because its time is up; "
            "the same command resumes it"
        )
    last = run.snapshot_path(seen)
    if leads and not last.exists():
        snapshot()
    fabric.barrier()
    return last


def _drawn(
    config: Config, fabric: Fabric, images: TrainingImages, seen: int, *, resident: bool
) -> Prefetcher | DeviceCache:
    """The batches of this process, from image `seen` on."""

    def parts() -> Iterator[Part]:
        for first in range(seen, config.images, config.batch):
            yield part_of(fabric, first, min(config.batch, config.images - first))

    if resident:
        return DeviceCache(images, parts, fabric.device)
    workers = workers_of(config, fabric) if seen < config.images else 0
    return Prefetcher(images, parts, workers=workers, pinned=fabric.device.type == "cuda")


def _due(every: int, *, before: int, after: int, end: int) -> bool:
    """Whether something that happens each `every` images, and at the end, is due now."""
    return after // every > before // every or after == end


class _Meter:
    """Means of the terms between two reports, kept on the device until they are read."""

    def __init__(self, config: Config, fabric: Fabric, epoch: int, seen: int) -> None:
        self.config = config
        self.fabric = fabric
        self.epoch = epoch
        self.last_seen = seen
        self.last_time = time.perf_counter()
        self.sums: dict[str, torch.Tensor] = {}

    def add(self, terms: dict[str, torch.Tensor], count: int) -> None:
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(term)) + count * term

    def read(self, seen: int, run: RunFolder) -> Progress:
        """Report and start again; a term that is not finite ends the run before a checkpoint."""
        count = seen - self.last_seen
        if self.fabric.world_size > 1:
            together = mean_of(self.fabric, torch.stack(list(self.sums.values())))
            self.sums = dict(zip(self.sums, together, strict=True))
        stats = {name: float(total) / count for name, total in self.sums.items()}
        now = time.perf_counter()
        rate = count / (now - self.last_time)
        self.last_seen, self.last_time, self.sums = seen, now, {}
        if wrong := [name for name, value in stats.items() if not math.isfinite(value)]:
            raise DivergedError(
                f"after {seen} images these terms are not finite: {', '.join(wrong)}; the last "
                f"good checkpoint is {run.state_path}; a lower lr may get past this point"
            )
        return Progress(
            seen=seen,
            images=self.config.images,
            epochs=seen / self.epoch,
            rate=rate,
            stats={name: round(value, 6) for name, value in stats.items()},
        )


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event; a second one interrupts at once.

    Signals within a second of the first count as the same one: torchrun forwards signals that the
    terminal has already sent to its processes.
    """
    event = threading.Event()
    heard = 0.0
    if threading.current_thread() is not threading.main_thread():
        yield event  # only the main thread receives signals
        return

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        del number, frame
        if event.is_set() and time.monotonic() > heard + 1:
            raise KeyboardInterrupt
        if not event.is_set():
            heard = time.monotonic()
            event.set()

    previous = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
