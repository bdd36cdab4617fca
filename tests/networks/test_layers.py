import math

import pytest
import torch

from limner.networks.config import ResNetConfig, UNetConfig
from limner.networks.generator import make_generator
from limner.networks.layers import AntiAlias
from limner.training.objectives.losses import grid_amplitude


def wave(frequency, axis):
    """A cosine of so many radians per pixel, `[1, 3, 64, 64]`."""
    line = torch.cos(frequency * torch.arange(64.0))
    shape = [1, 1, 1, 64] if axis == 3 else [1, 1, 64, 1]
    return line.view(shape).expand(1, 3, 64, 64)


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("frequency", [0.0, math.pi / 4, math.pi / 2, 3 * math.pi / 4, math.pi])
def test_the_gain_of_the_filter_is_as_said(frequency, axis):
    x = wave(frequency, axis)
    made = AntiAlias(3)(x)
    assert made.shape == x.shape
    inner = (..., slice(8, -8), slice(8, -8))
    gain = 1 - math.sin(frequency / 2) ** 8
    torch.testing.assert_close(made[inner], gain * x[inner], atol=1e-5, rtol=0)


@pytest.mark.parametrize("config", [UNetConfig(width=4, depth=2), ResNetConfig(width=4)])
def test_an_antialiased_generator_has_the_same_weights_and_no_grid(config):
    torch.manual_seed(0)
    plain = make_generator(config)
    with torch.no_grad():
        plain.leave.weight.mul_(10)  # so that there is something to see
    kind = type(config)
    filtered = make_generator(kind(**{**vars(config), "antialias": True}))
    filtered.load_state_dict(plain.state_dict())
    sketch = torch.rand(1, 1, 64, 64).repeat_interleave(2, 2) * 2 - 1
    sketch = sketch[..., :64, :]
    sketch[..., ::2] = 1  # a grid of 2 px in the input
    with torch.inference_mode():
        before, after = plain(sketch), filtered(sketch)
    assert after.abs().max() < 1
    assert grid_amplitude(before).item() > 0.01
    assert grid_amplitude(after).item() < 0.2 * grid_amplitude(before).item()
