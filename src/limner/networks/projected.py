"""Projected discriminator: judges features of a network trained on ImageNet, and pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from limner.networks.config import ProjectedConfig
from limner.networks.efficientnet import CHANNELS, EfficientNetLite0
from limner.networks.layers import SLOPE, initialise

__all__ = ["Projected", "TwoScales"]


class Projected(nn.Module):
    """A head for each stage of frozen features, and a small PatchGAN for the pixels.

    Sauer et al. 2021, *Projected GANs Converge Faster*, section 3: features of a frozen network,
    mixed by random 1x1 convolutions that are frozen too, and a discriminator for each of them.
    Kumari et al. 2022, *Ensembling Off-the-shelf Models for GAN Training*, also keep a
    discriminator of the pixels. All trained convolutions have spectral normalisation (Miyato et al.
    2018, *Spectral Normalization for Generative Adversarial Networks*).
    """

    def __init__(
        self, config: ProjectedConfig, features: EfficientNetLite0, *, condition: int, judged: int
    ) -> None:
        """A fresh one.

        Args:
            config: Its settings.
            features: The frozen network. It is shared with others, so it is not part of this module
                and its state.
            condition: Channels of the sketch that the images were made from; 0 for none.
            judged: Channels of the images that are judged, 1 or 3.
        """
        super().__init__()
        self.config = config
        self.condition = condition
        self._frozen = (features,)  # in a tuple, where torch finds no submodules
        self.heads = nn.ModuleList(
            _Head(channels, config.width, condition) for channels in CHANNELS
        )
        widths = [config.patch_width * min(2**level, 8) for level in range(config.strides)]
        before = [condition + judged, *widths[:-1]]
        self.patches = nn.ModuleList(
            nn.Sequential(
                _normed(nn.Conv2d(above, below, 4, stride=2, padding=1)),
                nn.LeakyReLU(SLOPE, inplace=True),
            )
            for above, below in zip(before, widths, strict=True)
        )
        self.judge = _normed(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Score images.

        Args:
            x: `[B, condition + judged, H, W]` in [-1, 1]: the sketch, if there is one, and the
                image.

        Returns:
            The unbounded scores `[B, 1, h, w]` of each head, those of the pixels last; the stages
            of the PatchGAN, `[B, C, h, w]` each; and the frozen features of the image, for losses.
        """
        sketch, image = x[:, : self.condition], x[:, self.condition :]
        described = self._frozen[0](image)
        scores = [head(one, sketch) for head, one in zip(self.heads, described, strict=True)]
        stages = []
        for stage in self.patches:
            x = stage(x)
            stages.append(x)
        return [*scores, self.judge(x)], stages, described


class TwoScales(nn.Module):
    """Two such discriminators: one of shrunk images, and one of crops at full resolution.

    Each has to learn only one scale, like the discriminators of Wang et al. 2018 (pix2pixHD).
    """

    def __init__(self, coarse: Projected, fine: Projected) -> None:
        super().__init__()
        self.coarse = coarse
        self.fine = fine

    def forward(
        self, images: Tensor, crops: Tensor
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """`Projected.forward` of both, `[B, condition + judged, H, W]`; those of the crops last."""
        of_images, of_crops = self.coarse(images), self.fine(crops)
        scores, stages, seen = (a + b for a, b in zip(of_images, of_crops, strict=True))
        return scores, stages, seen


class _Head(nn.Module):
    """Judges one stage of the features together with the sketch."""

    def __init__(self, channels: int, width: int, condition: int) -> None:
        super().__init__()
        self.mix: Tensor
        # A buffer: it is saved but not optimised.
        mix = torch.empty(width, channels, 1, 1).uniform_(-1, 1) * channels**-0.5
        self.register_buffer("mix", mix)
        self.first = _normed(nn.Conv2d(width + condition, width, 3, padding=1))
        self.second = _normed(nn.Conv2d(width, width, 3, padding=1))
        self.judge = _normed(nn.Conv2d(width, 1, 1))

    def forward(self, features: Tensor, sketch: Tensor) -> Tensor:
        x = F.conv2d(features, self.mix)
        if sketch.shape[1]:
            shrunken = F.adaptive_avg_pool2d(sketch, x.shape[2:])  # type: ignore[arg-type]
            x = torch.cat([x, shrunken.to(x.dtype)], dim=1)
        x = F.leaky_relu(self.first(x), SLOPE)
        x = F.leaky_relu(self.second(x), SLOPE)
        return self.judge(x)  # type: ignore[no-any-return]


def _normed(convolution: nn.Conv2d) -> nn.Module:
    initialise(convolution)
    return spectral_norm(convolution)
