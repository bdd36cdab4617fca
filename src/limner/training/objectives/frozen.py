"""Frozen networks, whose features are used by discriminators and losses."""

from functools import cached_property
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from limner.faces.points import public_file
from limner.networks.descriptor import FaceDescriptor
from limner.networks.efficientnet import EfficientNetLite0, weights_file

__all__ = ["DESCRIPTOR", "Frozen"]

DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"

N = TypeVar("N", bound=nn.Module)


class Frozen:
    """Frozen networks of a run, each loaded once, when it is first used.

    They compute in the precision of the run. They are not part of its checkpoints.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric

    @cached_property
    def features(self) -> EfficientNetLite0:
        """Features of images. Raises MissingExtraError if its weights are not installed."""
        path = weights_file()
        with torch.random.fork_rng(devices=[]):  # its weights are random until they are loaded
            return self._placed(EfficientNetLite0.from_file(path))

    @cached_property
    def descriptor(self) -> FaceDescriptor:
        """Descriptors of faces. Raises MissingExtraError if its weights are not installed."""
        path = public_file(DESCRIPTOR)
        with torch.random.fork_rng(devices=[]):
            return self._placed(FaceDescriptor.from_dlib(path))

    def perceive(self, images: Tensor) -> list[Tensor]:
        """Features of `[B, C, H, W]` in [-1, 1], see `EfficientNetLite0.forward`."""
        network = self.features
        with self.fabric.autocast():
            return network(images.float())  # type: ignore[no-any-return]

    def recognise(self, crops: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Descriptors and inner features of faces, see `FaceDescriptor.stages`."""
        with self.fabric.autocast():
            described, inner = self.descriptor.stages(crops)
        return described.float(), inner

    def _placed(self, network: N) -> N:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.fabric.to_device(network)
        kind = self.fabric.device.type
        with self.fabric.autocast():
            if torch.is_autocast_enabled(kind):
                # As autocast would round them in every pass; the results are the same.
                for layer in network.modules():
                    if isinstance(layer, nn.Conv2d):
                        layer.to(torch.get_autocast_dtype(kind))
        return network
