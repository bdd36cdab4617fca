import pytest
import torch

from limner.networks.config import ResNetConfig, UNetConfig
from limner.networks.generator import make_generator, turned
from limner.networks.resnet import ResNet
from limner.networks.unet import UNet


@pytest.mark.parametrize(
    ("config", "kind"), [(UNetConfig(width=4, depth=2), UNet), (ResNetConfig(width=4), ResNet)]
)
def test_a_config_becomes_its_network_in_either_direction(config, kind):
    for direction, channels in (("sketch-to-photo", (1, 3)), ("photo-to-sketch", (3, 1))):
        network = make_generator(turned(config, direction))
        assert isinstance(network, kind)
        side = config.multiple * 2
        assert network(torch.zeros(1, channels[0], side, side)).shape == (
            1,
            channels[1],
            side,
            side,
        )
