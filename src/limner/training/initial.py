"""Initialisation: networks from another run, or from an exported model."""

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from limner.errors import ModelError, RunError
from limner.training.config import Config
from limner.training.exported import path_of, read_model
from limner.training.growth import grown, grows
from limner.training.memory import ran_out
from limner.training.objectives.objective import DiscriminatorTrainer, Objective
from limner.training.run import RunFolder
from limner.training.state import FORMAT, MISFITS, EMAs, completed

__all__ = ["start"]


def start(config: Config, objective: Objective, averages: EMAs) -> None:
    """Load the networks of `config.init_from`; optimisers start fresh.

    From a run, all networks that the objective has too; from an exported model, the generator of
    its direction. A U-Net of half the size grows, see `limner.training.growth`. Discriminators
    start fresh if a U-Net grows, or if they are of another kind or see other crops.

    Raises:
        RunError: It has no checkpoint, networks of another shape, or another direction.
        ModelError: The model file is missing or damaged, or was not exported by limner.
    """
    path = path_of(config.init_from)
    try:
        if path.suffix.lower() == ".onnx":
            _from_model(path, config, objective, averages)
        else:
            _from_run(RunFolder(path), config, objective, averages)
    except MISFITS as error:
        if ran_out(error) or isinstance(error, RunError | ModelError):
            raise
        raise RunError(
            f"{path} has networks of another shape; give both runs the same generator and "
            "discriminator settings"
        ) from error


def _from_run(other: RunFolder, config: Config, objective: Objective, averages: EMAs) -> None:
    state = other.load_state()
    if state is None or state.get("format") != FORMAT:
        raise RunError(
            f"{other.path} contains no checkpoint of this version of limner to start from; name a "
            "run folder or a model file"
        )
    there = completed(state.get("config", {}))
    judged = (there["discriminator.kind"], there["fine.crop"])
    again = judged != (config.discriminator.kind, config.fine.crop) or any(
        grows(config.generator, one["network"]) for one in state["objective"].values()
    )
    for name, learner in objective.learners.items():
        if isinstance(learner, DiscriminatorTrainer) and again:
            continue
        if name in state["objective"]:
            _take_over(config, learner.network, state["objective"][name]["network"])
    for direction, average in averages.items():
        if direction in state["average"]:
            _take_over(config, average.network, state["average"][direction])


def _from_model(path: Path, config: Config, objective: Objective, averages: EMAs) -> None:
    card, weights = read_model(path)
    direction = card.direction
    if direction not in averages:
        raise RunError(
            f"{path} is a {direction} model, and this run trains {' and '.join(averages)}; name "
            "another model"
        )
    for network in (objective.learners[direction].network, averages[direction].network):
        # The graph also contains constants.
        known = network.state_dict().keys() & weights.keys()
        _take_over(config, network, {name: weights[name] for name in known})


def _take_over(config: Config, network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load weights, also those of a smaller network or of one with fewer input channels.

    New input channels come last and get zero weights, so that the output is the same at first.
    """
    own = network.state_dict()
    if grows(config.generator, weights):
        network.load_state_dict(grown(config.generator, own, weights))
        return
    widened = dict(weights)
    first = next(iter(own))
    new = own[first]
    if first in weights and new.ndim == weights[first].ndim == 4:
        lacking = new.shape[1] - weights[first].shape[1]
        if lacking > 0:
            widened[first] = F.pad(weights[first], (0, 0, 0, 0, 0, lacking))
    network.load_state_dict(widened)
