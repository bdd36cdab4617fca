"""Checkpoints of a run: collected, checked and restored."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from limner.data.prepared import PreparedSet
from limner.directions import Direction
from limner.errors import RunError
from limner.settings import with_present_names
from limner.training.config import RENAMED, Config
from limner.training.ema import EMA
from limner.training.memory import ran_out
from limner.training.objectives.objective import Objective
from limner.training.run import RunFolder, fixed_settings, require_same

__all__ = ["FORMAT", "MISFITS", "EMAs", "collect_state", "completed", "resume"]

FORMAT = 2

EMAs = dict[Direction, EMA]

MISFITS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""Errors that networks and optimisers raise when they load the state of another one."""


def collect_state(
    config: Config,
    prepared: PreparedSet,
    objective: Objective,
    averaged: Mapping[Direction, nn.Module],
    *,
    seen: int,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything needed to resume after `seen` images, and the config and data it belongs to."""
    return {
        "format": FORMAT,
        "images": seen,
        "data": prepared.digest,
        "config": fixed_settings(config),
        "how": dict(how),
        "objective": {name: one.state_dict() for name, one in objective.learners.items()},
        "average": {way: network.state_dict() for way, network in averaged.items()},
    }


def resume(
    run: RunFolder,
    config: Config,
    prepared: PreparedSet,
    objective: Objective,
    averages: EMAs,
) -> tuple[int, Mapping[str, Any]]:
    """Load the last checkpoint of a run.

    Returns:
        The images that it had seen, 0 if there is none, and how it was computed, if known.

    Raises:
        RunError: The checkpoint is damaged, or has another version, dataset or config.
    """
    state = run.load_state()
    if state is None:
        return 0, {}
    if state.get("format") != FORMAT:
        raise RunError(
            f"{run.state_path} has format {state.get('format')!r}; this version of limner reads "
            f"{FORMAT}: resume with the version that wrote it"
        )
    if state.get("data") != prepared.digest:
        raise RunError(
            f"{run.state_path} was trained on other faces than those in {prepared.path}; name the "
            "dataset that the run was started with, or another run folder"
        )
    try:
        seen, how = state["images"], dict(state.get("how", {}))
        if type(seen) is not int or seen < 1:
            raise ValueError(f"it has seen {seen!r} images")
        # Checkpoints of an earlier version contain no config.
        there = completed(state["config"]) if "config" in state else fixed_settings(config)
        require_same(there, config, run.state_path)
        for name, learner in objective.learners.items():
            learner.load_state_dict(state["objective"][name])
        for direction, average in averages.items():
            average.network.load_state_dict(state["average"][direction])
    except RunError:
        raise
    except MISFITS as error:
        if ran_out(error):
            raise
        raise RunError(
            f"{run.state_path} does not fit this run's networks ({in_short(error)}); restore a "
            "copy of it, or remove it to start the run from scratch"
        ) from error
    return seen, how


def completed(there: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a checkpoint, completed by those that its version of limner did not have.

    These get their defaults, which keep the former behaviour. The settings of a network depend on
    its kind and have always existed, except for the kind.
    """
    defaults = {
        name: value
        for name, value in fixed_settings(Config(experiment="")).items()
        if name.endswith(".kind") or not name.startswith(("generator.", "discriminator."))
    }
    return {**defaults, **with_present_names(there, RENAMED)}


def in_short(error: Exception) -> str:
    """An error of torch, which may span many lines, in one short line."""
    first = " ".join(str(error).split())
    return f"{type(error).__name__}: {first[:100]}"
