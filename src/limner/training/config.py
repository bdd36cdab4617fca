"""Settings of a training run, in one frozen object.

No torch here: experiments, the command line and model files read it too.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast

from limner import settings
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.errors import UsageError
from limner.networks.config import (
    DiscriminatorConfig,
    GeneratorConfig,
    PatchGANConfig,
    ProjectedConfig,
    ResNetConfig,
    UNetConfig,
)
from limner.sharing import name_of
from limner.training.tables import (
    PAIRED,
    Augmentation,
    DiscriminatorAugmentation,
    Fine,
    Hands,
    Weights,
)

__all__ = [
    "FOLDERS",
    "MOST",
    "Augmentation",
    "Config",
    "DiscriminatorAugmentation",
    "Fine",
    "GANLoss",
    "Hands",
    "ObjectiveName",
    "Weights",
]

GANLoss = Literal["least-squares", "plain", "hinge"]
ObjectiveName = Literal["pix2pix", "cyclegan", "hybrid", "draughtsman"]
KINDS: dict[str, dict[str, type[Any]]] = {
    "generator": {"unet": UNetConfig, "resnet": ResNetConfig},
    "discriminator": {"patchgan": PatchGANConfig, "projected": ProjectedConfig},
}
"""What each kind of network is set by."""
GAN_LOSSES: dict[str, GANLoss] = {"patchgan": "least-squares", "projected": "hinge"}
"""What each kind of discriminator plays for unless something else is said."""
_AUTO = cast("GANLoss", "auto")
"""Becomes one of these: no config that was made has it."""
MOST = {"size": 4096, "batch": 65_536, "devices": 1024, "threads": 1024, "workers": 1024}
MOST |= {"seed": 2**63 - 1}
"""What a slip of the finger must not go beyond: more is started or drawn without end."""
_FREE_TABLES = frozenset({"sampling"})
"""Tables whose fields can have any name."""
RENAMED = {
    "average": "ema_half_life",
    "drawings": "sample_sketches",
    "pool": "image_pool",
    "reader": "reconstructor",
    "resident": "cache_on_device",
    "scored": "eval_images",
    "start": "init_from",
    "weights.mapping": "weights.identity_mapping",
}
"""What settings were called before; such names are read in files, and work for one release on the
command line, with a warning."""
FOLDERS = frozenset({"data", "sample_sketches", "init_from", "reconstructor"})
"""Settings that name folders and files of this machine."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run. `images` and every other count of progress is in training images seen."""

    experiment: str
    """Name of the experiment that this config came from."""
    objective: ObjectiveName = "pix2pix"
    """What is learnt: `pix2pix` learns from pairs that are made by sketching the photos, `cyclegan`
    from photos and hand-drawn sketches that have nothing to do with each other, `hybrid` from both.
    `draughtsman` learns the way back, photo to sketch, such that `reconstructor` makes the same
    person of its drawings again."""
    data: str = ""
    """Folder of the prepared set: photos, and sketches if the objective learns from them."""
    sampling: dict[str, float] = field(default_factory=dict)
    """How often photos of a source are shown, relative to the others: 1 for those not named.
    `--set sampling.SOURCE=0.5` shows those half as often."""
    smiling: float = 1.0
    """How often photos of smiling people are shown, relative to the others."""
    lift: bool = False
    """Lift dark photos by a gamma, halfway to mid-grey; those that are held out, too, as results
    are compared with them. It cannot tell a dark exposure from dark skin: leave it off where faces
    are well exposed."""
    sample_sketches: str = ""
    """Folder of a prepared set of hand-drawn sketches to show in the sample grids; '' for none."""
    init_from: str = ""
    """Run folder whose networks this run begins with, of the same shape, or an exported model file
    for its generator; '' for fresh ones. A U-Net of half the `size`, twice the `generator.width`
    and a `generator.depth` less grows: the run begins with its photos enlarged. A run
    of another objective gives those that both have, one with another kind of discriminator its
    generators: let the new discriminators learn first then, see `warm_up`."""
    reconstructor: str = ""
    """Exported model file of sketch to photo, which `draughtsman` draws for: it stays as it is."""
    size: int = 128
    """Side of the images in pixels."""
    generator: GeneratorConfig = field(default_factory=UNetConfig)
    """Of sketch to photo; the generator that goes back has the same settings, ends exchanged."""
    discriminator: DiscriminatorConfig = field(default_factory=PatchGANConfig)
    """`patchgan` judges pixels, `projected` judges features of a frozen network as well."""
    hinted: float = 0.5
    """Share of pairs of which a generator that takes in colour hints is told some colours."""
    weights: Weights = field(default_factory=Weights)
    hands: Hands = field(default_factory=Hands)
    augmentation: Augmentation = field(default_factory=Augmentation)
    discriminator_augmentation: DiscriminatorAugmentation = field(
        default_factory=DiscriminatorAugmentation
    )
    fine: Fine = field(default_factory=Fine)
    gan: GANLoss = _AUTO
    """GAN loss, `least-squares`, `plain` or `hinge`; `auto` becomes `hinge` for a projected
    discriminator and `least-squares` for a PatchGAN."""
    image_pool: int = 50
    """Generated pictures that are kept to show the discriminators of `cyclegan` and `hybrid` now
    and then instead of new ones, so that they forget nothing (Shrivastava et al. 2017); 0 for
    none."""
    images: int = 200_000
    """Length of the run."""
    batch: int = 16
    """Images to a step."""
    lr: float = 2e-4
    """Adam's learning rate."""
    discriminator_lr: float = 1.0
    """Learning rate of the discriminators, as a multiple of `lr`."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Adam's decay rates."""
    decay_from: float = 0.5
    """Share of the run after which the learning rate falls linearly to zero; 1 keeps it."""
    ema_half_life: float = 2_000.0
    """Half-life in images of the exponential moving average of the generators' weights."""
    clip: float = 0.0
    """Largest norm of a network's gradient at a step, longer ones are scaled down; 0 for any."""
    warm_up: int = 0
    """Images at the start of the run from which only the discriminators learn."""
    label_noise: float = 0.1
    """Standard deviation of the noise on the discriminators' labels."""
    label_flips: float = 0.01
    """Share of the discriminators' labels that are swapped."""
    seed: int = 0
    """All randomness derives from it and from the images seen."""
    save_every: int = 4_000
    """Images between two saves of the state, each with a sample grid."""
    snapshot_every: int = 40_000
    """Images between two snapshots of the averaged generators."""
    eval_images: int = 200
    """Held-out pictures of each kind that every snapshot is scored on; 0 for no scores."""
    patience: int = 0
    """Images without a better scored snapshot after which the run ends; 0 to go on to the end."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where it runs; `auto` takes the accelerator if there is one."""
    devices: int = 1
    """Processes on this machine that share each batch, on a GPU each, or on the cores of the CPU.
    Under torchrun, which may start them on several hosts, it is torchrun that says how many."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Of the arithmetic. `auto` keeps that of the state a run resumes from on the same kind
    of device; a new run takes bf16-mixed on GPUs that are made for it and on CPUs with AMX-BF16 or
    AVX512-BF16, on which it is about twice as fast, and 32-true elsewhere."""
    compile: Literal["auto", "off", "on", "graphs"] = "auto"
    """Let torch compile the networks; `auto` does on a GPU of CUDA. `graphs` makes CUDA graphs of
    them too, which pays where kernels are small."""
    threads: int = 0
    """CPU threads; 0 takes one per core. The last bits of a result depend on it."""
    workers: int = 0
    """Processes that draw the images ahead; 0 takes none on a CPU, which has enough to do, and one
    for each core that is left beside a GPU. No result depends on it."""
    cache_on_device: Literal["auto", "on", "off"] = "auto"
    """Keep all pictures on the device and turn them there, where no sketches are made of them
    (cyclegan); `auto` does on a GPU of CUDA if they take a quarter of its memory at most. Pixels
    differ by some grey levels from those that are turned on the CPU."""

    def __post_init__(self) -> None:
        if self.gan == _AUTO:
            object.__setattr__(self, "gan", GAN_LOSSES[self.discriminator.kind])
        for name in ("size", "images", "batch", "save_every", "snapshot_every", "devices"):
            settings.at_least(name, getattr(self, name), 1)
        counts = (
            "ema_half_life",
            "clip",
            "label_noise",
            "patience",
            "image_pool",
            "eval_images",
            "seed",
            "threads",
            "warm_up",
            "workers",
        )
        for name in counts:
            settings.at_least(name, getattr(self, name), 0)
        for name, most in MOST.items():
            settings.at_most(name, getattr(self, name), most)
        settings.at_least("smiling", self.smiling, 0)
        for source, weight in self.sampling.items():
            settings.at_least(f"sampling.{source}", weight, 0)
        for name in ("label_flips", "decay_from", "hinted"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"{name} is {value}; it must be between 0 and 1")
        if self.patience and not self.eval_images:
            raise UsageError(
                f"patience is {self.patience}, and eval_images is 0: nothing tells whether a "
                "snapshot is better; set eval_images to some hundred pictures"
            )
        for name in ("lr", "discriminator_lr"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be above 0")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"betas is {self.betas}; both must be at least 0 and below 1")
        settings.check_choices(self)
        self._check_networks()
        for name in PAIRED if self.objective == "cyclegan" else ():
            if weight := getattr(self.weights, name):
                raise UsageError(
                    f"weights.{name} is {weight}; it compares pairs, and the objective 'cyclegan' "
                    "has none: take 'hybrid', or 0"
                )
        if self.objective == "draughtsman":
            self._check_draughtsman()
        if self.cache_on_device == "on" and self.objective != "cyclegan":
            raise UsageError(
                f"cache_on_device is 'on', and the objective '{self.objective}' makes sketches of "
                "its photos, which is done on the CPU: take 'auto', and workers to draw ahead"
            )

    def _check_draughtsman(self) -> None:
        if self.hands != Hands():
            raise UsageError(
                f"hands.crude and hands.rough are {self.hands.crude} and {self.hands.rough}; the "
                "objective 'draughtsman' learns from one steady hand: leave both at 0"
            )
        if self.sample_sketches:
            raise UsageError(
                f"sample_sketches is {self.sample_sketches}; the objective 'draughtsman' makes "
                "drawings, and has no use for others: leave it out"
            )

    @property
    def direction(self) -> Direction:
        """Where the generator leads that snapshots are chosen by."""
        return PHOTO_TO_SKETCH if self.objective == "draughtsman" else SKETCH_TO_PHOTO

    def _check_networks(self) -> None:
        if (self.generator.inputs, self.generator.outputs) != (1, 3):
            raise UsageError(
                f"generator.inputs and generator.outputs are {self.generator.inputs} and "
                f"{self.generator.outputs}; it turns 1 channel of a sketch into 3 of a photo"
            )
        for name in ("literal", "hints"):
            if getattr(self.generator, name) and self.objective == "cyclegan":
                raise UsageError(
                    f"generator.{name} is on; it is learnt from pairs, and the objective "
                    "'cyclegan' has none: take 'hybrid', or leave it off"
                )
        crop = self.fine.crop
        if crop and (crop >= self.size or self.size % crop):
            raise UsageError(
                f"fine.crop is {crop}, and size is {self.size}; it must be a half of it, or "
                "another fraction without remainder"
            )
        if crop and self.objective == "draughtsman":
            raise UsageError(
                f"fine.crop is {crop}; the objective 'draughtsman' shows whole photos only: leave "
                "it at 0"
            )
        name, judged = ("size", self.size)
        if crop and isinstance(self.discriminator, ProjectedConfig):
            name, judged = ("fine.crop", crop)
        if judged < self.discriminator.least_size:
            raise UsageError(
                f"{name} is {judged}; with the discriminator '{self.discriminator.kind}' and its "
                f"strides {self.discriminator.strides} it must be at least "
                f"{self.discriminator.least_size}"
            )
        if self.size % self.generator.multiple:
            raise UsageError(
                f"size is {self.size}; the generator halves it again and again, so that it must be "
                f"a multiple of {self.generator.multiple}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values; `from_dict` turns them back."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]

    def to_share(self) -> dict[str, Any]:
        """As `to_dict`, for files that are shared: of absolute folders the name alone."""
        values = self.to_dict()
        return values | {name: name_of(values[name]) for name in FOLDERS if values[name]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The config that `to_dict` wrote.

        Raises:
            UsageError: A field is unknown, of the wrong type or out of range.
        """
        return settings.build(cls, settings.with_present_names(values, RENAMED))

    def with_settings(self, changes: list[str]) -> Self:
        """A copy with `field=value` settings applied, nested fields as `generator.width=24`.

        Another `generator.kind` or `discriminator.kind` brings that network's own defaults for its
        other settings, and the latter its own `gan`.

        Raises:
            UsageError: A setting has no `=`, names no field, or its value does not fit.
        """
        start = self
        changes = [settings.with_present_name(change, RENAMED) for change in changes]
        for change in changes:
            name, _, kind = change.partition("=")
            network, _, last = name.strip().partition(".")
            other = KINDS.get(network, {}).get(kind.strip()) if last == "kind" else None
            if other is not None and not isinstance(getattr(start, network), other):
                given: dict[str, Any] = {network: other()}
                if network == "discriminator":
                    given["gan"] = "auto"
                start = dataclasses.replace(start, **given)
        return self.from_dict(settings.change(start.to_dict(), changes, free=_FREE_TABLES))
