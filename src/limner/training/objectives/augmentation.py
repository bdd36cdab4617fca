"""Differentiable augmentation of the discriminators' inputs."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from limner.training.config import DiscriminatorAugmentation
from limner.training.randomness import Stream, generator_of

__all__ = ["View", "cropped", "view_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Random changes of each image of a batch, the same for a real and a generated one."""

    settings: DiscriminatorAugmentation
    draws: NDArray[np.float64]
    """`[B, 7]` in [0, 1)."""

    def __call__(self, images: Tensor) -> Tensor:
        """Change each image in its own way.

        Zhao et al. 2020, *Differentiable Augmentation for Data-Efficient GAN Training*, figure 3
        and appendix A.

        Args:
            images: `[B, C, H, W]` in [-1, 1]. If C is 3 or more, the last three are the colours,
                and only these change in colour.

        Returns:
            The same shape.
        """
        if self.settings.colour:
            images = self._colour(images)
        if self.settings.translation:
            images = self._translate(images)
        if self.settings.cutout:
            images = self._cut_out(images)
        return images

    def _colour(self, images: Tensor) -> Tensor:
        """Brightness by -0.5 to 0.5, saturation times 0 to 2, contrast times 0.5 to 1.5.

        These are the changes at full strength; at strength 0 there are none.
        """
        strength = self.settings.colour_strength
        brightness, saturation, contrast = (
            torch.from_numpy(self.draws[:, i]).to(images).view(-1, 1, 1, 1) for i in range(3)
        )
        first = max(0, images.shape[1] - 3)
        x = images[:, first:] + strength * (brightness - 0.5)
        grey = x.mean(dim=1, keepdim=True)
        x = grey + (2 * strength * saturation + (1 - strength)) * (x - grey)
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = mean + (strength * contrast + (1 - strength / 2)) * (x - mean)
        return torch.cat([images[:, :first], x], dim=1) if first else x

    def _translate(self, images: Tensor) -> Tensor:
        """Shift by integer pixels; missing areas become mid-grey."""
        height, width = images.shape[2:]
        share = self.settings.translation
        downs = np.rint((2 * self.draws[:, 3] - 1) * share * height).astype(int)
        rights = np.rint((2 * self.draws[:, 4] - 1) * share * width).astype(int)
        most = math.ceil(share * max(height, width))
        padded = F.pad(images, (most, most, most, most))
        return cropped(padded, most - downs, most - rights, (height, width))

    def _cut_out(self, images: Tensor) -> Tensor:
        """Grey out a square with its centre anywhere in the image."""
        height, width = images.shape[2:]
        keep = np.ones((len(images), 1, height, width), np.float32)
        for mask, (y, x) in zip(keep, self.draws[:, 5:], strict=True):
            spans = []
            for centre, side in ((y * height, height), (x * width, width)):
                reach = self.settings.cutout * side / 2
                spans.append(slice(max(0, round(centre - reach)), round(centre + reach)))
            mask[:, spans[0], spans[1]] = 0
        return images * torch.from_numpy(keep).to(images)


@lru_cache(maxsize=4)  # real and generated images of a batch have the same views
def view_of(settings: DiscriminatorAugmentation, seed: int, first: int, count: int) -> View:
    """The view of images `first` to `first + count` of a run, each a function of its number."""
    numbers = range(first, first + count)
    draws = [generator_of(seed, Stream.AUGMENTATION, number).random(7) for number in numbers]
    return View(settings=settings, draws=np.stack(draws))


def cropped(
    images: Tensor, tops: NDArray[np.int64], lefts: NDArray[np.int64], size: tuple[int, int]
) -> Tensor:
    """A part of each image, its own for each, in a few operations for all of them.

    On a GPU, slicing the images one by one would take longer than all networks.

    Args:
        images: `[B, C, H, W]`.
        tops: `[B]`, the first row of each part.
        lefts: `[B]`, its first column.
        size: Height h and width w of the parts.

    Returns:
        `[B, C, h, w]`.
    """
    count, channels, _, width = images.shape
    rows = torch.from_numpy(tops[:, None] + np.arange(size[0])).to(images.device)
    columns = torch.from_numpy(lefts[:, None] + np.arange(size[1])).to(images.device)
    taken = images.gather(2, rows[:, None, :, None].expand(count, channels, size[0], width))
    return taken.gather(3, columns[:, None, None, :].expand(count, channels, *size))
