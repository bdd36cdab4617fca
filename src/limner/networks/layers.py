"""Building blocks of the networks."""

import torch
from torch import Tensor, nn

from limner.networks.config import Norm

SLOPE = 0.2
"""Slope of all leaky ReLUs."""


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
