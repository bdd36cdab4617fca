import pytest
import torch

from limner.networks.config import ResNetConfig, UNetConfig
from limner.networks.generator import make_generator, turned
from limner.networks.guidance import guided

BOTH = UNetConfig(width=4, depth=2, literal=True, hints=True)


def test_channels_are_the_drawing_then_the_level_then_the_colours():
    sketch, hints = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 4, 4, 4), 0.25)
    channels = guided(BOTH, sketch, torch.tensor([0.0, 0.75]), hints)
    assert channels.shape == (2, BOTH.channels, 4, 4)
    assert channels[:, 0, 0, 0].tolist() == [0.5, 0.5]
    assert channels[:, 1, 0, 0].tolist() == [-1, 0.5]
    assert torch.equal(channels[:, 2:], hints)


def test_missing_inputs_are_neutral():
    sketch = torch.zeros(2, 1, 4, 4)
    said = guided(BOTH, sketch, torch.ones(2), torch.zeros(2, 4, 4, 4))
    assert torch.equal(guided(BOTH, sketch), said)
    assert guided(UNetConfig(), sketch, torch.zeros(2)) is sketch


@pytest.mark.parametrize("kind", [UNetConfig, ResNetConfig])
def test_generators_depend_on_their_inputs(kind):
    network = make_generator(kind(width=4, literal=True, hints=True))
    sketch = torch.zeros(1, 1, 32, 32)
    plain = network(sketch)
    assert plain.shape == (1, 3, 32, 32)
    assert not torch.equal(network(sketch, literal=torch.zeros(1)), plain)
    assert not torch.equal(network(sketch, hints=torch.ones(1, 4, 32, 32)), plain)


def test_photo_to_sketch_takes_no_further_inputs():
    back = turned(BOTH, "photo-to-sketch")
    assert (back.inputs, back.channels, back.outputs) == (3, 3, 1)
