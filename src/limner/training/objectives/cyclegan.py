"""CycleGAN, the objective of the 2018 study: unpaired sketches and photos."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.images import LUMA
from limner.networks.generator import make_generator, turned
from limner.training.config import Config
from limner.training.feeding.batch import Batch
from limner.training.feeding.pictures import TrainingImages
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.objective import (
    DiscriminatorTrainer,
    Scores,
    TrainedNetwork,
    descend,
    mean_score,
    warming_up,
)

__all__ = ["CycleGAN"]

_DISTANCES = {"l1": F.l1_loss, "l2": F.mse_loss}


@dataclass(frozen=True, kw_only=True, eq=False)
class Translations:
    """Translations of a batch in both directions, their scores and their loss terms."""

    terms: dict[str, Tensor]
    """Unweighted; gradients lead to the generators."""
    loss: Tensor
    """Their weighted sum."""
    made: dict[str, Tensor]
    """Generated images by their kind, `sketch` or `photo`; detached."""
    real_scores: dict[str, Scores]
    """Scores of the real images by each kind's discriminator."""
    made_scores: dict[str, Scores]


class CycleGAN:
    """A generator for each direction, and a discriminator for each kind of image.

    Zhu et al. 2017, *Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
    Networks*: a generated image must look like its kind, and translate back to its source.
    """

    def __init__(self, config: Config, fabric: Fabric, *, frozen: Frozen | None = None) -> None:
        """Make the networks; frozen ones are shared if given."""
        self.config = config
        self.weights = config.weights
        self.fabric = fabric
        frozen = frozen or Frozen(fabric)
        there, back = (
            TrainedNetwork(make_generator(turned(config.generator, direction)), config, fabric)
            for direction in (SKETCH_TO_PHOTO, PHOTO_TO_SKETCH)
        )
        self.makers = {"photo": there, "sketch": back}
        """Generators by the kind of image that they make."""
        channels = {"photo": config.generator.outputs, "sketch": config.generator.inputs}
        self.discriminators = {
            kind: DiscriminatorTrainer(
                config, fabric, judged=judged, place=place, pool=config.image_pool, frozen=frozen
            )
            for place, (kind, judged) in enumerate(channels.items(), start=1)
        }
        """By the kind of image that they judge."""

    @staticmethod
    def images(config: Config, prepared: PreparedSet) -> TrainingImages:
        """The training images. Raises DataError if the dataset lacks them."""
        return TrainingImages.of(config, prepared, sketches=True, pairs=False)

    @property
    def learners(self) -> Mapping[str, TrainedNetwork]:
        """See `Objective`."""
        return {
            "sketch-to-photo": self.makers["photo"],
            "photo-to-sketch": self.makers["sketch"],
            "photo-discriminator": self.discriminators["photo"],
            "sketch-discriminator": self.discriminators["sketch"],
        }

    @property
    def generators(self) -> Mapping[Direction, nn.Module]:
        """See `Objective`."""
        return {
            SKETCH_TO_PHOTO: self.makers["photo"].network,
            PHOTO_TO_SKETCH: self.makers["sketch"].network,
        }

    def step(self, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Learn from `sketch` and `photo`; see `Objective`."""
        translations = self.translate(batch)
        if not warming_up(self.config, self.fabric, batch):
            descend(self.fabric, translations.loss, list(self.makers.values()), lr)
        return self.finish(translations, batch, lr)

    def translate(self, batch: Batch) -> Translations:
        """Translate in both directions and back, and compute all loss terms, without an update."""
        terms: dict[str, Tensor] = {}
        weighted: list[Tensor] = []

        def add(name: str, kind: str, term: Tensor) -> None:
            terms[f"{name}_{kind}"] = term
            weighted.append(getattr(self.weights, name) * term)

        made, real_scores, made_scores = {}, {}, {}
        for kind, source in (("photo", "sketch"), ("sketch", "photo")):
            made[kind] = self.makers[kind](batch[source])
            distance = _DISTANCES[self.config.cycle_distance]
            add("cycle", source, distance(self.makers[source](made[kind]), batch[source]))
            judge = self.discriminators[kind]
            made_scores[kind] = judge.judge(made[kind], batch.first, learning=False).scores
            real_scores[kind] = judge.judge(batch[kind], batch.first).scores
            add("adversarial", kind, judge.generator_loss(made_scores[kind]))
            if self.weights.identity_mapping:
                kept = self.makers[kind](_as_source(batch[kind], source))
                add("identity_mapping", kind, F.l1_loss(kept, batch[kind]))
        return Translations(
            terms=terms,
            loss=torch.stack(weighted).sum(),
            made={kind: picture.detach() for kind, picture in made.items()},
            real_scores=real_scores,
            made_scores=made_scores,
        )

    def finish(self, translations: Translations, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Update the discriminators; returns all terms, detached."""
        terms = dict(translations.terms)
        for kind, judge in self.discriminators.items():
            real, made = translations.real_scores[kind], translations.made[kind]
            sharp = batch.sharp if kind == "photo" else None
            terms[f"discriminator_{kind}"] = judge.learn(
                real, made, batch.first, lr, shared=batch.shared, sharp=sharp
            )
            terms[f"score_real_{kind}"] = mean_score(real)
            terms[f"score_made_{kind}"] = mean_score(translations.made_scores[kind])
        return {name: term.detach() for name, term in terms.items()}


def _as_source(pictures: Tensor, source: str) -> Tensor:
    """Photos converted to grey, or sketches to three channels, as a generator's input."""
    if source == "photo":
        return pictures.expand(-1, len(LUMA), -1, -1)
    luma = torch.from_numpy(LUMA).to(pictures).view(1, -1, 1, 1)
    return (pictures * luma).sum(dim=1, keepdim=True)
