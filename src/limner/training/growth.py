"""Growth: a U-Net for images twice as large, initialised from one of half the size.

A U-Net of width w and depth d + 1 contains a complete one of width 2w and depth d: all levels but
the outermost. The outermost level is initialised so that the larger network first halves its input,
translates it as the smaller network does, and enlarges the result: it has nothing to unlearn.
Karras et al. 2018, *Progressive Growing of GANs*, grow networks too; they fade a new level in.
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
"""Applied to repeated pixels, this filter gives bilinear enlargement."""


def grows(config: GeneratorConfig, state: State) -> TypeGuard[UNetConfig]:
    """Whether the network of `config` is the U-Net of `state` with one more level around it."""
    if not isinstance(config, UNetConfig) or "leave.weight" not in state:
        return False
    levels = sum(name.startswith("merge.") and name.endswith(".0.0.weight") for name in state)
    return (state["leave.weight"].shape[1], levels) == (2 * config.width, config.depth - 1)


def grown(config: UNetConfig, fresh: State, smaller: State) -> dict[str, Tensor]:
    """The initial state of a network with one more level than another.

    The input is halved by averaging; the smaller network's output before its tanh is enlarged
    bilinearly, and at the border it is averaged with the zeros beyond the edge. Some channels of
    the new level carry this. The others keep their random weights, and the weights that read them
    start at zero; the gradient of these is not zero, so they learn from the first step on.

    Args:
        config: Of the larger network.
        fresh: Its state, randomly initialised; it is not changed.
        smaller: The state of the smaller network. Its inputs, in [-1, 1], are the first inputs of
            the larger network, which ignores any others at first.

    Returns:
        A state like `fresh`.

    Raises:
        RunError: The network has a norm, or too few channels to carry an image.
        KeyError, RuntimeError: `smaller` is the state of another network.
    """
    inputs, outputs = smaller["enter.0.0.weight"].shape[1], len(smaller["leave.weight"])
    needed = max(inputs + 1, 2 * outputs)
    if config.norm != "none" or config.width < needed:
        raise RunError(
            f"generator.width is {config.width} and generator.norm '{config.norm}'; to grow from a "
            f"network of half the size, they must be at least {needed} and 'none'"
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
    """Pass the input on to the smaller network's first convolution, which reads it halved.

    A leaky ReLU leaves positive values unchanged, so x + 1 is passed on. A further channel of ones
    serves to subtract the 1 again, also beyond the edge, where all channels are zero.
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
    """Enlarge the input of the smaller network's tanh, and pass it on to the tanh here.

    It has either sign and no bounds, so each value x takes two channels, for x and -x.
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
