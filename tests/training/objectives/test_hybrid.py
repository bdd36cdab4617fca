import dataclasses

import pytest
import torch
from lightning_fabric import Fabric

from limner.training.config import Weights
from limner.training.feeding.batch import Batch
from limner.training.objectives.hybrid import Hybrid

FABRIC = Fabric(accelerator="cpu", devices=1)
UNPAIRED = Weights(l1=0, features=0, paired_adversarial=0)
PAIRED = Weights(adversarial=0, cycle=0)


def made(tiny_of, weights):
    torch.manual_seed(0)
    return Hybrid(dataclasses.replace(tiny_of["hybrid"], weights=weights), FABRIC)


def batch_of():
    source = torch.Generator().manual_seed(0)
    channels = {"photo": 3, "sketch": 1, "sketched": 1}
    images = {n: torch.rand(2, c, 32, 32, generator=source) for n, c in channels.items()}
    return Batch(first=0, images=images)


def gradients(tiny_of, weights):
    objective = made(tiny_of, weights)
    batch = batch_of()
    (objective.unpaired.translate(batch).loss + objective.paired.predict(batch).loss).backward()
    return {
        way: torch.cat([p.grad.flatten() for p in network.parameters()])
        for way, network in objective.generators.items()
    }


def test_both_teach_the_generator_of_photos_and_pairs_no_other(tiny_of):
    both, unpaired, paired = (
        gradients(tiny_of, weights) for weights in (Weights(), UNPAIRED, PAIRED)
    )
    way = "sketch-to-photo"
    assert unpaired[way].abs().max() > 0
    assert paired[way].abs().max() > 0
    assert torch.allclose(both[way], unpaired[way] + paired[way], atol=1e-5)
    assert paired["photo-to-sketch"].abs().max() == 0
    assert torch.allclose(both["photo-to-sketch"], unpaired["photo-to-sketch"], atol=1e-6)


def test_the_pairs_have_a_weight_of_their_own(tiny_of):
    weights = Weights(adversarial=3, paired_adversarial=5)
    objective = made(tiny_of, weights)
    assert objective.paired.weights.adversarial == 5
    assert objective.unpaired.weights.adversarial == 3


def test_a_step_reports_the_terms_of_both_and_moves_all(tiny_of):
    objective = made(tiny_of, Weights())
    before = {n: next(one.network.parameters()).clone() for n, one in objective.learners.items()}
    terms = objective.step(batch_of(), 1e-3)
    assert {
        "l1",
        "adversarial",
        "cycle_photo",
        "adversarial_sketch",
        "discriminator",
    } < terms.keys()
    assert len(objective.learners) == 5
    for name, learner in objective.learners.items():
        assert not torch.equal(next(learner.network.parameters()), before[name])


def test_discriminators_have_labels_of_their_own(tiny_of):
    objective = made(tiny_of, Weights())
    places = [objective.paired.discriminator.place]
    places += [one.place for one in objective.unpaired.discriminators.values()]
    assert sorted(places) == [0, 1, 2]
    with pytest.raises(KeyError):
        objective.step(Batch(first=0, images={"photo": batch_of()["photo"]}), 1e-3)
