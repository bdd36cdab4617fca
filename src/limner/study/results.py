"""What became of the runs: their states, and those of their scores that can be compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from limner.errors import RunError
from limner.sharing import without_folders
from limner.study.measured import digest_of_snapshot, last_snapshot
from limner.study.page import Entry
from limner.study.plan import Trial
from limner.study.running import state_of
from limner.study.scoring import Scored
from limner.study.stability import stability
from limner.training.config import Config
from limner.training.run import RunFolder

__all__ = ["results_of", "stored_at"]


def stored_at(folder: Path, trial: Trial, *, poorly: bool = False) -> Path:
    """The file with the scores of a run, on sketches as they are or of poor quality."""
    return folder / f"{trial.name}{'-poor' if poorly else ''}.json"


def results_of(
    configs: Mapping[Trial, Config], *, runs: Path, measured: Path, people: str = ""
) -> tuple[list[Entry], list[str]]:
    """An entry for each run, and notes about scores that are left out.

    Scores are compared only if they are of the last snapshot of their run, and if all are of the
    same people and real photos.

    Args:
        configs: Those of the runs.
        runs: Folder of the run folders.
        measured: Folder of the scores.
        people: `Examiner.digest` of those people; by default the one of most scores.

    Raises:
        RunError: The log of a run cannot be read.
    """
    found: dict[tuple[Trial, bool], Scored] = {}
    notes, old = [], 0
    for trial, config in configs.items():
        snapshot = last_snapshot(RunFolder(runs / trial.name), config)
        for poorly in (False, True) if snapshot else ():
            try:
                scored = Scored.of(stored_at(measured, trial, poorly=poorly))
            except RunError as error:
                notes.append(without_folders(str(error)))
                continue
            if scored is None:
                continue
            if snapshot is None or scored.snapshot != digest_of_snapshot(snapshot):
                old += 1
                continue
            found[trial, poorly] = scored
    of_others = _of_others(found, people)
    for key in of_others:
        del found[key]
    notes += _left_out(old, "they are of an earlier snapshot of their run")
    notes += _left_out(len(of_others), "they are of other people or other real photos")
    entries = []
    for trial, config in configs.items():
        scored = found.get((trial, False))
        run = RunFolder(runs / trial.name)
        entries.append(
            Entry(
                trial=trial,
                state=state_of(config, run.path),
                scored=scored,
                steady=stability(run, config) if scored else [],
                poor=found.get((trial, True)),
            )
        )
    return entries, notes


def _of_others(found: Mapping[tuple[Trial, bool], Scored], people: str) -> list[tuple[Trial, bool]]:
    """Those that are not of the people, or of most people if these are ''."""
    of = {key: one.pairs.removesuffix("-poor") for key, one in found.items()}
    if not people and of:
        people = Counter(of.values()).most_common(1)[0][0]
    return [key for key, digest in of.items() if digest != people]


def _left_out(count: int, why: str) -> Sequence[str]:
    if not count:
        return ()
    return (
        f"Scores left out, because {why}: {count}. limner study measures again what it is asked to "
        "run.",
    )
