"""A generator's input channels: the image, how literally it is meant, and colour hints."""

import torch
from torch import Tensor

from limner.directions import CHANNELS
from limner.networks.config import GeneratorConfig

__all__ = ["guided"]


def guided(
    config: GeneratorConfig, x: Tensor, literal: Tensor | None = None, hints: Tensor | None = None
) -> Tensor:
    """All input channels of a generator with these settings.

    Args:
        config: Its settings.
        x: `[B, inputs, H, W]` in [-1, 1].
        literal: `[B]` in 0..1, how literally each sketch is meant (the level of Yang et al. 2020,
            *Deep Plastic Surgery*); None for 1. Unused unless `config.literal`.
        hints: `[B, 4, H, W]`: red, green and blue in [-1, 1], zero where there is no hint, and a
            mask of 0 and 1 (Zhang et al. 2017, *Real-Time User-Guided Image Colorization*); None
            for no hints. Unused unless `config.hints`.

    Returns:
        `[B, config.channels, H, W]` in [-1, 1].
    """
    count, _, height, width = x.shape
    channels = [x]
    if config.literal:
        level = x.new_ones(count) if literal is None else literal.to(x.dtype)
        channels.append((2 * level - 1)[:, None, None, None].expand(-1, 1, height, width))
    if config.hints:
        if hints is None:
            hints = x.new_zeros(count, CHANNELS["hints"], height, width)
        channels.append(hints.to(x.dtype))
    return torch.cat(channels, dim=1) if len(channels) > 1 else x
