"""CycleGAN and synthetic pairs in one run."""

import dataclasses
from collections.abc import Mapping

from lightning_fabric import Fabric
from torch import Tensor, nn

from limner.data.prepared import PreparedSet
from limner.directions import Direction
from limner.training.config import Config
from limner.training.feeding.batch import Batch
from limner.training.feeding.pictures import TrainingImages
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.objective import TrainedNetwork, descend, warming_up
from limner.training.objectives.pix2pix import Pix2Pix

__all__ = ["Hybrid"]


class Hybrid:
    """A CycleGAN on hand-drawn sketches whose sketch-to-photo generator also learns from pairs.

    The pairs have a ground-truth photo, but their sketches are synthetic. The hand-drawn sketches
    are what the model is for, but have no ground truth. Both train the same generator.
    """

    def __init__(self, config: Config, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        frozen = Frozen(fabric)
        self.unpaired = CycleGAN(config, fabric, frozen=frozen)
        self.paired = Pix2Pix(
            config,
            fabric,
            generator=self.unpaired.makers["photo"],
            weights=dataclasses.replace(
                config.weights, adversarial=config.weights.paired_adversarial
            ),
            frozen=frozen,
        )

    @staticmethod
    def images(config: Config, prepared: PreparedSet) -> TrainingImages:
        """The training images. Raises DataError if the dataset lacks them."""
        return TrainingImages.of(config, prepared, sketches=True, pairs=True)

    @property
    def learners(self) -> Mapping[str, TrainedNetwork]:
        """See `Objective`."""
        return {**self.unpaired.learners, **self.paired.learners}

    @property
    def generators(self) -> Mapping[Direction, nn.Module]:
        """See `Objective`."""
        return self.unpaired.generators

    def step(self, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Learn from `sketch`, `photo` and `sketched`; see `Objective`.

        The terms of the pairs have the same names as in `pix2pix`.
        """
        translations, predictions = self.unpaired.translate(batch), self.paired.predict(batch)
        if not warming_up(self.config, self.fabric, batch):
            makers = list(self.unpaired.makers.values())
            descend(self.fabric, translations.loss + predictions.loss, makers, lr)
        return {
            **self.unpaired.finish(translations, batch, lr),
            **self.paired.finish(predictions, batch, lr),
        }
