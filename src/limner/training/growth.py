"""Growth: a U-Net for pictures twice as large, initialised from one of half the size.

A U-Net of width w and depth d + 1 contains one of width 2w and depth d whole: its levels but the
outermost. The outermost level is set so that the larger network begins with what the smaller one
makes of the picture halved, enlarged: it has nothing to unlearn. Karras et al. 2018, *Progressive
Growing of GANs*, grow networks too; they fade a new level in beside the enlarged picture.
"""

from collections.abc import Mapping
from typing import TypeGuard

import torch
from torch import Tensor

from limner.errors import RunError
from limner.networks.config import GeneratorConfig, UNetConfig
from limner.networks.layers import SLOPE

__all__ = ["grown", "grows"]

State = Mapping[str, Tensor]

_LINEAR = 1 / (1 + SLOPE)
"""leaky(x) - leaky(-x), times this, is x."""
_SMOOTH = torch.tensor([1.0, 2.0, 1.0]) / 4
"""Over pixels that were each repeated, this filter gives bilinear enlargement."""


def grows(config: GeneratorConfig, state: State) -> TypeGuard[UNetConfig]:
    """Whether the network of `config` has a level more around the U-Net that a state is of."""
    if not isinstance(config, UNetConfig) or "leave.weight" not in state:
        return False
    levels = sum(name.startswith("merge.") and name.endswith(".0.0.weight") for name in state)
    return (state["leave.weight"].shape[1], levels) == (2 * config.width, config.depth - 1)


def grown(config: UNetConfig, fresh: State, smaller: State) -> dict[str, Tensor]:
    """The state that a network begins with which has a level more than another.

    What the smaller network makes of the picture halved by averaging, before its tanh, comes out
    enlarged bilinearly; in the outermost pixel all round the zeros beyond the edge are averaged in.
    Some channels of the new level carry that. The others stay as they were drawn, and what reads
    them is zero at first: its gradient is not, so that it learns from the first step on.

    Args:
        config: Of the larger network.
        fresh: Its state, randomly initialised; it is not changed.
        smaller: The state of the other one. Its inputs, in [-1, 1], are the first ones of the
            larger network, which is blind to those that it may have besides.

    Returns:
        A state like `fresh`.

    Raises:
        RunError: The network has a norm, or too few channels to carry a picture.
        KeyError, RuntimeError: `smaller` is the state of another network.
    """
    inputs, outputs = smaller["enter.0.0.weight"].shape[1], len(smaller["leave.weight"])
    needed = max(inputs + 1, 2 * outputs)
    if config.norm != "none" or config.width < needed:
        raise RunError(
            f"generator.width is {config.width} and generator.norm '{config.norm}'; to begin with "
            f"a network of half the size takes {needed} channels at least, and the norm 'none'"
        )
    state = {name: value.detach().clone() for name, value in fresh.items()}
    for name, value in smaller.items():
        part, _, rest = name.partition(".")
        if part in ("up", "merge"):  # from the deepest level upwards
            state[name] = value
        elif part == "down":
            level, _, layer = rest.partition(".")
            state[f"down.{int(level) + 1}.{layer}"] = value
    _set_entry(state, smaller, inputs)
    _set_exit(state, smaller, config.depth - 1)
    return state


def _set_entry(state: dict[str, Tensor], smaller: State, inputs: int) -> None:
    """Let the picture through to where the smaller network's first convolution reads it, halved.

    A leaky ReLU lets through what is above zero as it is: x + 1. A channel of ones beside these
    takes the 1 off again, beyond the edge as well, where all of them are zero.
    """
    first, second = state["enter.0.0.weight"], state["enter.1.0.weight"]
    carrying = inputs + 1
    for weight in (first, second):
        weight[:carrying] = 0
    for channel in range(inputs):
        first[channel, channel, 1, 1] = 1
    for channel in range(carrying):
        second[channel, channel, 1, 1] = 1
    state["enter.0.0.bias"][:carrying] = 1
    state["enter.1.0.bias"][:carrying] = 0

    read = smaller["enter.0.0.weight"]
    reading = torch.zeros_like(state["down.0.1.0.0.weight"])
    reading[:, :inputs] = read
    reading[:, inputs] = -read.sum(dim=1)
    state["down.0.1.0.0.weight"] = reading
    state["down.0.1.0.0.bias"] = smaller["enter.0.0.bias"]
    for name in ("weight", "bias"):
        state[f"down.0.1.1.0.{name}"] = smaller[f"enter.1.0.{name}"]


def _set_exit(state: dict[str, Tensor], smaller: State, last: int) -> None:
    """Enlarge what the smaller network's tanh was given, and let it through to the tanh here.

    It has either sign and no bounds: so each value x takes two channels, for x and -x.
    """
    made, bias = smaller["leave.weight"].flatten(1), smaller["leave.bias"]
    count = len(made)
    signs = torch.stack([torch.eye(count), -torch.eye(count)]).flatten(0, 1)  # [2 count, count]
    both = signs.to(made) @ made
    smooth = torch.outer(_SMOOTH, _SMOOTH).to(made)
    up = state[f"up.{last}.1.0.weight"]
    up[: 2 * count] = both[:, :, None, None] * smooth
    state[f"up.{last}.1.0.bias"][: 2 * count] = signs.to(made) @ bias

    through = (signs @ signs.T * _LINEAR).to(made)  # x and -x, from their leaky ReLUs
    for layer in ("0", "1"):
        weight = state[f"merge.{last}.{layer}.0.weight"]
        weight[: 2 * count] = 0
        weight[: 2 * count, : 2 * count, 1, 1] = through
        state[f"merge.{last}.{layer}.0.bias"][: 2 * count] = 0
    leave = torch.zeros_like(state["leave.weight"])
    leave[:, : 2 * count, 0, 0] = signs.T.to(made) * _LINEAR
    state["leave.weight"] = leave
    state["leave.bias"] = torch.zeros_like(bias)
