"""The paired objective: sketch in, its own photo out."""

import torch
from lightning_fabric import Fabric
from torch import Tensor

from limner.faces.points import public_file
from limner.networks.descriptor import FaceDescriptor
from limner.networks.patchgan import PatchGAN
from limner.networks.unet import UNet
from limner.training.config import Config
from limner.training.losses import (
    feature_l1,
    gradient_l1,
    identity,
    least_squares,
    noisy_labels,
    pyramid_l1,
)

DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"


class Pix2Pix:
    """A generator and a discriminator that judges (sketch, photo) pairs.

    Isola et al. 2017, *Image-to-Image Translation with Conditional Adversarial Networks*, with
    the study's least-squares loss and label noise, and the feature term of pix2pixHD.
    """

    def __init__(self, config: Config, fabric: Fabric) -> None:
        self.weights = config.weights
        self.label_noise = config.label_noise
        self.label_flips = config.label_flips
        self.fabric = fabric
        generator = UNet(config.generator)
        discriminator = PatchGAN(
            config.discriminator, inputs=config.generator.inputs + config.generator.outputs
        )
        self.generator, self.generator_optimiser = _set_up(fabric, generator, config)
        self.discriminator, self.discriminator_optimiser = _set_up(fabric, discriminator, config)
        self.descriptor = None
        if self.weights.identity:
            descriptor = FaceDescriptor.from_dlib(public_file(DESCRIPTOR)).to(
                memory_format=torch.channels_last  # type: ignore[call-overload]
            )
            self.descriptor = fabric.to_device(descriptor)

    def step(
        self, sketch: Tensor, photo: Tensor, *, lr: float, labels: torch.Generator
    ) -> dict[str, Tensor]:
        """Learn from one batch.

        Both networks learn from the same pass: the discriminator that the generator is judged by
        is the one whose features of the truth are at hand, so that the truth is seen only once.

        Args:
            sketch: `[B, inputs, H, W]` in [-1, 1].
            photo: `[B, outputs, H, W]` in [-1, 1].
            lr: Learning rate of this step.
            labels: Source of the label noise.

        Returns:
            Each term before its weight, detached, by the name it has in `stats.jsonl`.
        """
        made = self.generator(sketch)

        self.discriminator.requires_grad_(requires_grad=False)
        made_scores, made_features = self.discriminator(torch.cat([sketch, made], dim=1))
        self.discriminator.requires_grad_(requires_grad=True)
        real_scores, real_features = self.discriminator(torch.cat([sketch, photo], dim=1))

        terms = {"adversarial": least_squares(made_scores, 1.0), "l1": pyramid_l1(made, photo)}
        if self.weights.gradient:
            terms["gradient"] = gradient_l1(made, photo)
        if self.weights.features:
            terms["features"] = feature_l1(made_features, real_features)
        if self.descriptor is not None:
            terms["identity"] = identity(self.descriptor, made, photo)
        loss = torch.stack([getattr(self.weights, name) * term for name, term in terms.items()])
        self._descend(self.generator_optimiser, loss.sum(), lr)

        fake_scores, _ = self.discriminator(torch.cat([sketch, made.detach()], dim=1))
        terms["discriminator"] = least_squares(
            real_scores, self._labels(len(photo), real=True, source=labels)
        ) + least_squares(fake_scores, self._labels(len(photo), real=False, source=labels))
        self._descend(self.discriminator_optimiser, terms["discriminator"], lr)

        terms["score_real"], terms["score_made"] = real_scores.mean(), made_scores.mean()
        return {name: term.detach() for name, term in terms.items()}

    def state_dict(self) -> dict[str, object]:
        """Everything that changes while learning."""
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "discriminator_optimiser": self.discriminator_optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Take over what `state_dict` gave."""
        for name, value in state.items():
            getattr(self, name).load_state_dict(value)

    def start_from(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Take over the networks that another run's `state_dict` holds, with fresh optimisers."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])

    def _labels(self, count: int, *, real: bool, source: torch.Generator) -> Tensor:
        labels = noisy_labels(
            count, real=real, noise=self.label_noise, flips=self.label_flips, generator=source
        )
        return self.fabric.to_device(labels)

    def _descend(self, optimiser: torch.optim.Optimizer, loss: Tensor, lr: float) -> None:
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        optimiser.step()


def _set_up(
    fabric: Fabric, network: torch.nn.Module, config: Config
) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    # channels_last: twice the speed of the default layout with oneDNN, and what tensor cores want.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=config.lr, betas=config.betas)
    wrapped, wrapped_optimiser = fabric.setup(network, optimiser)
    return wrapped, wrapped_optimiser
