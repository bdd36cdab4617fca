"""Building blocks of the networks."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limner.networks.config import Norm

SLOPE = 0.2
"""Slope of all leaky ReLUs."""
_REACH = 4
"""Pixels on each side that `AntiAlias` takes into account."""


class PixelNorm(nn.Module):
    """Scales each pixel's feature vector to a mean square of one.

    Unlike instance normalisation it uses no other pixels, so the network cannot change the
    statistics of a complete channel with one bright spot (the "droplets" of Karras et al. 2020,
    *Analyzing and Improving the Image Quality of StyleGAN*, section 2). From Karras et al. 2018,
    *Progressive Growing of GANs*, equation 2.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, H, W]` to the same shape."""
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-6)


class AntiAlias(nn.Module):
    """Removes a grid of 2 px, and little else.

    Upsampling by nearest neighbours leaves copies of the spectrum of what it enlarges, of which
    later layers use some as detail; what is in phase with the pixels shows as a grid (Karras et
    al. 2021, *Alias-Free Generative Adversarial Networks*, section 2). This fixed filter, of 9 taps
    along each side, has the gain `1 - sin(w / 2) ** 8` for a frequency of `w` radians per pixel:
    0 at the highest, 0.94 at half of it.
    """

    taps: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        side = 2 * _REACH + 1
        # The binomial coefficients with alternating signs are sin(w / 2) ** 8, centred.
        taps = [
            -math.comb(side - 1, place) * (-1) ** place / 2 ** (side - 1) for place in range(side)
        ]
        taps[_REACH] += 1
        kernel = torch.tensor(taps).expand(channels, 1, 1, side).contiguous()
        self.register_buffer("taps", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, channels, H, W]` to the same shape; H and W of 5 at least."""
        x = F.pad(x, (_REACH,) * 4, mode="reflect")
        taps = self.taps.to(x.dtype)
        x = F.conv2d(x, taps.transpose(2, 3), groups=len(taps))
        return F.conv2d(x, taps, groups=len(taps))


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """The normalisation layer after a convolution with `channels` outputs."""
    match norm:
        case "none":
            return nn.Identity()
        case "pixel":
            return PixelNorm()
        case "instance":
            return nn.InstanceNorm2d(channels)


def initialise(network: nn.Module) -> None:
    """He initialisation for the leaky ReLU, biases zero.

    He et al. 2015, *Delving Deep into Rectifiers*: signals keep their variance through a network
    without normalisation. With the usual N(0, 0.02) of image translation they would fade.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, a=SLOPE, nonlinearity="leaky_relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
