import dataclasses

import pytest
import torch
from lightning_fabric import Fabric

from limner.training.config import DiscriminatorAugmentation
from limner.training.objectives.augmentation import view_of
from limner.training.objectives.losses import discriminator_loss
from limner.training.objectives.objective import DiscriminatorTrainer

FABRIC = Fabric(accelerator="cpu", devices=1)
REAL = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def made(tiny, pool=0, **changes):
    torch.manual_seed(0)
    config = dataclasses.replace(tiny, **changes)
    return DiscriminatorTrainer(config, FABRIC, judged=3, place=1, pool=pool)


def test_what_is_judged_is_seen_as_its_number_says(tiny):
    settings = DiscriminatorAugmentation(colour=True, cutout=0.5)
    adversary = made(tiny, discriminator_augmentation=settings)
    [scores] = adversary.judge(REAL, 7).scores
    seen = view_of(settings, tiny.seed, 7, 4)(REAL)
    assert torch.equal(scores, adversary.network(seen)[0])
    assert not torch.equal(scores, adversary.network(REAL)[0])


@pytest.mark.parametrize(("flips", "real"), [(0.0, 1.0), (1.0, 0.0)])
def test_labels_are_as_sure_as_they_are_set(tiny, flips, real):
    adversary = made(tiny, label_noise=0.0, label_flips=flips)
    real_scores, made_scores = adversary.judge(REAL, 0)[0], adversary.judge(-REAL, 0)[0]
    labels = torch.full((4, 1, 1, 1), real)
    expected = discriminator_loss("least-squares", real_scores[0], labels)
    expected += discriminator_loss("least-squares", made_scores[0], 1 - labels)
    assert adversary.learn(real_scores, -REAL, 0, 1e-4).item() == pytest.approx(expected.item())


def learnt(adversary, images, first):
    return adversary.learn(adversary.judge(images, first)[0], -images, first, 0.0).item()


def test_noise_on_labels_is_that_of_the_image_numbers(tiny):
    adversary = made(tiny, label_noise=1.0, label_flips=0.5)
    whole, again, other = (learnt(adversary, REAL, first) for first in (0, 0, 4))
    assert whole == again != other
    halves = learnt(adversary, REAL[:2], 0), learnt(adversary, REAL[2:], 2)
    assert sum(halves) / 2 == pytest.approx(whole)  # however a batch is shared


def test_noise_on_labels_differs_by_seed_and_discriminator(tiny):
    config = dataclasses.replace(tiny, label_noise=1.0, seed=1)
    torch.manual_seed(0)
    other = DiscriminatorTrainer(config, FABRIC, judged=3, place=1)
    torch.manual_seed(0)
    second = DiscriminatorTrainer(
        dataclasses.replace(config, seed=tiny.seed), FABRIC, judged=3, place=2
    )
    losses = {learnt(one, REAL, 0) for one in (made(tiny, label_noise=1.0), other, second)}
    assert len(losses) == 3


def test_the_learning_rate_is_that_of_the_step(tiny):
    adversary = made(tiny)
    before = [parameter.detach().clone() for parameter in adversary.network.parameters()]
    adversary.learn(adversary.judge(REAL, 0)[0], -REAL, 0, 0.0)
    assert all(map(torch.equal, before, adversary.network.parameters()))
    adversary.learn(adversary.judge(REAL, 0)[0], -REAL, 0, 1e-3)
    assert not all(map(torch.equal, before, adversary.network.parameters()))


def test_old_pictures_are_shown_again(tiny):
    adversary = made(tiny, pool=4)
    adversary.learn(adversary.judge(REAL, 0)[0], torch.zeros_like(REAL), 0, 0.0)
    fresh = made(tiny)
    losses = [one.learn(one.judge(REAL, 4)[0], -REAL, 4, 0.0).item() for one in (adversary, fresh)]
    assert losses[0] != losses[1]  # the same labels and weights, but other images
