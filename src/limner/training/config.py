"""Everything that decides what a training run computes, in one frozen object.

No torch here: experiments, the command line and model files read it too.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from limner import settings
from limner.errors import UsageError
from limner.networks.config import PatchGANConfig, UNetConfig


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each term adds to the generator's loss; 0 leaves the term out."""

    adversarial: float = 1.0
    """Least-squares GAN loss (Mao et al. 2017)."""
    l1: float = 20.0
    """Mean absolute difference of the pixels, over an image pyramid."""
    gradient: float = 0.0
    """Mean absolute difference of horizontal and vertical differences: edges."""
    features: float = 10.0
    """Mean absolute difference of the discriminator's features (Wang et al. 2018, pix2pixHD)."""
    identity: float = 0.0
    """Squared distance of dlib's face descriptors. Its gradient is steep: 1 outweighs the rest."""

    def __post_init__(self) -> None:
        for name in ("adversarial", "l1", "gradient", "features", "identity"):
            settings.at_least(f"weights.{name}", getattr(self, name), 0)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random geometry of each photo before it is sketched, so that the pair stays a pair."""

    mirror: bool = True
    """Flip half of the photos left to right."""
    rotation: float = 4.0
    """Degrees, the largest turn either way."""
    scale: float = 0.06
    """The largest relative change of size either way."""
    shift: float = 0.03
    """The largest shift either way, as a share of the side."""

    def __post_init__(self) -> None:
        for name, most in (("rotation", 45), ("scale", 0.5), ("shift", 0.5)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"augmentation.{name} is {value}; 0 to {most} is possible")


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run. `images` and every other count of progress is in training images seen."""

    experiment: str
    """Name of the experiment that this config came from."""
    objective: Literal["pix2pix"] = "pix2pix"
    """What is learnt: `pix2pix` learns from pairs that are made by sketching the photos."""
    data: str = ""
    """Folder of the prepared set of photos."""
    drawings: str = ""
    """Folder of a prepared set of hand-drawn sketches to show in the sample grids; '' for none."""
    start: str = ""
    """Run folder whose networks this run begins with, of the same shape; '' for fresh ones."""
    size: int = 128
    """Side of the images in pixels."""
    generator: UNetConfig = field(default_factory=UNetConfig)
    discriminator: PatchGANConfig = field(default_factory=PatchGANConfig)
    weights: Weights = field(default_factory=Weights)
    augmentation: Augmentation = field(default_factory=Augmentation)
    images: int = 200_000
    """Length of the run."""
    batch: int = 16
    """Images to a step."""
    lr: float = 2e-4
    """Adam's learning rate, of both networks."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Adam's decay rates."""
    decay_from: float = 0.5
    """Share of the run after which the learning rate falls linearly to zero; 1 keeps it."""
    average: float = 2_000.0
    """Half-life in images of the averaged generator."""
    label_noise: float = 0.1
    """Standard deviation of the noise on the discriminator's labels."""
    label_flips: float = 0.01
    """Share of the discriminator's labels that are swapped."""
    seed: int = 0
    """All randomness derives from it and from the images seen."""
    save_every: int = 4_000
    """Images between two saves of the state, each with a sample grid."""
    snapshot_every: int = 40_000
    """Images between two snapshots of the averaged generator."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where it runs; `auto` takes the accelerator if there is one."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Of the arithmetic. On a CPU without AMX, 32-true is the faster one."""
    threads: int = 0
    """CPU threads; 0 takes one a core. The last bits of a result depend on it."""

    def __post_init__(self) -> None:
        for name in ("size", "images", "batch", "save_every", "snapshot_every"):
            settings.at_least(name, getattr(self, name), 1)
        for name in ("average", "label_noise", "threads", "seed"):
            settings.at_least(name, getattr(self, name), 0)
        for name in ("label_flips", "decay_from"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"{name} is {value}; a share between 0 and 1 is needed")
        if not self.lr > 0:
            raise UsageError(f"lr is {self.lr}; it must be above 0")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"betas is {self.betas}; both must be at least 0 and below 1")
        settings.check_choices(self)
        if (self.generator.inputs, self.generator.outputs) != (1, 3):
            raise UsageError(
                f"generator.inputs and generator.outputs are {self.generator.inputs} and "
                f"{self.generator.outputs}; pix2pix turns 1 channel of a sketch into 3 of a photo"
            )
        if self.size < 4 * 2**self.discriminator.strides:
            raise UsageError(
                f"size is {self.size}; with discriminator.strides {self.discriminator.strides} it "
                f"must be at least {4 * 2**self.discriminator.strides}"
            )
        step = 2**self.generator.depth
        if self.size % step:
            raise UsageError(
                f"size is {self.size}; with generator.depth {self.generator.depth} it must be a "
                f"multiple of {step}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values; `from_dict` turns them back."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The config that `to_dict` wrote.

        Raises:
            UsageError: A field is unknown, of the wrong type or out of range.
        """
        return settings.build(cls, values)

    def with_settings(self, changes: list[str]) -> Self:
        """A copy with `field=value` settings applied, nested fields as `generator.width=24`.

        Raises:
            UsageError: A setting has no `=`, names no field, or its value does not fit.
        """
        return self.from_dict(settings.change(self.to_dict(), changes))
