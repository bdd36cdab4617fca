"""A buffer of generated images (Shrivastava et al. 2017), shown to discriminators again."""

from typing import Any

import torch
from torch import Tensor

from limner.training.randomness import Stream, generator_of


class Pool:
    """An image pool: it returns new images or, in exchange, old ones.

    Shrivastava et al. 2017, *Learning from Simulated and Unsupervised Images through Adversarial
    Training*, section 2.3, as in Zhu et al. 2017 (*CycleGAN*): when the pool is full, half of the
    new images are swapped with one in the pool.
    """

    def __init__(self, size: int, *, seed: int, place: int) -> None:
        """`place` numbers the pools of a run; a pool of `size` 0 returns its input."""
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
        # Saving and loading changes the memory layout of images: restore it.
        return torch.stack(given).contiguous(memory_format=torch.channels_last)

    def state_dict(self) -> dict[str, Any]:
        """The images in the pool."""
        return {"kept": torch.stack(self.kept).cpu() if self.kept else None}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Restore a state from `state_dict`."""
        kept = state["kept"]
        self.kept = [] if kept is None else list(kept.to(device).unbind())
