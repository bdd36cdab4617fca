"""EMA weights of the generators, which are exported and used for the sample grids."""

import copy

import torch
from torch import Tensor, nn


class EMA:
    """Exponential moving average of a network's weights, with a half-life in images.

    Karras et al. 2018, *Progressive Growing of GANs*, section 6. Early in a run the half-life is
    a twentieth of the images seen, so that the initial weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, half_life: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(requires_grad=False).eval()
        self.half_life = half_life

    @torch.no_grad()
    def update(self, network: nn.Module, *, batch: int, seen: int) -> None:
        """Move towards `network`, which has just learnt from `batch` images, `seen` in total."""
        half_life = min(self.half_life, seen / 20)
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        averages: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(averages, current, 1 - keep)  # one operation for all of them
