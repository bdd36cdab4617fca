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
"""Classes of settings of each kind of network."""
GAN_LOSSES: dict[str, GANLoss] = {"patchgan": "least-squares", "projected": "hinge"}
"""Default GAN loss of each kind of discriminator."""
_AUTO = cast("GANLoss", "auto")
"""Replaced by one of these when a config is built."""
MOST = {"size": 4096, "batch": 65_536, "devices": 1024, "threads": 1024, "workers": 1024}
MOST |= {"seed": 2**63 - 1}
"""Upper limits, against typos: with more, starting or drawing would never end."""
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
"""Former names of settings. They are read in files, and work for one release on the command line,
with a warning."""
FOLDERS = frozenset({"data", "sample_sketches", "init_from", "reconstructor"})
"""Settings that are paths on this machine."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run. `images` and all other counts of progress are training images seen."""

    experiment: str
    """Name of the experiment that this config came from."""
    objective: ObjectiveName = "pix2pix"
    """What is learnt: `pix2pix` learns from synthetic pairs, made by sketching the photos,
    `cyclegan` from unpaired photos and hand-drawn sketches, `hybrid` from both. `draughtsman`
    learns the other direction, photo to sketch, so that `reconstructor` recovers the same person
    from its drawings."""
    data: str = ""
    """Folder of a dataset made by `limner prepare`: photos, and sketches if the objective needs
    them."""
    sampling: dict[str, float] = field(default_factory=dict)
    """How often photos of a source are shown, relative to the others: 1 for those not named.
    `--set sampling.SOURCE=0.5` shows those half as often."""
    smiling: float = 1.0
    """How often photos of smiling people are shown, relative to the others."""
    lift: bool = False
    """Lighten dark photos by a gamma, halfway to mid-grey; held-out photos too, since results are
    compared with them. It cannot distinguish a dark exposure from dark skin: leave it off if faces
    are well exposed."""
    sample_sketches: str = ""
    """Folder of a dataset of hand-drawn sketches to show in the sample grids; '' for none."""
    init_from: str = ""
    """Run folder to take the initial networks from, of the same shape, or an exported model (a
    file, or the name of a shipped one) for its generator; '' for random ones. A U-Net of half the
    `size`, with twice the `generator.width` and a `generator.depth` lower by one, grows: the run
    begins with its photos enlarged. A run of another objective provides the networks that both
    have. A run with another kind of discriminator provides its generators: then train the new
    discriminators alone first, see `warm_up`."""
    reconstructor: str = ""
    """Exported sketch-to-photo model, which `draughtsman` draws for: a file, or the name of a
    shipped one. It stays frozen."""
    size: int = 128
    """Side of the images in pixels."""
    generator: GeneratorConfig = field(default_factory=UNetConfig)
    """Of sketch to photo; the other direction has the same settings with the ends swapped."""
    discriminator: DiscriminatorConfig = field(default_factory=PatchGANConfig)
    """`patchgan` judges pixels, `projected` also judges features of a frozen network."""
    hinted: float = 0.5
    """Share of pairs with colour hints, for a generator that takes them."""
    recoloured: float = 0.0
    """Share of the photos with hints that become lighter or darker, in warmer or colder light,
    after they were sketched, so that the generator trusts the hints where the tone of a sketch or
    the usual colour of skin says otherwise."""
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
    cycle_distance: Literal["l1", "l2"] = "l1"
    """Distance of the cycle loss: mean absolute error (Zhu et al. 2017), or mean squared error
    (DiscoGAN, Kim et al. 2017)."""
    image_pool: int = 50
    """Generated images that are kept and shown again to the discriminators of `cyclegan` and
    `hybrid`, so that they do not forget (Shrivastava et al. 2017); 0 for none."""
    images: int = 200_000
    """Length of the run."""
    batch: int = 16
    """Images per step."""
    lr: float = 2e-4
    """Adam's learning rate."""
    discriminator_lr: float = 1.0
    """Learning rate of the discriminators, as a multiple of `lr`."""
    betas: tuple[float, float] = (0.5, 0.9)
    """Adam's decay rates."""
    decay_from: float = 0.5
    """Share of the run after which the learning rate falls linearly to zero; 1 keeps it
    constant."""
    decay_by: Literal["images", "time"] = "images"
    """What share of a run is over: of its `images`, or of the time of `--for`, if that is more. Use
    `time` on a rented GPU whose rate is not known beforehand. Such a run cannot be repeated
    exactly, and resuming it starts the time again."""
    ema_half_life: float = 2_000.0
    """Half-life in images of the exponential moving average of the generators' weights."""
    clip: float = 0.0
    """Maximum norm of a network's gradient, which is scaled down if larger; 0 for no limit."""
    warm_up: int = 0
    """Images at the start of the run from which only the discriminators learn."""
    label_noise: float = 0.1
    """Standard deviation of the noise on the discriminators' labels."""
    label_flips: float = 0.01
    """Share of the discriminators' labels that are swapped."""
    seed: int = 0
    """All randomness derives from it and from the images seen."""
    save_every: int = 4_000
    """Images between two checkpoints, each with a sample grid."""
    snapshot_every: int = 40_000
    """Images between two snapshots of the EMA generators."""
    eval_images: int = 200
    """Held-out images of each kind that every snapshot is scored on; 0 for no scores."""
    patience: int = 0
    """Early stopping: images without a better snapshot after which the run ends; 0 for never."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where it runs; `auto` takes the accelerator if there is one."""
    devices: int = 1
    """Processes on this machine that share each batch, one per GPU, or sharing the CPU's cores.
    Under torchrun, which can start them on several hosts, torchrun sets their number."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Arithmetic precision. `auto` keeps that of the checkpoint if a run resumes on the same kind
    of device. A new run takes bf16-mixed on GPUs that support it and on CPUs with AMX-BF16 or
    AVX512-BF16, where it is about twice as fast, and 32-true elsewhere."""
    compile: Literal["auto", "off", "on", "graphs"] = "auto"
    """Let torch compile the networks; `auto` does so on a CUDA GPU. `graphs` also makes CUDA graphs
    of them, which helps if kernels are small."""
    threads: int = 0
    """CPU threads; 0 takes one per core. The last bits of a result depend on it."""
    workers: int = 0
    """Processes that prefetch the images; 0 takes none on a CPU, which is busy with training, and
    one per remaining core with a GPU. No result depends on it."""
    cache_on_device: Literal["auto", "on", "off"] = "auto"
    """Keep all images on the device and augment them there, if no sketches are made of them
    (cyclegan); `auto` does so on a CUDA GPU if they take at most a quarter of its memory. Pixels
    differ by some grey levels from those augmented on the CPU."""

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
        for name in ("label_flips", "decay_from", "hinted", "recoloured"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"{name} is {value}; it must be between 0 and 1")
        if self.patience and not self.eval_images:
            raise UsageError(
                f"patience is {self.patience}, and eval_images is 0: without scores no snapshot is "
                "better than another; set eval_images to a few hundred"
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
                    "has none: use 'hybrid', or set it to 0"
                )
        if self.objective == "draughtsman":
            self._check_draughtsman()
        if self.cache_on_device == "on" and self.objective != "cyclegan":
            raise UsageError(
                f"cache_on_device is 'on', and the objective '{self.objective}' makes sketches of "
                "its photos, on the CPU: set it to 'auto', and use workers to prefetch"
            )

    def _check_draughtsman(self) -> None:
        if self.hands != Hands():
            raise UsageError(
                f"hands.crude and hands.rough are {self.hands.crude} and {self.hands.rough}; the "
                "objective 'draughtsman' learns from one steady hand: leave both at 0"
            )
        if self.sample_sketches:
            raise UsageError(
                f"sample_sketches is {self.sample_sketches}; the objective 'draughtsman' takes "
                "photos, not sketches: leave it out"
            )

    @property
    def direction(self) -> Direction:
        """Direction of the generator that snapshots are chosen by."""
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
                    "'cyclegan' has none: use 'hybrid', or leave it off"
                )
        crop = self.fine.crop
        if crop and (crop >= self.size or self.size % crop):
            raise UsageError(
                f"fine.crop is {crop}, and size is {self.size}; it must be smaller than size and "
                "divide it"
            )
        if crop and self.objective == "draughtsman":
            raise UsageError(
                f"fine.crop is {crop}; the objective 'draughtsman' shows complete photos only: "
                "leave it at 0"
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
                f"size is {self.size}; the generator halves it repeatedly, so it must be a "
                f"multiple of {self.generator.multiple}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values; `from_dict` turns them back."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]

    def to_share(self) -> dict[str, Any]:
        """As `to_dict`, for files that are shared: absolute paths are cut to their last name."""
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

        A new `generator.kind` or `discriminator.kind` resets that network's other settings to their
        defaults, and a new `discriminator.kind` also resets `gan`.

        Raises:
            UsageError: A setting has no `=`, names an unknown field, or has an invalid value.
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
