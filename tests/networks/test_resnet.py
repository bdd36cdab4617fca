import pytest
import torch

from limner.errors import UsageError
from limner.networks.config import ResNetConfig
from limner.networks.resnet import ResNet


@pytest.mark.parametrize("norm", ["none", "pixel", "instance"])
def test_size_stays_and_values_are_in_range(norm):
    network = ResNet(ResNetConfig(width=4, blocks=2, norm=norm))
    made = network(torch.randn(2, 1, 40, 24))
    assert made.shape == (2, 3, 40, 24)
    assert made.abs().max() < 1


def test_the_configured_blocks_work_at_a_quarter_of_the_size():
    network = ResNet(ResNetConfig(width=4, blocks=3, inputs=3, outputs=1))
    shapes = []
    for block in network.blocks:
        block.register_forward_hook(lambda _, inputs, __: shapes.append(inputs[0].shape))
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 32, 32)
    assert shapes == [(1, 16, 8, 8)] * 3


def test_a_block_adds_to_what_it_gets():
    block = ResNet(ResNetConfig(width=4, norm="none")).blocks[0]
    torch.nn.init.zeros_(block.second.weight)
    x = torch.randn(1, 16, 8, 8)
    assert torch.equal(block(x), x)


def test_signals_neither_fade_nor_explode_at_the_start():
    torch.manual_seed(0)
    network = ResNet(ResNetConfig(width=16, blocks=9, norm="none"))
    sizes = []
    for part in [network.enter, *network.down, *network.blocks, *network.up]:
        part.register_forward_hook(lambda _, __, out: sizes.append(out.std().item()))
    network(torch.randn(2, 1, 64, 64))
    assert min(sizes) > 0.1
    assert max(sizes) < 10


def test_nothing_is_aligned_to_the_upsampling_grid():
    torch.manual_seed(0)
    network = ResNet(ResNetConfig(width=4, blocks=1, norm="none"))
    inner = network(torch.full((1, 1, 96, 96), 0.3))[..., 40:56, 40:56]
    assert (inner - inner[..., :1, :1]).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"width": 0}, "width"), ({"blocks": 0}, "blocks"), ({"norm": "x"}, "norm")],
)
def test_impossible_settings_are_named(settings, named):
    with pytest.raises(UsageError, match=named):
        ResNetConfig(**settings)
