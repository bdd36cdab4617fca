"""Batches: what an objective learns from at a step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Batch", "Part", "normalised", "to_images", "to_tensor"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one process has of a batch: images `first` to `first + count` of a run."""

    first: int
    count: int
    shared: bool = False
    """Whether the other processes have parts of the same size, in the order of their ranks; if
    not, the whole batch is in this one's hands."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Images `first` to `first + B` of a run."""

    first: int
    """Number of the first one."""
    images: dict[str, Tensor]
    """`[B, C, S, S]` in [-1, 1]: `photo`, `sketch` for drawings by hand that have nothing to do
    with the photos, `sketched` for drawings of these very photos."""
    shared: bool = False
    """See `Part`."""

    @classmethod
    def of(cls, part: Part, drawn: Mapping[str, Tensor], fabric: Fabric) -> "Batch":
        """From pictures in 0..255, which are a quarter as much to send to the device."""
        moved = {name: normalised(fabric.to_device(tensor)) for name, tensor in drawn.items()}
        return cls(first=part.first, images=moved, shared=part.shared)

    def __getitem__(self, name: str) -> Tensor:
        return self.images[name]

    def on(self, fabric: Fabric) -> "Batch":
        """The same on the device of the run."""
        moved = {name: fabric.to_device(tensor) for name, tensor in self.images.items()}
        return Batch(first=self.first, images=moved, shared=self.shared)


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """`[N, H, W, C]` or `[N, H, W]` in 0..255 to `[N, C, H, W]` in [-1, 1]."""
    return normalised(torch.from_numpy(images))


def normalised(images: Tensor) -> Tensor:
    """The same for a tensor, wherever it lies."""
    images = images if images.ndim == 4 else images[..., None]
    return images.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_images(images: Tensor) -> NDArray[np.uint8]:
    """`[N, C, H, W]` in [-1, 1] to `[N, H, W, C]` in 0..255, or `[N, H, W]` where C is 1."""
    scaled = images.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    rows = scaled.permute(0, 2, 3, 1).cpu().numpy()
    return rows[..., 0] if rows.shape[3] == 1 else rows
