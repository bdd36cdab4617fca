"""Views of photos that are larger than frozen networks were made for.

These networks were trained on images of about 128 to 150 px. They see a larger photo twice: shrunk
to that size, and as a random crop of that size. The crop depends only on the seed and the image's
number, so it is the same for the real photo and the generated one.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from limner.training.config import Config
from limner.training.objectives.augmentation import cropped
from limner.training.randomness import Stream, generator_of

__all__ = ["downscaled", "multiscale", "views"]

Term = Callable[..., Tensor]


def views(config: Config, images: Tensor, first: int) -> tuple[Tensor, ...]:
    """The views of images `first` to `first + B` of a run that frozen networks see.

    Args:
        config: Of the run.
        images: `[B, C, S, S]`.
        first: Number of the first one.

    Returns:
        The images alone, or with c = `config.fine.crop`, the shrunk images and a crop of each, both
        `[B, C, c, c]`.
    """
    side = config.fine.crop
    if not side:
        return (images,)
    places = _places(config.seed, first, len(images), images.shape[-1] - side)
    crops = cropped(images, places[:, 0], places[:, 1], (side, side))
    return downscaled(config, images), crops


@lru_cache(maxsize=4)  # the same for real and generated images of a batch
def _places(seed: int, first: int, count: int, most: int) -> NDArray[np.int64]:
    """The top and left of the crops of images `first` to `first + count`: `[count, 2]`."""
    numbers = range(first, first + count)
    rngs = [generator_of(seed, Stream.CROP, number) for number in numbers]
    return np.stack([rng.integers(0, most + 1, 2) for rng in rngs])


def downscaled(config: Config, images: Tensor) -> Tensor:
    """Images `[B, C, S, S]` shrunk to the crop size for frozen networks, or unchanged."""
    side = config.fine.crop
    return F.avg_pool2d(images, images.shape[-1] // side) if side else images


def multiscale(
    term: Term,
    generated: Sequence[Tensor],
    truth: Sequence[Tensor],
    *,
    crops: bool,
    weight: Tensor | None = None,
    sharp: Tensor | None = None,
) -> Tensor:
    """A term that compares stages of features; with crops, the mean over both views.

    Args:
        term: From `limner.training.objectives.losses`; takes the stages of both and `weight`.
        generated: The stages of the images and, with `crops`, then those of the crops.
        truth: The same.
        crops: Whether there are crops.
        weight: `[B]`, weight of each image; None for 1.
        sharp: `[B]`, additional weight of each crop; None for 1. Unused without `crops`.
    """
    if not crops:
        return term(generated, truth, weight=weight)
    half = len(generated) // 2
    both = [one for one in (weight, sharp) if one is not None]
    fine = torch.stack(both).prod(dim=0) if both else None
    of_whole = term(generated[:half], truth[:half], weight=weight)
    return (of_whole + term(generated[half:], truth[half:], weight=fine)) / 2
