"""The generator that a config describes, in either direction."""

import dataclasses

from torch import nn

from limner.directions import SKETCH_TO_PHOTO, Direction
from limner.networks.config import GeneratorConfig, ResNetConfig
from limner.networks.resnet import ResNet
from limner.networks.unet import UNet


def make_generator(config: GeneratorConfig) -> nn.Module:
    """A fresh network, randomly initialised."""
    return ResNet(config) if isinstance(config, ResNetConfig) else UNet(config)


def turned(config: GeneratorConfig, direction: Direction) -> GeneratorConfig:
    """The settings of the generator of a direction, given those of sketch to photo.

    Photo to sketch has no `literal` and no `hints`: a photo is literal and has colours.
    """
    if direction == SKETCH_TO_PHOTO:
        return config
    return dataclasses.replace(
        config, inputs=config.outputs, outputs=config.inputs, literal=False, hints=False
    )
