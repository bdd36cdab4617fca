"""The PatchGAN discriminator."""

from itertools import pairwise

from torch import Tensor, nn

from limner.networks.config import PatchGANConfig
from limner.networks.layers import SLOPE, initialise, make_norm


class PatchGAN(nn.Module):
    """Judges patches, not images: each output sees `config.receptive_field` pixels squared.

    Isola et al. 2017, *Image-to-Image Translation with Conditional Adversarial Networks*,
    appendix 6.1.2: 4x4 convolutions, three of stride 2 and two of stride 1.

    With `config.whole` there is one output for the complete image instead: convolutions of stride 2
    down to 4x4, and a 4x4 convolution. Kim et al. 2017, *Learning to Discover Cross-Domain
    Relations with Generative Adversarial Networks* (DiscoGAN), section 3.3.
    """

    def __init__(self, config: PatchGANConfig, inputs: int) -> None:
        """`inputs` channels are judged: the photo's and, for pairs, the sketch's."""
        super().__init__()
        self.config = config
        levels = config.strides + (0 if config.whole else 1)
        widths = [config.width * min(2**level, 8) for level in range(levels)]
        stages = [
            nn.Sequential(
                nn.Conv2d(inputs, widths[0], 4, stride=2, padding=1),
                nn.LeakyReLU(SLOPE, inplace=True),
            )
        ]
        for level, (above, below) in enumerate(pairwise(widths), start=1):
            stride = 2 if level < config.strides else 1
            stages += [
                nn.Sequential(
                    nn.Conv2d(above, below, 4, stride=stride, padding=1),
                    make_norm(config.norm, below),
                    nn.LeakyReLU(SLOPE, inplace=True),
                )
            ]
        self.stages = nn.ModuleList(stages)
        # The pooling does not change 4x4 inputs, and admits images of any other size.
        self.gather = nn.AdaptiveAvgPool2d(4) if config.whole else nn.Identity()
        self.judge = nn.Conv2d(widths[-1], 1, 4, padding=0 if config.whole else 1)
        initialise(self)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """`[B, inputs, H, W]` in [-1, 1] to scores `[B, 1, h, w]` and the features of each stage.

        h and w are 1 with `config.whole`. Scores are unbounded; the loss defines their meaning
        (least squares: 1 real, 0 fake).
        """
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.judge(self.gather(x)), features
