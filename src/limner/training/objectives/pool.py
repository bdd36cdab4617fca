"""A buffer of generated images (Shrivastava et al. 2017), shown to discriminators again."""

from typing import Any

import torch
from torch import Tensor

from limner.training.randomness import Stream, generator_of


class Pool:
    """Keeps pictures and gives now a new one, now an old one in exchange.

    Shrivastava et al. 2017, *Learning from Simulated and Unsupervised Images through Adversarial
    Training*, section 2.3, as Zhu et al. 2017 (*CycleGAN*) do it: half of the pictures that a full
    pool is given change places with one that it holds.
    """

    def __init__(self, size: int, *, seed: int, place: int) -> None:
        """`place` tells the pools of a run apart; a pool of `size` 0 gives what it gets."""
        self.size = size
        self.seed = seed
        self.place = place
        self.kept: list[Tensor] = []

    def exchange(self, made: Tensor, first: int) -> Tensor:
        """`[B, C, H, W]` for images `first` to `first + B`; the same shape, without gradients."""
        made = made.detach()
        if not self.size:
            return made
        given = []
        for number, picture in enumerate(made, start=first):
            rng = generator_of(self.seed, Stream.POOL, self.place, number)
            shown = picture
            if len(self.kept) < self.size:
                self.kept.append(picture.clone())
            elif rng.random() < 0.5:
                which = int(rng.integers(self.size))
                shown, self.kept[which] = self.kept[which], picture.clone()
            given.append(shown)
        # The layout of pictures that were saved and read again is another one: make it the same.
        return torch.stack(given).contiguous(memory_format=torch.channels_last)

    def state_dict(self) -> dict[str, Any]:
        """What it holds."""
        return {"kept": torch.stack(self.kept).cpu() if self.kept else None}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Take over what `state_dict` gave."""
        kept = state["kept"]
        self.kept = [] if kept is None else list(kept.to(device).unbind())
