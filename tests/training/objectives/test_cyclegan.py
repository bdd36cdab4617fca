import dataclasses

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from limner.training.config import Weights
from limner.training.feeding.batch import Batch
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.objectives.objective import mean_score

FABRIC = Fabric(accelerator="cpu", devices=1)


def batch_of(size=32, count=4):
    source = torch.Generator().manual_seed(0)
    channels = {"photo": 3, "sketch": 1}
    images = {n: torch.rand(count, c, size, size, generator=source) for n, c in channels.items()}
    return Batch(first=0, images=images)


def made(tiny_of, **changes):
    torch.manual_seed(0)
    return CycleGAN(dataclasses.replace(tiny_of["cyclegan"], **changes), FABRIC)


def test_there_and_back_have_their_channels(tiny_of):
    there, back = made(tiny_of).generators.values()
    assert there(torch.zeros(1, 1, 32, 32)).shape == (1, 3, 32, 32)
    assert back(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 32, 32)


def test_terms_are_weighed_and_left_out(tiny_of):
    weights = Weights(adversarial=2, cycle=5, identity_mapping=3)
    found = made(tiny_of, weights=weights).translate(batch_of())
    factors = {"adversarial": 2, "cycle": 5, "identity_mapping": 3}
    assert found.terms.keys() == {f"{n}_{k}" for n in factors for k in ("photo", "sketch")}
    expected = sum(factors[n.rpartition("_")[0]] * term for n, term in found.terms.items())
    assert found.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    without = made(tiny_of, weights=Weights(identity_mapping=0)).translate(batch_of())
    assert not any("identity_mapping" in name for name in without.terms)


def test_the_cycle_is_measured_as_the_config_says(tiny_of):
    """A cycle that is off by 0.1 everywhere: 0.1 in L1, its square in L2."""
    for distance, expected in (("l1", 0.1), ("l2", 0.01)):
        objective = made(tiny_of, cycle_distance=distance)
        objective.makers = {
            "photo": lambda sketch: sketch.expand(-1, 3, -1, -1) + 0.1,
            "sketch": lambda photo: photo[:, :1],
        }
        terms = objective.translate(batch_of()).terms
        assert terms["cycle_sketch"].item() == pytest.approx(expected, rel=1e-4)


def test_generators_that_change_nothing_leave_no_cycle_and_no_mapping(tiny_of):
    objective = made(tiny_of, weights=Weights(identity_mapping=1))
    grey = batch_of()["sketch"]
    batch = Batch(first=0, images={"sketch": grey, "photo": grey.expand(-1, 3, -1, -1)})
    objective.makers = {
        "photo": lambda sketch: sketch.expand(-1, 3, -1, -1),
        "sketch": lambda photo: photo[:, :1],
    }
    terms = objective.translate(batch).terms
    for name in (
        "cycle_sketch",
        "cycle_photo",
        "identity_mapping_sketch",
        "identity_mapping_photo",
    ):
        assert terms[name].item() == pytest.approx(0, abs=1e-6)


def test_generators_learn_and_discriminators_wait_for_their_turn(tiny_of):
    objective = made(tiny_of)
    batch = batch_of()
    before = {
        name: [p.detach().clone() for p in learner.network.parameters()]
        for name, learner in objective.learners.items()
    }
    objective.translate(batch).loss.backward()
    for name, learner in objective.learners.items():
        gradients = [p.grad for p in learner.network.parameters()]
        assert all((g is None) == ("discriminator" in name) for g in gradients)
    objective.step(batch, 1e-3)
    for name, learner in objective.learners.items():
        pairs = zip(before[name], learner.network.parameters(), strict=True)
        assert any(not torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("gan", ["least-squares", "plain", "hinge"])
def test_discriminators_come_to_know_what_is_made(tiny_of, gan):
    objective = made(tiny_of, gan=gan)
    batch = batch_of()
    for kind, judge in objective.discriminators.items():
        real, fake = batch[kind], 1 - 2 * batch[kind]
        losses = []
        for first in range(0, 160, 4):
            scores = judge.judge(real, first).scores
            losses.append(judge.learn(scores, fake, first, 2e-3).item())
        assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:3])
        told = [mean_score(judge.judge(images, 0)[0]) for images in (real, fake)]
        assert told[0] > told[1] + 0.3


def test_the_cycle_is_learnt(tiny_of):
    objective = made(tiny_of, weights=Weights(adversarial=0, cycle=10))
    batch = batch_of()
    first = objective.step(batch, 2e-3)
    for _ in range(60):
        last = objective.step(batch, 2e-3)
    for kind in ("photo", "sketch"):
        assert last[f"cycle_{kind}"] < 0.8 * first[f"cycle_{kind}"]
        assert not last[f"cycle_{kind}"].requires_grad
