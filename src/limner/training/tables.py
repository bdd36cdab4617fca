"""The tables within a config of a training run. No torch here, as in `limner.training.config`."""

import dataclasses
from dataclasses import dataclass

from limner import settings
from limner.errors import UsageError

__all__ = ["PAIRED", "Augmentation", "DiscriminatorAugmentation", "Fine", "Hands", "Weights"]

PAIRED = ("identity", "perceptual", "face")
"""Weights of terms that compare a generated photo with the ground truth, and are 0 by default."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each term adds to the generators' loss; 0 leaves the term out.

    An objective takes the terms that it has pictures for: `cycle` and `identity_mapping` need
    unpaired ones, all others but the GAN losses need pairs. In `draughtsman`, `l1`, `gradient` and
    `features` compare a drawing with that of a steady hand; `cycle` (over an image pyramid),
    `perceptual`, `face` and `identity` compare the photo that `reader` makes of it with the one
    that was drawn. Where a sketch says how literally it is meant (see
    `limner.training.feeding.batch.Batch.literal`), `l1`, `gradient`, `face` and `identity` count
    that much, and `perceptual` at least 0.3.
    """

    adversarial: float = 1.0
    """GAN loss: of both directions in `cyclegan` and `hybrid`, of the pairs in `pix2pix`."""
    paired_adversarial: float = 1.0
    """GAN loss of the pairs in `hybrid`."""
    cycle: float = 10.0
    """Mean absolute difference of the pixels after there and back. The cycles of Zhu et al. 2017
    weigh 10 beside an adversarial term of 2: their least squares are not halved."""
    identity_mapping: float = 0.0
    """Mean absolute difference of the pixels when a generator is given what it is to make, in
    grey or in three times the same channel: that is to stay as it is ("identity loss")."""
    l1: float = 20.0
    """Mean absolute difference of the pixels, over an image pyramid."""
    gradient: float = 0.0
    """Mean absolute difference of horizontal and vertical differences: edges."""
    features: float = 10.0
    """Mean absolute difference of the discriminator's features (Wang et al. 2018, pix2pixHD); of
    a projected one those of its PatchGAN, for `perceptual` compares the frozen ones."""
    perceptual: float = 0.0
    """Perceptual loss: mean absolute difference of the unit-normalised features of a network
    trained on ImageNet (Johnson et al. 2016; Zhang et al. 2018). About 4 next to an adversarial
    term of 1. With a projected discriminator it is that of the images as it was shown them."""
    face: float = 0.0
    """The same for inner features of dlib's face descriptor. About 2 next to such a term."""
    identity: float = 0.0
    """Squared distance of dlib's face descriptors. Its gradient is steep: 1 outweighs the rest."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"weights.{field_.name}", getattr(self, field_.name), 0)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """How photos are drawn for pairs; what is neither crude nor rough is traced.

    See `limner.sketching.random_drawing`. Terms that compare a generated photo with the ground
    truth count less where the drawing was meant less literally.
    """

    crude: float = 0.0
    """Share of drawings as with a mouse: a few lines, features askew."""
    rough: float = 0.0
    """Share of drawings as by an unsteady, hatching hand."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"hands.{field_.name}", getattr(self, field_.name), 0)
        if self.crude + self.rough > 1:
            raise UsageError(
                f"hands.crude and hands.rough are {self.crude} and {self.rough}; they must be at "
                "most 1 together"
            )


@dataclass(frozen=True, kw_only=True)
class Fine:
    """How frozen networks look at photos larger than the 128 to 150 px that they were made for.

    With a `crop`, a projected discriminator and the perceptual term are shown each photo twice:
    whole, shrunk to `crop` px per side, and a random crop of that side at full size. There is a
    discriminator for either. dlib's descriptor is shown the whole photo, shrunk. A PatchGAN judges
    the photo at full size as ever.
    """

    crop: int = 0
    """Side of the crops in pixels, a fraction of `size` without remainder; 0 for none: photos are
    shown at full size."""
    eye_distance: float = 90.0
    """A photo's crops count if its outer eye corners were that many px apart in the picture that it
    was cut from, or nobody knows: others were enlarged and have no fine detail. It is said of a
    `size` of 256 and scales with it."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"fine.{field_.name}", getattr(self, field_.name), 0)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random geometry of each picture, and light of each photo, before it is sketched."""

    mirror: bool = True
    """Flip half of the pictures left to right."""
    rotation: float = 4.0
    """Degrees, the largest turn either way."""
    scale: float = 0.06
    """The largest relative change of size either way."""
    shift: float = 0.03
    """The largest shift either way, as a share of the side."""
    exposure: float = 0.0
    """How much lighter photos are shown at most: by a gamma between 1 and 1 less this, mostly near
    1. Where few photos are bright, bright ones are learnt from these."""

    def __post_init__(self) -> None:
        for name, most in (("rotation", 45), ("scale", 0.5), ("shift", 0.5), ("exposure", 0.9)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"augmentation.{name} is {value}; it must be 0 to {most}")


@dataclass(frozen=True, kw_only=True)
class DiscriminatorAugmentation:
    """Random changes of all that discriminators see, through which gradients flow.

    A discriminator of few pictures learns them by heart; this keeps it from that. Zhao et al. 2020,
    *Differentiable Augmentation for Data-Efficient GAN Training*, whose figures are in brackets.
    """

    colour: bool = False
    """Change brightness, saturation and contrast (True)."""
    colour_strength: float = 1.0
    """How much of these changes: 1 changes brightness by up to 0.5 either way and multiplies
    saturation by 0 to 2 (1); 0.4 changes it by up to 0.2 and multiplies by 0.6 to 1.4."""
    translation: float = 0.0
    """The largest shift either way, as a share of the side (0.125)."""
    cutout: float = 0.0
    """Side of a square that is greyed out, as a share of the image's (0.5)."""

    def __post_init__(self) -> None:
        for name in ("colour_strength", "translation", "cutout"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(
                    f"discriminator_augmentation.{name} is {value}; a share between 0 and 1 is "
                    "needed"
                )
