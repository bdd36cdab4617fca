"""The training runs of the study, in order, and what each is trained on. No torch here."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from limner import images, settings
from limner.errors import RunError, UsageError
from limner.experiments import config_of
from limner.training.config import Config

__all__ = ["DATASETS", "EXPERIMENTS", "Plan", "Trial"]

DATASETS = {
    "unaligned": "set1-unaligned",
    "aligned": "set1-smiling",
    "balanced": "set1",
    "filtered": "set2",
    "ungrouped": "set1",
    "resnet": "set1",
    "plain-gan": "set1",
    "exact-labels": "set1",
    "uncycled": "set1",
    "discogan": "set1",
}
"""Experiments in their order, and the recipe that each is trained on."""
EXPERIMENTS = tuple(DATASETS)
REFERENCE = "balanced"
"""The experiment that most others differ from in one thing."""

_STUDY_SIZE = 128
"""Side of the aligned faces in the study, in px; other sides are scaled with it."""
_OWN = frozenset({"data", "seed", "size", "images", "experiment", "save_every", "snapshot_every"})
"""Settings that the plan decides."""
_FREE = frozenset({"seeds", "data", "pairs"})
"""What may change when a study is continued."""
_OF_THE_MACHINE = frozenset(
    {"device", "precision", "compile", "threads", "workers", "cache_on_device"}
)
"""Settings of how runs are computed. They may change too, and are not stored."""
_REFUSED = {
    "devices": "each run of the study is on one device",
    "patience": "all runs of the study have the same length",
    "decay_by": "all runs of the study have the same length, whatever the time",
}
"""Settings that the study cannot have, and why."""
_NARROWEST = 1 / 32
_CHECKPOINTS = 10
_STORED = "study.json"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training run: an experiment with a seed."""

    experiment: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.experiment}-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the study is. All runs see the same number of images."""

    size: int = 96
    """Side of the aligned faces in px; unaligned pictures are twice as large, as in the study."""
    images: int = 40_000
    """Training images that each run sees."""
    seeds: int = 3
    """Runs of each experiment. Differences are tested over seeds, which takes at least 2."""
    width: float = 1.0
    """Channels of all networks, relative to the study's. Half as many take a third of the time."""
    settings: tuple[str, ...] = ()
    """`field=value` settings of all runs. What distinguishes an experiment stays as it is."""
    data: str = ""
    """Folder of the sources of the datasets."""
    pairs: tuple[str, ...] = ()
    """Folders of pairs to measure on; those found in `data` if empty."""

    def __post_init__(self) -> None:
        settings.at_least("size", self.size, 32)
        settings.at_least("images", self.images, 1)
        settings.at_least("seeds", self.seeds, 1)
        settings.at_least("width", self.width, _NARROWEST)
        settings.at_most("width", self.width, 1.0)
        for setting in self.settings:
            name = setting.partition("=")[0].strip()
            if name in _OWN:
                raise UsageError(
                    f"--set {setting}: the study decides {name} itself; use --size, --images, "
                    "--seeds and --data"
                )
            if name in _REFUSED:
                raise UsageError(f"--set {setting}: {_REFUSED[name]}; leave it out")
        self.config(Trial(experiment=REFERENCE, seed=0), Path())  # raises what is wrong with them

    def trials(self, only: Sequence[str] = ()) -> list[Trial]:
        """The runs, seed after seed, so that any part of them compares all experiments.

        Args:
            only: Names of experiments; all if empty.

        Raises:
            UsageError: There is no such experiment.
        """
        if unknown := [name for name in only if name not in DATASETS]:
            raise UsageError(
                f"the study has no experiment '{unknown[0]}'; choose from {', '.join(EXPERIMENTS)}"
            )
        wanted = [name for name in EXPERIMENTS if not only or name in only]
        return [Trial(experiment=name, seed=seed) for seed in range(self.seeds) for name in wanted]

    def side(self, full: int) -> int:
        """What corresponds to a side of `full` px in the study."""
        return round(full * self.size / _STUDY_SIZE)

    def config(self, trial: Trial, sets: Path) -> Config:
        """The config of a run.

        Args:
            trial: The run.
            sets: Folder of the prepared datasets.

        Raises:
            UsageError: A setting is wrong.
        """
        start = self._narrowed(config_of(trial.experiment))
        kept = _distinction(start, self._narrowed(config_of(REFERENCE)))
        given = [one for one in self.settings if not _concerns(one.partition("=")[0], kept)]
        changed = start.with_settings(given)
        return dataclasses.replace(
            changed,
            data=str(sets / DATASETS[trial.experiment]),
            size=self.side(start.size),
            images=self.images,
            seed=trial.seed,
            save_every=max(1, self.images // _CHECKPOINTS),
            snapshot_every=self.images,  # only the end is measured
        )

    def _narrowed(self, config: Config) -> Config:
        """The config with narrower networks; the ResNet stays twice as wide as the U-Net."""
        generator, discriminator = config.generator, config.discriminator
        return dataclasses.replace(
            config,
            generator=dataclasses.replace(generator, width=self._channels(generator.width)),
            discriminator=dataclasses.replace(
                discriminator, width=self._channels(discriminator.width)
            ),
        )

    def _channels(self, full: int) -> int:
        return max(1, round(full * self.width))

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values, without settings of the machine."""
        kept = [one for one in self.settings if not _is_of_the_machine(one)]
        values = dataclasses.asdict(self) | {"settings": kept}
        return json.loads(json.dumps(values))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, out: Path, **given: Any) -> Self:
        """The plan of the study in a folder, begun or new, with what the user gave.

        Args:
            out: Folder of the study.
            **given: Fields that the user named; None for those that he did not.

        Raises:
            UsageError: It was begun with another plan. Only seeds, folders and how runs are
                computed may change.
            RunError: Its `study.json` is damaged.
        """
        named = {name: value for name, value in given.items() if value is not None}
        stored = cls._stored(out)
        if stored is None:
            return cls(**named)
        settings_given: tuple[str, ...] = named.get("settings", ())
        if all(map(_is_of_the_machine, settings_given)):
            named["settings"] = (*stored.settings, *settings_given)
        plan = dataclasses.replace(stored, **named)
        before, now = stored.to_dict(), plan.to_dict()
        differing = [name for name in now if name not in _FREE and before[name] != now[name]]
        if differing:
            listed = ", ".join(
                f"{name} {before[name]} there, {now[name]} now" for name in differing
            )
            raise UsageError(
                f"{out} contains a study with another plan ({listed}); leave the option out to "
                "continue it, or name another folder"
            )
        return plan

    def store(self, out: Path) -> None:
        """Write the plan into the folder of the study. Raises OutputError."""
        images.write_bytes(out / _STORED, (json.dumps(self.to_dict(), indent=1) + "\n").encode())

    @classmethod
    def _stored(cls, out: Path) -> Self | None:
        try:
            text = (out / _STORED).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return settings.build(cls, json.loads(text))
        except ValueError as error:  # a UsageError is one
            raise RunError(
                f"{out / _STORED} is damaged ({error}); restore it, or name another folder"
            ) from error


def _is_of_the_machine(setting: str) -> bool:
    return setting.partition("=")[0].strip() in _OF_THE_MACHINE


def _distinction(config: Config, reference: Config) -> frozenset[str]:
    """Names of the settings in which an experiment differs from the reference."""
    own, usual = (settings.flatten(one.to_dict()) for one in (config, reference))
    return (
        frozenset(name for name in own.keys() | usual.keys() if own.get(name) != usual.get(name))
        - _OWN
    )


def _concerns(name: str, kept: Iterable[str]) -> bool:
    """Whether changing a setting would change what distinguishes an experiment."""
    table = name.strip()
    return any(table == one or one.startswith(f"{table}.") for one in kept)
