"""The tables within a config of a training run. No torch here, as in `limner.training.config`."""

import dataclasses
from dataclasses import dataclass

from limner import settings
from limner.errors import UsageError

__all__ = ["PAIRED", "Augmentation", "DiscriminatorAugmentation", "Fine", "Hands", "Weights"]

PAIRED = ("identity", "perceptual", "face")
"""Weights, 0 by default, of terms that compare a generated photo with the ground truth."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of the terms of the generators' loss; 0 omits a term.

    An objective uses the terms that it has images for: `cycle` and `identity_mapping` need
    unpaired images, all others but the GAN losses and `grid` need pairs. In `draughtsman`, `l1`,
    `gradient` and `features` compare a sketch with the drawing of a steady hand; `cycle` (over an
    image pyramid), `perceptual`, `face` and `identity` compare the photo that `reconstructor` makes
    of the sketch with the original. If a sketch has a level of literalness (see
    `limner.training.feeding.batch.Batch.literal`), `l1`, `gradient`, `face` and `identity` are
    multiplied by it, and `perceptual` by 0.3 or more.
    """

    adversarial: float = 1.0
    """GAN loss: of both directions in `cyclegan` and `hybrid`, of the pairs in `pix2pix`."""
    paired_adversarial: float = 1.0
    """GAN loss of the pairs in `hybrid`."""
    cycle: float = 10.0
    """Cycle consistency: mean absolute pixel error, or see `cycle_distance`. Zhu et al. 2017 use 10
    with an adversarial term of 2: their least squares are not halved."""
    identity_mapping: float = 0.0
    """Identity loss: mean absolute pixel error (L1) of a generator whose input is already in its
    target domain, converted to grey or to three equal channels. It should stay unchanged."""
    l1: float = 20.0
    """Mean absolute pixel error (L1), over an image pyramid."""
    gradient: float = 0.0
    """Mean absolute error of horizontal and vertical differences: edges."""
    features: float = 10.0
    """Feature matching: mean absolute difference of the discriminator's features (Wang et al. 2018,
    pix2pixHD). Of a projected discriminator, the features of its PatchGAN, since `perceptual`
    compares the frozen ones."""
    perceptual: float = 0.0
    """Perceptual loss: mean absolute difference of the unit-normalised features of a network
    trained on ImageNet (Johnson et al. 2016; Zhang et al. 2018). About 4 with an adversarial term
    of 1. With a projected discriminator, it compares the augmented images that this one sees."""
    face: float = 0.0
    """The same for inner features of dlib's face descriptor. About 2 with an adversarial term of
    1."""
    hints: float = 0.0
    """Mean absolute colour error (L1) around colour hints, however literally the sketch is meant.
    In `pix2pix` and `hybrid`, for a generator that takes hints."""
    identity: float = 0.0
    """Squared distance of dlib's face descriptors. Its gradient is steep: 1 outweighs the rest."""
    grid: float = 0.0
    """Amplitude of a grid of 2 px that upsampling leaves in generated photos. About 40: a grid of
    0.3 grey levels, which nobody sees and spectra show, then costs 0.1. In `pix2pix` and
    `hybrid`."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"weights.{field_.name}", getattr(self, field_.name), 0)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """Drawing styles of the sketches in pairs; those neither crude nor rough are traced.

    See `limner.sketching.random_drawing`. Terms that compare a generated photo with the ground
    truth have less weight if the sketch is meant less literally.
    """

    crude: float = 0.0
    """Share of sketches as if drawn with a mouse: a few lines, features askew."""
    rough: float = 0.0
    """Share of sketches as if drawn by an unsteady, hatching hand."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"hands.{field_.name}", getattr(self, field_.name), 0)
        if self.crude + self.rough > 1:
            raise UsageError(
                f"hands.crude and hands.rough are {self.crude} and {self.rough}; their sum must be "
                "at most 1"
            )


@dataclass(frozen=True, kw_only=True)
class Fine:
    """Views for frozen networks of photos larger than the 128 to 150 px that they were made for.

    With a `crop`, a projected discriminator and the perceptual term see each photo twice: shrunk to
    `crop` px per side, and a random crop of that side at full resolution. There is a discriminator
    for each view. dlib's descriptor sees the shrunk photo. A PatchGAN still judges the photo at
    full resolution.
    """

    crop: int = 0
    """Side of the crops in pixels, which must divide `size`; 0 for none: photos are shown at full
    resolution."""
    eye_distance: float = 90.0
    """A photo's crops count if its outer eye corners were at least this many px apart in the
    original image, or if that is unknown: other photos were enlarged and have no fine detail. For
    a `size` of 256; it scales with `size`."""

    def __post_init__(self) -> None:
        for field_ in dataclasses.fields(self):
            settings.at_least(f"fine.{field_.name}", getattr(self, field_.name), 0)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random geometry of each image, and exposure of each photo, before it is sketched."""

    mirror: bool = True
    """Flip half of the images left to right."""
    rotation: float = 4.0
    """Maximum rotation either way, in degrees."""
    scale: float = 0.06
    """Maximum relative change of size either way."""
    shift: float = 0.03
    """Maximum shift either way, as a share of the side."""
    exposure: float = 0.0
    """Lighten photos by a random gamma from 1 - `exposure` to 1, mostly near 1: examples of bright
    photos for datasets that have few. Hue and saturation stay."""

    def __post_init__(self) -> None:
        for name, most in (("rotation", 45), ("scale", 0.5), ("shift", 0.5), ("exposure", 0.9)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"augmentation.{name} is {value}; it must be 0 to {most}")


@dataclass(frozen=True, kw_only=True)
class DiscriminatorAugmentation:
    """Differentiable augmentation of all images that discriminators see.

    It keeps a discriminator from memorising small datasets. Zhao et al. 2020, *Differentiable
    Augmentation for Data-Efficient GAN Training*, whose values are in brackets.
    """

    colour: bool = False
    """Change brightness, saturation and contrast (True)."""
    colour_strength: float = 1.0
    """Strength of these changes: 1 changes brightness by up to 0.5 either way and multiplies
    saturation by 0 to 2 (1); 0.4 changes it by up to 0.2 and multiplies by 0.6 to 1.4."""
    translation: float = 0.0
    """Maximum shift either way, as a share of the side (0.125)."""
    cutout: float = 0.0
    """Side of a square that is greyed out, as a share of the image's side (0.5)."""

    def __post_init__(self) -> None:
        for name in ("colour_strength", "translation", "cutout"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(
                    f"discriminator_augmentation.{name} is {value}; it must be between 0 and 1"
                )
