"""A dataset cached on the device, where it is augmented, too.

A GPU then takes the images of each step from its own memory, without waiting. It works only for
objectives that need no sketches of their photos, since these are drawn on the CPU. For the others,
`limner.training.feeding.prefetch` draws in other processes.
"""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from limner.training.feeding.batch import SHARP, Part
from limner.training.feeding.exposure import expose_batch
from limner.training.feeding.pictures import Domain, TrainingImages, gamma_of, view_of
from limner.training.randomness import Stream, generator_of

__all__ = ["DeviceCache"]


class DeviceCache:
    """Provides the parts of a run in order, as a `Prefetcher` does.

    The images, their order and their random views are the same. Pixels differ by some grey levels,
    since torch's bicubic kernel is sharper than Pillow's (a is -0.75 in torch, -0.5 in Pillow).
    """

    def __init__(
        self, images: TrainingImages, parts: Callable[[], Iterator[Part]], device: torch.device
    ) -> None:
        """Move the images to the device.

        Args:
            images: The training images.
            parts: Starts the sequence of parts that will be requested.
            device: Where the images are kept.
        """
        self._images, self._parts = images, parts()
        self._held = {
            name: domain.held.to(device) for name, (domain, _) in _domains(images).items()
        }

    def __next__(self) -> tuple[Part, dict[str, Tensor]]:
        """The next part, and its images, as those of `TrainingImages.draw`, on the device."""
        part = next(self._parts)
        numbers = range(part.first, part.first + part.count)
        drawn = {
            name: self._views(name, domain, stream, numbers)
            for name, (domain, stream) in _domains(self._images).items()
        }
        if self._images.sharp is not None:
            places = [self._images.photos.place(number) for number in numbers]
            sharp = torch.from_numpy(self._images.sharp[places])
            drawn[SHARP] = sharp.to(drawn["photo"].device)
        return part, drawn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held = {}

    def _views(self, name: str, domain: Domain, stream: Stream, numbers: range) -> Tensor:
        """`[B, size, size, 3]` or `[B, size, size]` in 0..255."""
        held, images = self._held[name], self._images
        places = torch.tensor([domain.place(number) for number in numbers])
        pictures = held[places.to(held.device)].float()
        planes = pictures.permute(0, 3, 1, 2) if pictures.ndim == 4 else pictures[:, None]
        side = planes.shape[-1]
        views = np.stack(
            [
                view_of(
                    images.augmentation, images.size, side, generator_of(images.seed, stream, n)
                )
                for n in numbers
            ]
        )
        grid = F.affine_grid(
            torch.from_numpy(_in_shares(views, images.size, side)).to(planes),
            [len(planes), planes.shape[1], images.size, images.size],
            align_corners=False,
        )
        seen = F.grid_sample(
            planes, grid, mode="bicubic", padding_mode="border", align_corners=False
        )
        if images.augmentation.exposure and name == "photo":
            gammas = [gamma_of(images.augmentation, images.seed, number) for number in numbers]
            seen = expose_batch(seen, gammas)
        levels = seen.round().clamp(0, 255).to(torch.uint8)
        return levels.permute(0, 2, 3, 1) if pictures.ndim == 4 else levels[:, 0]


def _domains(images: TrainingImages) -> dict[str, tuple[Domain, Stream]]:
    found = {"photo": (images.photos, Stream.PHOTO)}
    if images.sketches is not None:
        found["sketch"] = images.sketches, Stream.SKETCH
    return found


def _in_shares(views: NDArray[np.float64], size: int, side: int) -> NDArray[np.float64]:
    """Transforms of px in torch's coordinates, in which view and image go from -1 to 1."""
    linear = views[:, :, :2] * size / side
    middle = views[:, :, :2] @ np.full(2, size / 2) + views[:, :, 2]
    return np.concatenate([linear, (2 * middle / side - 1)[..., None]], axis=2)
