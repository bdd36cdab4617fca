"""The study from beginning to end: datasets, runs, measures, page."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from limner.engines import Engine, LocalEngine
from limner.errors import Interrupted, LimnerError, OutputError, UsageError
from limner.features.cache import default_folder
from limner.study.datasets import missing_sets, prepare_sets
from limner.study.measured import Examiner, last_snapshot, trained_on
from limner.study.pace import costs
from limner.study.page import Contents, verdicts, write
from limner.study.pairs import Pair, find_pairs, pairs_in
from limner.study.plan import DATASETS, REFERENCE, Plan, Trial
from limner.study.results import results_of, stored_at
from limner.study.running import Teller, is_over, state_of, train_trial
from limner.training.config import Config
from limner.training.run import RunFolder
from limner.training.watching.console import time_left

__all__ = ["Study"]


@dataclass(kw_only=True, eq=False)
class Study:
    """A study in a folder: `sets/`, `runs/`, `measured/`, `report.html` and `report.json`."""

    plan: Plan
    out: Path
    say: Callable[[str], None]
    """Called with lines of text."""
    only: Sequence[str] = ()
    """Experiments to run; all if empty."""
    measuring: bool = True
    engine: Engine = field(default_factory=LocalEngine)
    """Where pictures are prepared and measured."""
    _end: float | None = field(default=None, init=False)

    @property
    def sets(self) -> Path:
        """Folder of the datasets."""
        return self.out / "sets"

    @property
    def runs(self) -> Path:
        """Folder of the run folders."""
        return self.out / "runs"

    @property
    def measured(self) -> Path:
        """Folder of the scores."""
        return self.out / "measured"

    def run(self, seconds: float | None = None) -> Path:
        """Run what is left, and write the page about what is done; the same call resumes.

        Args:
            seconds: Stop after this time, as Ctrl-C does but without an error. None for no limit.

        Returns:
            Path of the page.

        Raises:
            UsageError: A name or a setting is wrong, or there are no pairs to measure on.
            DataError: A dataset cannot be prepared.
            OutputError: The folder cannot be written.
            Interrupted: Ctrl-C; the page is written.
        """
        self._end = None if seconds is None else time.monotonic() + seconds
        trials = self.plan.trials(self.only)
        examiner = self._examiner() if self.measuring else None
        self.plan.store(self.out)
        try:
            self._prepare(trials)
            self._run({one: self.plan.config(one, self.sets) for one in trials}, examiner)
        except (KeyboardInterrupt, Interrupted) as error:
            page = self.report(examiner)
            raise Interrupted(
                f"interrupted; the same command resumes it; what is done so far: {page}"
            ) from error
        return self.report(examiner)

    def report(self, examiner: Examiner | None = None) -> Path:
        """Write `report.html` and `report.json` about what is done.

        Scores that are not of the last snapshot of their run, or not of the same people as the
        others, are left out, and the page says so.

        Args:
            examiner: Knows the people; without one, they are those of most scores.

        Raises:
            OutputError: The files cannot be written.
            RunError: A log cannot be read.
            DataError: The dataset of real photos is damaged.
            ImageError: A picture of the people cannot be read.
        """
        configs = {trial: self.plan.config(trial, self.sets) for trial in self.plan.trials()}
        ready = not missing_sets([REFERENCE], self.sets)
        people = examiner.digest if examiner is not None and ready else ""
        entries, left_out = results_of(
            configs, runs=self.runs, measured=self.measured, people=people
        )
        if any(entry.scored for entry in entries):
            for line in verdicts(entries):
                self.say(f"  {line}")
        notes = [*self._notes(examiner.pairs if examiner else ()), *left_out]
        return write(Contents(plan=self.plan, entries=entries, notes=notes), self.out)

    def _prepare(self, trials: Sequence[Trial]) -> None:
        needed = [trial.experiment for trial in trials]
        if self.measuring:
            needed.append(REFERENCE)  # its photos show what real ones look like
        lacking = missing_sets(needed, self.sets)
        runs = f"{len(trials)} runs of {self.plan.images:,} images at {self.plan.size} px"
        self.say(f"the study: {runs}; datasets to prepare: {', '.join(lacking) or 'none'}")
        sources = Path(self.plan.data) if self.plan.data else None
        prepare_sets(lacking, self.plan, sources, self.sets, engine=self.engine, say=self.say)

    def _run(self, configs: dict[Trial, Config], examiner: Examiner | None) -> None:
        states = {trial: state_of(one, self.runs / trial.name) for trial, one in configs.items()}
        waiting = {t: one for t, one in configs.items() if not is_over(states[t])}
        if self._is_late():
            waiting = {}
        # All of them: the logs of those that are done tell the rate.
        known = costs(configs, self.runs) if waiting else {}
        left = {trial: known[trial] for trial in waiting}
        for name in dict.fromkeys(trial.experiment for trial in waiting):
            mine = [cost for trial, cost in left.items() if trial.experiment == name]
            total = sum(cost.seconds for cost in mine)
            self.say(
                f"  {name:13} {len(mine)} runs, {mine[0].rate:.1f} images/s, {time_left(total)}"
            )
        teller = Teller(self.say, left)
        if waiting:
            self.say(f"{len(waiting)} runs are left, {time_left(teller.seconds)} of training")
        for trial, config in configs.items():
            if trial in waiting:
                if self._is_late():
                    break
                teller.begin(trial)
                states[trial] = train_trial(
                    config,
                    self.runs / trial.name,
                    report=teller.report,
                    say=lambda text: self.say(f"  {text}"),
                    seconds=self._seconds_left(),
                )
                if is_over(states[trial]):
                    teller.end(trial)
            if examiner is not None and not self._is_late():
                self._measure(trial, config, examiner)
        if self._is_late():
            self.say("its time is up; the same command resumes it")

    def _measure(self, trial: Trial, config: Config, examiner: Examiner) -> None:
        """Measure a run if it is over. That it cannot be measured does not end the study."""
        snapshot = last_snapshot(RunFolder(self.runs / trial.name), config)
        if snapshot is None:
            return
        try:
            for poorly in (False, True) if trial.experiment == REFERENCE else (False,):
                stored = stored_at(self.measured, trial, poorly=poorly)
                examiner.scored(snapshot, stored, poorly=poorly)
        except (OutputError, UsageError, Interrupted):
            raise
        except LimnerError as error:
            self.say(f"limner: warning: {trial.name} cannot be measured: {error}")

    def _examiner(self) -> Examiner:
        folders = [Path(folder) for folder in self.plan.pairs]
        if not folders and self.plan.data:
            folders = find_pairs(Path(self.plan.data))
        if not folders:
            raise UsageError(
                "there are no pairs to measure on; name folders that contain sketches/ and "
                "photos/ of the same people: --pairs DIR, or train only: --no-measure"
            )
        reference = Trial(experiment=REFERENCE, seed=0)
        unaligned = Trial(experiment="unaligned", seed=0)
        return Examiner(
            pairs=pairs_in(folders),
            size=self.plan.config(reference, self.sets).size,
            page_size=self.plan.config(unaligned, self.sets).size,
            engine=self.engine,
            cache=default_folder(),
            real=self.sets / DATASETS[REFERENCE],
        )

    def _notes(self, pairs: Sequence[Pair]) -> list[str]:
        """Warnings about the people, for the page."""
        if not pairs:
            return []
        config = self.plan.config(Trial(experiment=REFERENCE, seed=0), self.sets)
        try:
            seen = trained_on(config, pairs)
        except LimnerError:
            return []  # there is no such dataset yet
        if not seen:
            return []
        return [
            f"{seen} of the {len(pairs)} sketches measured on were also trained on, without their "
            "photos: scores would be worse on new sketches, for all experiments alike."
        ]

    def _is_late(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    def _seconds_left(self) -> float | None:
        return None if self._end is None else max(0.1, self._end - time.monotonic())
