"""The settings that rebuild a network. No torch here: experiments and model files read them too."""

from dataclasses import dataclass
from typing import Literal

from limner import settings
from limner.directions import CHANNELS
from limner.errors import UsageError

Norm = Literal["none", "pixel", "instance"]
NORMS: tuple[Norm, ...] = ("none", "pixel", "instance")
MOST_WIDTH = 4096
"""Channels at full resolution; far more than fits into memory."""
MOST_HALVINGS = 12
"""Of the largest image, with a side of 4096 px."""
MOST_BLOCKS = 256


@dataclass(frozen=True, kw_only=True)
class _Ends:
    """Inputs and outputs of a generator."""

    kind: str
    inputs: int = 1
    """Channels of the image: 1 for a sketch, 3 for a photo."""
    outputs: int = 3
    """Channels of the result: 3 for a photo, 1 for a sketch."""
    literal: bool = False
    """Take how literally a sketch is meant as one more input channel."""
    hints: bool = False
    """Take colour hints as four more input channels."""
    antialias: bool = False
    """Filter the result so that it has no grid of 2 px, see `limner.networks.layers.AntiAlias`."""

    @property
    def channels(self) -> int:
        """Number of all input channels, see `limner.networks.guidance`."""
        told = CHANNELS["literal"] * self.literal + CHANNELS["hints"] * self.hints
        return self.inputs + told


@dataclass(frozen=True, kw_only=True)
class UNetConfig(_Ends):
    """Settings of the generator `limner.networks.UNet`."""

    kind: Literal["unet"] = "unet"
    width: int = 32
    """Channels at full resolution; each level down doubles them."""
    depth: int = 4
    """Levels down. The sides of an image must be multiples of 2**depth."""
    groups: int = 4
    """Groups of the convolutions in the bottleneck, the deepest level."""
    norm: Norm = "none"
    """Normalisation after each convolution. `instance` leaves dark droplets in flat areas."""

    def __post_init__(self) -> None:
        for field in ("inputs", "outputs", "width", "depth", "groups"):
            settings.at_least(f"generator.{field}", getattr(self, field), 1)
        settings.at_most("generator.width", self.width, MOST_WIDTH)
        settings.at_most("generator.depth", self.depth, MOST_HALVINGS)
        entering = self.width * 2 ** (self.depth - 1)
        if entering % self.groups:
            raise UsageError(
                f"generator.groups is {self.groups}, which does not divide the {entering} channels "
                f"that enter the bottleneck (width x 2**(depth - 1))"
            )
        check_norm("generator", self.norm)

    @property
    def multiple(self) -> int:
        """The sides of an image must be multiples of this."""
        return 1 << self.depth


@dataclass(frozen=True, kw_only=True)
class ResNetConfig(_Ends):
    """Settings of the generator `limner.networks.ResNet`."""

    kind: Literal["resnet"] = "resnet"
    width: int = 64
    """Channels at full resolution; each of the two levels down doubles them."""
    blocks: int = 6
    """Residual blocks at a quarter of the resolution."""
    norm: Norm = "instance"
    """Normalisation after each convolution. `instance` leaves dark droplets in flat areas."""

    def __post_init__(self) -> None:
        for field in ("inputs", "outputs", "width", "blocks"):
            settings.at_least(f"generator.{field}", getattr(self, field), 1)
        settings.at_most("generator.width", self.width, MOST_WIDTH)
        settings.at_most("generator.blocks", self.blocks, MOST_BLOCKS)
        check_norm("generator", self.norm)

    @property
    def multiple(self) -> int:
        """The sides of an image must be multiples of this."""
        return 4


GeneratorConfig = UNetConfig | ResNetConfig
"""Settings of either generator; `kind` selects it in files and on the command line."""


@dataclass(frozen=True, kw_only=True)
class PatchGANConfig:
    """Settings of the discriminator `limner.networks.PatchGAN`."""

    kind: Literal["patchgan"] = "patchgan"
    width: int = 64
    """Channels after the first convolution; each stride doubles them, up to 8 x width."""
    strides: int = 3
    """Convolutions of stride 2. Three give a receptive field of 70x70 pixels."""
    norm: Norm = "instance"
    """Normalisation after each convolution but the first and the last."""
    whole: bool = False
    """Judge the complete image, as DiscoGAN does, instead of patches. It needs log2(size / 4)
    strides: 5 for 128 px."""

    def __post_init__(self) -> None:
        for field in ("width", "strides"):
            settings.at_least(f"discriminator.{field}", getattr(self, field), 1)
        settings.at_most("discriminator.width", self.width, MOST_WIDTH)
        settings.at_most("discriminator.strides", self.strides, MOST_HALVINGS)
        check_norm("discriminator", self.norm)

    @property
    def least_size(self) -> int:
        """Minimum side of images in pixels."""
        return 4 << self.strides

    @property
    def receptive_field(self) -> int:
        """Side in pixels of the patch that one output judges: 16, 34, 70 for 1 to 3 strides.

        Not defined for a discriminator that judges the `whole` image.
        """
        field = 7  # two 4x4 convolutions of stride 1 end the network: 4 + 3
        for _ in range(self.strides):
            field = 2 * field + 2
        return field


@dataclass(frozen=True, kw_only=True)
class ProjectedConfig:
    """Settings of the discriminator `limner.networks.Projected`."""

    kind: Literal["projected"] = "projected"
    width: int = 64
    """Channels of the heads that judge features."""
    patch_width: int = 32
    """Channels after the first convolution of the PatchGAN that judges pixels; each further
    stride doubles them, up to 8 x patch_width."""
    strides: int = 3
    """Convolutions of stride 2 of that PatchGAN. Three give a receptive field of 38x38 pixels."""

    def __post_init__(self) -> None:
        for field in ("width", "patch_width", "strides"):
            settings.at_least(f"discriminator.{field}", getattr(self, field), 1)
        for field in ("width", "patch_width"):
            settings.at_most(f"discriminator.{field}", getattr(self, field), MOST_WIDTH)
        settings.at_most("discriminator.strides", self.strides, MOST_HALVINGS)

    @property
    def least_size(self) -> int:
        """Minimum side of images in pixels, at which the coarsest features have a side of 1."""
        return max(32, 4 << self.strides)


DiscriminatorConfig = PatchGANConfig | ProjectedConfig
"""Settings of either discriminator; `kind` selects it, as for generators."""


def check_norm(network: str, norm: str) -> None:
    """Raise `UsageError` unless `norm` is valid."""
    if norm not in NORMS:
        raise UsageError(f"{network}.norm is {norm!r}; choose from {', '.join(NORMS)}")
