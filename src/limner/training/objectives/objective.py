"""The interface of objectives, and the trainers of generators and discriminators."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.directions import Direction
from limner.networks.config import ProjectedConfig
from limner.networks.discriminator import make_discriminator
from limner.training.config import Config
from limner.training.devices import average_gradients, compile_network, gather
from limner.training.feeding.batch import Batch
from limner.training.objectives.augmentation import view_of
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.losses import discriminator_loss, generator_loss, noisy_labels
from limner.training.objectives.pool import Pool
from limner.training.objectives.views import views
from limner.training.randomness import Stream, generator_of

__all__ = [
    "DiscriminatorTrainer",
    "Judgement",
    "Objective",
    "TrainedNetwork",
    "descend",
    "mean_score",
    "warming_up",
]

Scores = list[Tensor]
"""One for each head of a discriminator, `[B, 1, h, w]`, unbounded."""


class Judgement(NamedTuple):
    """A discriminator's scores of images, and its features of them."""

    scores: Scores
    stages: list[Tensor]
    """Features of the part that judges pixels, stage by stage."""
    seen: list[Tensor]
    """Frozen features of the images as augmented; empty for a PatchGAN."""


class TrainedNetwork:
    """A network and its optimiser."""

    def __init__(self, network: nn.Module, config: Config, fabric: Fabric) -> None:
        # channels_last: twice the speed of the default layout with oneDNN, and best for tensor
        # cores.
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        compile_network(network, config, fabric)
        optimiser = torch.optim.Adam(
            fabric.to_device(network).parameters(), lr=config.lr, betas=config.betas, fused=True
        )
        self.network: nn.Module
        self.optimiser: torch.optim.Optimizer
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.clip = config.clip

    def __call__(self, images: Tensor, *guidance: Tensor | None) -> Tensor:
        """The network's output; `guidance` as for `limner.networks.guidance.guided`."""
        return self.network(images, *guidance)  # type: ignore[no-any-return]

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes while learning."""
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state from `state_dict`."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])


class DiscriminatorTrainer(TrainedNetwork):
    """A discriminator with its inputs, its labels, and the loss term that it gives generators."""

    def __init__(
        self,
        config: Config,
        fabric: Fabric,
        *,
        judged: int,
        place: int,
        condition: int = 0,
        pool: int = 0,
        frozen: Frozen | None = None,
    ) -> None:
        """A fresh one.

        Args:
            config: Of the run.
            fabric: Of the run.
            judged: Channels of the images that it judges.
            condition: Channels of the sketch that comes first in its input; 0 for none.
            place: Its number among the run's discriminators: each has its own random labels.
            pool: Size of its image pool.
            frozen: Networks whose features it may use; None to load its own.
        """
        shared = frozen or Frozen(fabric)
        self.crops = bool(config.fine.crop) and isinstance(config.discriminator, ProjectedConfig)
        """Whether it also judges crops at full resolution; their scores come last."""
        network = make_discriminator(
            config.discriminator,
            condition=condition,
            judged=judged,
            features=lambda: shared.features,
            crops=self.crops,
        )
        super().__init__(network, config, fabric)
        self.config = config
        self.fabric = fabric
        self.place = place
        self.pool = Pool(pool, seed=config.seed, place=place)

    def judge(self, images: Tensor, first: int, *, learning: bool = True) -> Judgement:
        """Score images `first` to `first + B` of the run.

        Args:
            images: `[B, condition + judged, H, W]` in [-1, 1], real or generated.
            first: Number of the first one.
            learning: Let gradients reach the discriminator; they always reach the images.
        """
        view = view_of(self.config.discriminator_augmentation, self.config.seed, first, len(images))
        self.network.requires_grad_(requires_grad=learning)
        seen_as = view(images)
        shown = views(self.config, seen_as, first) if self.crops else (seen_as,)
        scores, stages, *seen = self.network(*shown)
        self.network.requires_grad_(requires_grad=True)
        scores = scores if isinstance(scores, list) else [scores]
        return Judgement(scores, stages, seen[0] if seen else [])

    def generator_loss(self, scores: Scores, sharp: Tensor | None = None) -> Tensor:
        """The term of a generator whose images got these scores; all heads have equal weight.

        `sharp` as in `learn`.
        """
        counted = zip(scores, self._counted(scores, sharp), strict=True)
        terms = [generator_loss(self.config.gan, one, weight=weight) for one, weight in counted]
        return torch.stack(terms).mean()

    def learn(
        self,
        real_scores: Scores,
        made: Tensor,
        first: int,
        lr: float,
        *,
        shared: bool = False,
        sharp: Tensor | None = None,
    ) -> Tensor:
        """Learn to distinguish real from generated images; returns the loss, detached.

        Args:
            real_scores: From `judge`, of the real images of this batch.
            made: The generated images, `[B, condition + judged, H, W]`.
            first: Number of the first image.
            lr: Learning rate of the generators at this step.
            shared: See `limner.training.feeding.batch.Part`.
            sharp: `[B]`, weight of the crop of each image, for the real and the generated image
                alike, so that neither kind is seen more often; None for 1.
        """
        made_scores = self.judge(self._exchanged(made, first, shared=shared), first).scores
        draws = self._label_draws(first, len(made))
        loss = torch.zeros((), device=made.device)
        for scores, real in ((real_scores, True), (made_scores, False)):
            labels = noisy_labels(
                draws[:, 0 if real else 1],
                real=real,
                noise=self.config.label_noise,
                flips=self.config.label_flips,
            )
            labels = self.fabric.to_device(labels)
            heads = [
                discriminator_loss(self.config.gan, one, labels, weight=weight)
                for one, weight in zip(scores, self._counted(scores, sharp), strict=True)
            ]
            loss = loss + torch.stack(heads).mean()
        descend(self.fabric, loss, [self], lr * self.config.discriminator_lr)
        return loss.detach()

    def _counted(self, scores: Scores, sharp: Tensor | None) -> list[Tensor | None]:
        """For each head the weight of each image, see `learn`."""
        half = len(scores) // 2 if self.crops else len(scores)
        return [None] * half + [sharp] * (len(scores) - half)

    def _exchanged(self, made: Tensor, first: int, *, shared: bool) -> Tensor:
        """The images of the pool that are shown instead of the generated ones.

        Every process has the complete pool and adds the images of all processes. So the pool is the
        same as with one process, and a checkpoint does not depend on the number of processes.
        """
        if not (shared and self.pool.size):
            return self.pool.exchange(made, first)
        count, rank = len(made), self.fabric.global_rank
        given = self.pool.exchange(gather(self.fabric, made), first - rank * count)
        return given[rank * count : (rank + 1) * count]

    def _label_draws(self, first: int, count: int) -> NDArray[np.float64]:
        """Arguments of `noisy_labels` for each real and each generated image."""
        draws = np.empty((count, 2, 2))
        for place, number in enumerate(range(first, first + count)):
            rng = generator_of(self.config.seed, Stream.LABELS, self.place, number)
            draws[place, :, 0], draws[place, :, 1] = rng.random(2), rng.standard_normal(2)
        return draws

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes while learning."""
        return super().state_dict() | {"pool": self.pool.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state from `state_dict`."""
        super().load_state_dict(state)
        self.pool.load_state_dict(state["pool"], self.fabric.device)


class Objective(Protocol):
    """The interface of an objective that the loop uses."""

    @property
    def learners(self) -> Mapping[str, TrainedNetwork]:
        """All trained networks, by their names in a checkpoint.

        Objectives use the same name for the same network, so that one can start from another.
        """

    @property
    def generators(self) -> Mapping[Direction, nn.Module]:
        """The networks whose EMA is shown and exported, by direction."""

    def step(self, batch: Batch, lr: float) -> dict[str, Tensor]:
        """Learn from one batch.

        Its randomness depends only on the seed and the numbers of the images.

        Args:
            batch: On the device of the run, with the images that the objective learns from.
            lr: Learning rate of this step.

        Returns:
            Each unweighted term, detached, by its name in `stats.jsonl`.
        """


def descend(fabric: Fabric, loss: Tensor, learners: list[TrainedNetwork], lr: float) -> None:
    """One optimiser step of all `learners` on the same loss, averaged over the processes."""
    for learner in learners:
        for group in learner.optimiser.param_groups:
            group["lr"] = lr
        learner.optimiser.zero_grad(set_to_none=True)
    fabric.backward(loss)
    average_gradients(fabric, [learner.network for learner in learners])
    for learner in learners:
        if learner.clip:
            nn.utils.clip_grad_norm_(learner.network.parameters(), learner.clip)
        learner.optimiser.step()


def mean_score(scores: Scores) -> Tensor:
    """The mean over all heads, for the log of a run."""
    return torch.stack([one.mean() for one in scores]).mean()


def warming_up(config: Config, fabric: Fabric, batch: Batch) -> bool:
    """Whether only the discriminators learn from this batch, see `Config.warm_up`.

    It depends only on the numbers of the images, so that a resumed run does the same.
    """
    return batch.start(fabric.global_rank) < config.warm_up
