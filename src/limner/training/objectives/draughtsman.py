"""Photo to sketch: sketches from which the photo can be reconstructed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from limner import settings
from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.errors import ModelError, UsageError
from limner.networks.generator import make_generator, turned
from limner.sketching import steady_drawing
from limner.training.config import KINDS, Config
from limner.training.exported import path_of, read_model
from limner.training.feeding.batch import Batch
from limner.training.feeding.pictures import TrainingImages, jitter
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.losses import (
    feature_l1,
    gradient_l1,
    identity,
    perceptual,
    pyramid_l1,
)
from limner.training.objectives.objective import (
    DiscriminatorTrainer,
    Objective,
    Scores,
    TrainedNetwork,
    descend,
    mean_score,
    warming_up,
)
from limner.training.randomness import Stream, generator_of

__all__ = ["Draughtsman", "DrawnImages", "degraded", "load_reconstructor", "reconstructors_of"]

_GRAIN = 0.12
"""Standard deviation of the noise on the reconstructor's input, of a range of 2."""
_SOFT = 0.5
"""Share of these inputs with half the resolution."""


class DrawnImages(TrainingImages):
    """Photos, each with a drawing of it by the same steady hand."""

    def __getitem__(self, number: int) -> dict[str, NDArray[Any]]:
        """Image `number`: `photo` `[size, size, 3]` and `sketched` `[size, size]`."""
        rng = generator_of(self.seed, Stream.PHOTO, number)
        photo = jitter(self.photos[number], self.size, self.augmentation, rng)
        return {"photo": photo, "sketched": steady_drawing(photo)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """Generated sketches of a batch of photos, and their loss terms."""

    terms: dict[str, Tensor]
    """Unweighted; gradients lead to the generator."""
    loss: Tensor
    """Their weighted sum."""
    made: Tensor
    """(photo, generated sketch) pairs, `[B, 3 + 1, H, W]`."""
    real_scores: Scores
    """The discriminator's scores of the pairs with the steady hand's drawing."""
    made_scores: Scores


class Draughtsman:
    """A generator of sketches, a discriminator of (photo, sketch) pairs, and a reconstructor.

    A filter shades what is dark. This generator is to choose strokes: as in pix2pix (Isola et al.
    2017) it learns what drawings look like, and a frozen sketch-to-photo model teaches it which
    strokes show who it is. That model has to reconstruct the photo from the sketch, a cycle as in
    Zhu et al. 2017. Cycles tempt a generator to hide information in invisible patterns (Chu et al.
    2017, *CycleGAN, a Master of Steganography*), so sketches are degraded before reconstruction.
    """

    def __init__(self, config: Config, fabric: Fabric) -> None:
        """Make the networks and load the reconstructor.

        Raises:
            UsageError: The terms need a reconstructor and none is named, or it does not fit.
            ModelError: Its file is missing or damaged, or was not exported by limner.
        """
        self.config = config
        self.fabric = fabric
        self.weights = config.weights
        self.frozen = Frozen(fabric)
        settings_ = turned(config.generator, PHOTO_TO_SKETCH)
        self.generator = TrainedNetwork(make_generator(settings_), config, fabric)
        self.discriminator = DiscriminatorTrainer(
            config,
            fabric,
            condition=settings_.inputs,
            judged=settings_.outputs,
            place=0,
            frozen=self.frozen,
        )
        weights = config.weights
        self.reader: nn.Module | None = None
        returning = weights.cycle or weights.perceptual or weights.face or weights.identity
        if config.reconstructor or returning:
            self.reader = load_reconstructor(config, fabric)
        if weights.perceptual:
            _ = self.frozen.features
        if weights.face or weights.identity:
            _ = self.frozen.descriptor

    @staticmethod
    def images(config: Config, prepared: PreparedSet) -> TrainingImages:
        """The training images. Raises DataError if the dataset lacks them."""
        return DrawnImages.of(config, prepared, sketches=False, pairs=True)

    @property
    def learners(self) -> Mapping[str, TrainedNetwork]:
        """See `Objective`."""
        return {"photo-to-sketch": self.generator, "drawing-discriminator": self.discriminator}

    @property
    def generators(self) -> Mapping[Direction, nn.Module]:
        """See `Objective`."""
        return {PHOTO_TO_SKETCH: self.generator.network}

    def step(self, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Learn from `photo` and `sketched`; see `Objective`."""
        drawn = self.draw(batch)
        if not warming_up(self.config, self.fabric, batch):
            descend(self.fabric, drawn.loss, [self.generator], lr)
        terms = dict(drawn.terms)
        terms["discriminator"] = self.discriminator.learn(
            drawn.real_scores, drawn.made, batch.first, lr, shared=batch.shared
        )
        terms["score_real"] = mean_score(drawn.real_scores)
        terms["score_made"] = mean_score(drawn.made_scores)
        return {name: term.detach() for name, term in terms.items()}

    def draw(self, batch: Batch) -> Drawn:
        """Draw the photos and compute all loss terms, without an update."""
        photo, sketched = batch["photo"], batch["sketched"]
        made = self.generator(photo)
        pairs = torch.cat([photo, made], dim=1)
        judged = self.discriminator.judge(pairs, batch.first, learning=False)
        real = self.discriminator.judge(torch.cat([photo, sketched], dim=1), batch.first)
        terms = {
            "adversarial": self.discriminator.generator_loss(judged.scores),
            "l1": pyramid_l1(made, sketched),
        }
        if self.weights.gradient:
            terms["gradient"] = gradient_l1(made, sketched)
        if self.weights.features:
            terms["features"] = feature_l1(judged.stages, real.stages)
        if self.reader is not None:
            terms |= self._returned(made, photo, batch.first)
        loss = torch.stack([getattr(self.weights, name) * term for name, term in terms.items()])
        return Drawn(
            terms=terms,
            loss=loss.sum(),
            made=pairs.detach(),
            real_scores=real.scores,
            made_scores=judged.scores,
        )

    def _returned(self, made: Tensor, photo: Tensor, first: int) -> dict[str, Tensor]:
        """The terms that compare the reconstructed photo with the original."""
        assert self.reader is not None  # noqa: S101 - for the type checker
        with self.fabric.autocast():
            returned = self.reader(degraded(made, self.config.seed, first)).float()
        terms = {}
        if self.weights.cycle:
            terms["cycle"] = pyramid_l1(returned, photo)
        if self.weights.perceptual:
            with torch.no_grad():
                truth = self.frozen.perceive(photo)
            terms["perceptual"] = perceptual(self.frozen.perceive(returned), truth)
        if self.weights.face or self.weights.identity:
            with torch.no_grad():
                person, face = self.frozen.recognise(photo)
            returned_person, returned_face = self.frozen.recognise(returned)
            if self.weights.face:
                terms["face"] = perceptual(returned_face, face)
            if self.weights.identity:
                terms["identity"] = identity(returned_person, person)
        return terms


def reconstructors_of(objective: Objective) -> dict[Direction, nn.Module]:
    """The frozen generator that reconstructs photos from an objective's sketches, if any."""
    reader = objective.reader if isinstance(objective, Draughtsman) else None
    return {} if reader is None else {SKETCH_TO_PHOTO: reader}


def degraded(drawings: Tensor, seed: int, first: int) -> Tensor:
    """Sketches `[B, 1, H, W]` in [-1, 1] with noise as of paper and a scanner, some softened.

    The randomness depends on the seed and the numbers of the images, from `first` on.
    """
    shape = tuple(drawings.shape[1:])
    rngs = [generator_of(seed, Stream.RETURN, first + place) for place in range(len(drawings))]
    soft = torch.tensor([rng.random() < _SOFT for rng in rngs]).view(-1, 1, 1, 1)
    grain = np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs])
    halved = F.interpolate(F.avg_pool2d(drawings, 2), scale_factor=2, mode="bilinear")
    drawings = torch.where(soft.to(drawings.device), halved, drawings)
    return (drawings + _GRAIN * torch.from_numpy(grain).to(drawings)).clamp(-1, 1)


def load_reconstructor(config: Config, fabric: Fabric) -> nn.Module:
    """The frozen model of `config.reconstructor`: sketches `[B, 1, S, S]` to photos `[B, 3, S, S]`.

    Raises:
        UsageError: None is named, or it has another direction, size or number of input channels.
        ModelError: The file is missing or damaged, or was not exported by limner.
    """
    if not config.reconstructor:
        raise UsageError(
            "the objective 'draughtsman' needs a sketch-to-photo model: name its file, "
            "--set reconstructor=MODEL.onnx, or set weights.cycle, perceptual, face and identity "
            "to 0"
        )
    path = path_of(config.reconstructor)
    card, weights = read_model(path)
    inputs = card.generator.get("inputs")
    if card.direction != SKETCH_TO_PHOTO or card.preprocessing.size != config.size or inputs != 1:
        raise UsageError(
            f"reconstructor {path} is a {card.direction} model at {card.preprocessing.size} px "
            f"with {inputs} input channels; it must be a {SKETCH_TO_PHOTO} model at "
            f"{config.size} px with 1"
        )
    try:
        kind = KINDS["generator"][card.generator["kind"]]
        with torch.random.fork_rng(devices=[]):  # its weights are random until they are loaded
            network = make_generator(settings.build(kind, card.generator))
        network.load_state_dict({name: weights[name] for name in network.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{path} lacks weights that its card lists; export it again") from error
    network.requires_grad_(requires_grad=False).eval()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    placed: nn.Module = fabric.to_device(network)
    return placed
