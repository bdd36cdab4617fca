"""The ResNet generator, the first one of the 2018 study."""

import torch
from torch import Tensor, nn

from limner.networks.config import Norm, ResNetConfig
from limner.networks.guidance import guided
from limner.networks.layers import SLOPE, AntiAlias, initialise, make_norm


class ResNet(nn.Module):
    """Sketch to photo, or photo to sketch: down, residual blocks at a quarter of the size, up.

    Johnson et al. 2016, *Perceptual Losses for Real-Time Style Transfer*, as Zhu et al. 2017,
    *Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks*, use it,
    with nearest-neighbour upsampling and a 3x3 convolution instead of a transposed one.
    Unlike the U-Net it has no skip connections: every detail must pass through its blocks.
    """

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        width, norm = config.width, config.norm
        self.enter = _single(config.channels, width, norm, side=7)
        self.down = nn.Sequential(
            _single(width, 2 * width, norm, stride=2),
            _single(2 * width, 4 * width, norm, stride=2),
        )
        blocks = [_Block(4 * width, norm) for _ in range(config.blocks)]
        self.blocks = nn.Sequential(*blocks)
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),
            _single(4 * width, 2 * width, norm),
            nn.Upsample(scale_factor=2, mode="nearest"),
            _single(2 * width, width, norm),
        )
        self.leave = nn.Conv2d(width, config.outputs, 7, padding=3)
        self.filter = AntiAlias(config.outputs) if config.antialias else nn.Identity()
        initialise(self)
        for block in blocks:
            # All branches together add a variance of one; else each would double it without a norm.
            nn.init.normal_(block.second.weight, std=(9 * 4 * width * config.blocks) ** -0.5)
        # Results near mid-grey at first, where tanh has its full slope.
        nn.init.normal_(self.leave.weight, std=0.1 / 7 * width**-0.5)

    def forward(
        self, x: Tensor, literal: Tensor | None = None, hints: Tensor | None = None
    ) -> Tensor:
        """`[B, inputs, H, W]` in [-1, 1] to `[B, outputs, H, W]` in (-1, 1).

        `literal` and `hints` as in `limner.networks.guidance.guided`.
        H and W must be multiples of 4.
        """
        x = self.blocks(self.down(self.enter(guided(self.config, x, literal, hints))))
        return torch.tanh(self.filter(self.leave(self.up(x))))


class _Block(nn.Module):
    """Two 3x3 convolutions with a skip connection."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.first = _single(channels, channels, norm)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = make_norm(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.second(self.first(x)))  # type: ignore[no-any-return]


def _single(
    inputs: int, outputs: int, norm: Norm, *, side: int = 3, stride: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, padding=side // 2),
        make_norm(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )
