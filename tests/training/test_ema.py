import pytest
import torch
from torch import nn

from limner.training.ema import EMA


def test_half_of_the_old_weights_is_left_after_a_half_life():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = EMA(network, half_life=100)
    nn.init.ones_(network.weight)
    for step in range(10):
        average.update(network, batch=10, seen=100_000 + 10 * step)
    assert average.network.weight.item() == pytest.approx(0.5)


def test_early_weights_are_forgotten_sooner():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = EMA(network, half_life=10_000)
    nn.init.ones_(network.weight)
    average.update(network, batch=10, seen=200)  # half-life 200 / 20 = 10
    assert average.network.weight.item() == pytest.approx(0.5)
    assert not average.network.weight.requires_grad


def test_the_network_itself_is_left_alone():
    network = nn.Linear(2, 2)
    before = network.weight.detach().clone()
    EMA(network, half_life=1).update(network, batch=1, seen=100)
    assert torch.equal(network.weight, before)
