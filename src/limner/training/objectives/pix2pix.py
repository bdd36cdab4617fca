"""The paired objective: a sketch and its ground-truth photo."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from limner.data.prepared import PreparedSet
from limner.directions import SKETCH_TO_PHOTO, Direction
from limner.networks.generator import make_generator
from limner.training.config import Config, Weights
from limner.training.feeding.batch import Batch
from limner.training.feeding.pictures import TrainingImages
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.losses import (
    feature_l1,
    gradient_l1,
    grid_amplitude,
    hinted_l1,
    identity,
    perceptual,
    pyramid_l1,
)
from limner.training.objectives.objective import (
    DiscriminatorTrainer,
    Scores,
    TrainedNetwork,
    descend,
    mean_score,
    warming_up,
)
from limner.training.objectives.views import downscaled, multiscale, views

__all__ = ["Pix2Pix"]

LEAST = 0.3
"""Weight of the perceptual term for a sketch that is not meant literally at all: unlike pixels,
features of large areas can still be right."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Generated photos of a batch, and their loss terms."""

    terms: dict[str, Tensor]
    """Unweighted; gradients lead to the generator."""
    loss: Tensor
    """Their weighted sum."""
    made: Tensor
    """(sketch, generated photo) pairs, `[B, 1 + 3, H, W]`."""
    real_scores: Scores
    """The discriminator's scores of the real pairs."""
    made_scores: Scores


class Pix2Pix:
    """A generator, and a discriminator of (sketch, photo) pairs.

    Isola et al. 2017, *Image-to-Image Translation with Conditional Adversarial Networks*, with the
    least-squares loss and label noise of the 2018 study, and feature matching as in pix2pixHD.
    """

    def __init__(
        self,
        config: Config,
        fabric: Fabric,
        *,
        generator: TrainedNetwork | None = None,
        weights: Weights | None = None,
        frozen: Frozen | None = None,
    ) -> None:
        """Use the generator and frozen networks if given, or make them.

        `weights` replace those of `config`.
        """
        self.config = config
        self.fabric = fabric
        self.frozen = frozen or Frozen(fabric)
        self.weights = weights or config.weights
        self.generator = generator or TrainedNetwork(
            make_generator(config.generator), config, fabric
        )
        self.discriminator = DiscriminatorTrainer(
            config,
            fabric,
            condition=config.generator.inputs,
            judged=config.generator.outputs,
            place=0,
            frozen=self.frozen,
        )
        # Fails now if weights are missing, before anything is written.
        if self.weights.perceptual:
            _ = self.frozen.features
        if self.weights.face or self.weights.identity:
            _ = self.frozen.descriptor

    @staticmethod
    def images(config: Config, prepared: PreparedSet) -> TrainingImages:
        """The training images. Raises DataError if the dataset lacks them."""
        return TrainingImages.of(config, prepared, sketches=False, pairs=True)

    @property
    def learners(self) -> Mapping[str, TrainedNetwork]:
        """See `Objective`."""
        return {"sketch-to-photo": self.generator, "pair-discriminator": self.discriminator}

    @property
    def generators(self) -> Mapping[Direction, nn.Module]:
        """See `Objective`."""
        return {SKETCH_TO_PHOTO: self.generator.network}

    def step(self, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Learn from `sketched` and `photo`; see `Objective`.

        Both networks learn from the same pass: the discriminator runs on the ground truth only
        once, and the generator's feature term reuses its features.
        """
        predictions = self.predict(batch)
        if not warming_up(self.config, self.fabric, batch):
            descend(self.fabric, predictions.loss, [self.generator], lr)
        return self.finish(predictions, batch, lr)

    def predict(self, batch: Batch) -> Predictions:
        """Generate photos and compute all loss terms, without an update."""
        sketch, photo = batch["sketched"], batch["photo"]
        made = self.generator(sketch, batch.literal, batch.hints)
        pairs = torch.cat([sketch, made], dim=1)
        judged = self.discriminator.judge(pairs, batch.first, learning=False)
        real = self.discriminator.judge(torch.cat([sketch, photo], dim=1), batch.first)
        terms = {
            "adversarial": self.discriminator.generator_loss(judged.scores, batch.sharp),
            "l1": pyramid_l1(made, photo, weight=batch.literal),
        }
        if self.weights.hints and batch.hints is not None:
            terms["hints"] = hinted_l1(made, photo, batch.hints)
        if self.weights.gradient:
            terms["gradient"] = gradient_l1(made, photo, weight=batch.literal)
        if self.weights.features:
            crops = self.discriminator.crops
            terms["features"] = multiscale(
                feature_l1, judged.stages, real.stages, crops=crops, sharp=batch.sharp
            )
        if self.weights.perceptual:
            # A projected discriminator already has these features, of the same views.
            seen = (judged.seen, real.seen) if real.seen else self._perceived(made, photo, batch)
            literal = batch.literal
            weight = None if literal is None else LEAST + (1 - LEAST) * literal
            crops = bool(self.config.fine.crop)
            terms["perceptual"] = multiscale(
                perceptual, *seen, crops=crops, weight=weight, sharp=batch.sharp
            )
        if self.weights.face or self.weights.identity:
            shown, true = (downscaled(self.config, images) for images in (made, photo))
            terms |= self._recognised(shown, true, batch.literal)
        if self.weights.grid:
            terms["grid"] = grid_amplitude(made)
        loss = torch.stack([getattr(self.weights, name) * term for name, term in terms.items()])
        return Predictions(
            terms=terms,
            loss=loss.sum(),
            made=pairs.detach(),
            real_scores=real.scores,
            made_scores=judged.scores,
        )

    def _perceived(
        self, made: Tensor, photo: Tensor, batch: Batch
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Frozen features of both; those of the ground truth have no gradients."""

        def stages(images: Tensor) -> list[Tensor]:
            shown = views(self.config, images, batch.first)
            return [stage for view in shown for stage in self.frozen.perceive(view)]

        with torch.no_grad():
            truth = stages(photo)
        return stages(made), truth

    def _recognised(self, made: Tensor, photo: Tensor, literal: Tensor | None) -> dict[str, Tensor]:
        """The terms of the face descriptor; those of the ground truth have no gradients."""
        with torch.no_grad():
            person, face = self.frozen.recognise(photo)
        made_person, made_face = self.frozen.recognise(made)
        terms = {}
        if self.weights.face:
            terms["face"] = perceptual(made_face, face, weight=literal)
        if self.weights.identity:
            terms["identity"] = identity(made_person, person, weight=literal)
        return terms

    def finish(self, predictions: Predictions, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Update the discriminator; returns all terms, detached."""
        terms = dict(predictions.terms)
        terms["discriminator"] = self.discriminator.learn(
            predictions.real_scores,
            predictions.made,
            batch.first,
            lr,
            shared=batch.shared,
            sharp=batch.sharp,
        )
        terms["score_real"] = mean_score(predictions.real_scores)
        terms["score_made"] = mean_score(predictions.made_scores)
        return {name: term.detach() for name, term in terms.items()}
