"""The U-Net generator of the 2018 study."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from limner.networks.config import Norm, UNetConfig
from limner.networks.guidance import guided
from limner.networks.layers import SLOPE, AntiAlias, initialise, make_norm


class UNet(nn.Module):
    """Sketch to photo, or photo to sketch.

    Ronneberger et al. 2015, *U-Net*, as modified in the 2018 study: padded convolutions, which keep
    the size; leaky ReLU; and nearest-neighbour upsampling followed by a 3x3 convolution instead of
    a transposed one, which avoids checkerboard artefacts (Odena et al. 2016, *Deconvolution and
    Checkerboard Artifacts*). The deepest level's convolutions are grouped.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * 2**level for level in range(config.depth + 1)]
        norm = config.norm

        self.enter = _double(config.channels, widths[0], norm)
        steps = list(pairwise(widths))
        groups = [1] * (config.depth - 1) + [config.groups]
        self.down = nn.ModuleList(
            nn.Sequential(nn.AvgPool2d(2), _double(above, below, norm, groups=count))
            for (above, below), count in zip(steps, groups, strict=True)
        )
        self.up = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), _single(below, above, norm))
            for above, below in reversed(steps)
        )
        self.merge = nn.ModuleList(
            _double(2 * width, width, norm) for width in reversed(widths[:-1])
        )
        self.leave = nn.Conv2d(widths[0], config.outputs, 1)
        self.filter = AntiAlias(config.outputs) if config.antialias else nn.Identity()
        initialise(self)
        # Results near mid-grey at first, where tanh has its full slope.
        nn.init.normal_(self.leave.weight, std=0.1 * config.width**-0.5)

    def forward(
        self, x: Tensor, literal: Tensor | None = None, hints: Tensor | None = None
    ) -> Tensor:
        """`[B, inputs, H, W]` in [-1, 1] to `[B, outputs, H, W]` in (-1, 1).

        `literal` and `hints` as in `limner.networks.guidance.guided`.
        H and W must be multiples of 2**depth.
        """
        x = self.enter(guided(self.config, x, literal, hints))
        kept = [x]
        for down in self.down:
            x = down(x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([up(x), kept.pop()], dim=1))
        return torch.tanh(self.filter(self.leave(x)))


def _single(inputs: int, outputs: int, norm: Norm, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups),
        make_norm(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


def _double(inputs: int, outputs: int, norm: Norm, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        _single(inputs, outputs, norm, groups), _single(outputs, outputs, norm, groups)
    )
