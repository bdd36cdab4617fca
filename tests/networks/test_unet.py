import pytest
import torch

from limner.errors import UsageError
from limner.networks.config import UNetConfig
from limner.networks.unet import UNet


@pytest.mark.parametrize("norm", ["none", "pixel", "instance"])
def test_size_stays_and_values_are_in_range(norm):
    network = UNet(UNetConfig(width=4, depth=3, norm=norm))
    made = network(torch.randn(2, 1, 40, 24))
    assert made.shape == (2, 3, 40, 24)
    assert made.abs().max() < 1


def test_channels_are_settings():
    network = UNet(UNetConfig(inputs=4, outputs=1, width=4, depth=2))
    assert network(torch.zeros(1, 4, 16, 16)).shape == (1, 1, 16, 16)


def test_only_the_bottleneck_is_grouped():
    groups = [
        m.groups for m in UNet(UNetConfig(width=8, groups=4)).modules() if hasattr(m, "groups")
    ]
    assert sorted(set(groups)) == [1, 4]
    assert groups.count(4) == 2


def test_grouping_saves_parameters():
    def count(groups):
        return sum(p.numel() for p in UNet(UNetConfig(width=8, groups=groups)).parameters())

    # two 3x3 convolutions into 128 channels, from 64 and from 128, each a quarter of its size
    assert count(1) - count(4) == 9 * 128 * (64 + 128) * 3 // 4


def test_signals_neither_fade_nor_explode_at_the_start():
    torch.manual_seed(0)
    network = UNet(UNetConfig(width=16))
    sizes = []
    for block in [network.enter, *network.down, *network.merge]:
        block.register_forward_hook(lambda _, __, out: sizes.append(out.std().item()))
    network(torch.randn(2, 1, 64, 64))
    assert min(sizes) > 0.1
    assert max(sizes) < 10


def test_nothing_is_aligned_to_the_upsampling_grid():
    # A constant sketch gives a constant result away from the borders: a transposed
    # convolution would leave a pattern here.
    torch.manual_seed(0)
    network = UNet(UNetConfig(width=4, depth=2))
    inner = network(torch.full((1, 1, 96, 96), 0.3))[..., 40:56, 40:56]
    assert (inner - inner[..., :1, :1]).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"width": 0}, "width"), ({"width": 3, "groups": 7}, "groups"), ({"norm": "batch"}, "norm")],
)
def test_impossible_settings_are_named(settings, named):
    with pytest.raises(UsageError, match=named):
        UNetConfig(**settings)
