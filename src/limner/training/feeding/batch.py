"""Batches: the data of one training step."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "HINTS",
    "LITERAL",
    "SHARP",
    "Batch",
    "Part",
    "masked",
    "normalised",
    "to_images",
    "to_tensor",
]

LITERAL = "literal"
"""Key of how literally each sketch is meant."""
HINTS = "hints"
"""Key of the colour hints of each photo."""
SHARP = "sharp"
"""Key of whether each photo has fine detail."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The part of a batch that one process has: images `first` to `first + count` of a run."""

    first: int
    count: int
    shared: bool = False
    """Whether the other processes have parts of the same size, in the order of their ranks; if
    not, this one has the complete batch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Images `first` to `first + B` of a run."""

    first: int
    """Number of the first one."""
    images: dict[str, Tensor]
    """`[B, C, S, S]` in [-1, 1]: `photo`, `sketch` for unpaired hand-drawn sketches, `sketched` for
    sketches of the photos."""
    shared: bool = False
    """See `Part`."""
    literal: Tensor | None = None
    """`[B]` in 0..1, how literally each sketch of a pair is meant: the weight of terms that compare
    its generated photo with the ground truth pixel by pixel. None for 1."""
    hints: Tensor | None = None
    """`[B, 4, S, S]`, colours of the photos of pairs, see `limner.networks.guidance.guided`. None
    for no hints."""
    sharp: Tensor | None = None
    """`[B]`, 1 for photos with enough detail for crops at full resolution, 0 for others, see
    `limner.training.objectives.views`. None for 1."""

    @classmethod
    def of(cls, part: Part, drawn: Mapping[str, Tensor], fabric: Fabric) -> "Batch":
        """From drawn images, see `from_drawn`, on the device of the run."""
        moved = {name: fabric.to_device(tensor) for name, tensor in drawn.items()}
        return cls.from_drawn(moved, first=part.first, shared=part.shared)

    @classmethod
    def from_drawn(
        cls, drawn: Mapping[str, Tensor], *, first: int, shared: bool = False
    ) -> "Batch":
        """From images in 0..255, which are a quarter of the bytes to send to a device.

        Args:
            drawn: `[B, S, S, C]` or `[B, S, S]` for each kind of image, `literal` and `sharp` if
                known, and `hints` `[B, S, S, 4]` if there are some.
            first: Number of the first image.
            shared: See `Part`.
        """
        pictures = drawn.keys() - {LITERAL, HINTS, SHARP}
        literal, hints, sharp = (drawn.get(name) for name in (LITERAL, HINTS, SHARP))
        return cls(
            first=first,
            images={name: normalised(one) for name, one in drawn.items() if name in pictures},
            shared=shared,
            literal=None if literal is None else literal.float(),
            hints=None if hints is None else masked(hints),
            sharp=None if sharp is None else sharp.float(),
        )

    def __getitem__(self, name: str) -> Tensor:
        return self.images[name]

    def start(self, rank: int) -> int:
        """Number of the first image of the complete batch, if process `rank` has this part."""
        count = len(next(iter(self.images.values())))
        return self.first - rank * count if self.shared else self.first

    def on(self, fabric: Fabric) -> "Batch":
        """The same on the device of the run."""
        moved = {name: fabric.to_device(tensor) for name, tensor in self.images.items()}
        literal = None if self.literal is None else fabric.to_device(self.literal)
        hints = None if self.hints is None else fabric.to_device(self.hints)
        sharp = None if self.sharp is None else fabric.to_device(self.sharp)
        return dataclasses.replace(self, images=moved, literal=literal, hints=hints, sharp=sharp)


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """`[N, H, W, C]` or `[N, H, W]` in 0..255 to `[N, C, H, W]` in [-1, 1]."""
    return normalised(torch.from_numpy(images))


def normalised(images: Tensor) -> Tensor:
    """The same for a tensor, on any device."""
    images = images if images.ndim == 4 else images[..., None]
    return images.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def masked(hints: Tensor) -> Tensor:
    """Hints `[N, H, W, 4]` in 0..255, opaque where there is one, as a generator takes them."""
    channels = hints.permute(0, 3, 1, 2).float()
    mask = (channels[:, 3:] > 127).float()
    return torch.cat([channels[:, :3].div(127.5).sub(1) * mask, mask], dim=1).contiguous()


def to_images(images: Tensor) -> NDArray[np.uint8]:
    """`[N, C, H, W]` in [-1, 1] to `[N, H, W, C]` in 0..255, or `[N, H, W]` if C is 1."""
    scaled = images.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    rows = scaled.permute(0, 2, 3, 1).cpu().numpy()
    return rows[..., 0] if rows.shape[3] == 1 else rows
