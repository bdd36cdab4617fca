import dataclasses

import pytest
import torch
from lightning_fabric import Fabric

from limner.errors import MissingExtraError
from limner.networks import efficientnet
from limner.training.config import DiscriminatorAugmentation, Weights
from limner.training.feeding.batch import Batch
from limner.training.objectives.losses import grid_amplitude, perceptual
from limner.training.objectives.pix2pix import Pix2Pix

FABRIC = Fabric(accelerator="cpu", devices=1)
NOTHING = Weights(adversarial=0, l1=0, features=0)
LITERAL = ("l1", "gradient", "face", "identity")
"""Terms whose weight is how literally a sketch is meant."""


def made(tiny_of, weights, **changes):
    torch.manual_seed(0)
    config = dataclasses.replace(
        tiny_of["projected"], objective="pix2pix", weights=weights, **changes
    )
    return Pix2Pix(config, FABRIC)


def batch_of(literal=None):
    source = torch.Generator().manual_seed(0)
    channels = {"photo": 3, "sketched": 1}
    images = {n: 2 * torch.rand(2, c, 32, 32, generator=source) - 1 for n, c in channels.items()}
    return Batch(first=0, images=images, literal=literal)


@pytest.mark.parametrize("term", ["perceptual", "face"])
def test_what_frozen_networks_see_teaches_the_generator_and_nothing_else(tiny_of, term):
    objective = made(tiny_of, dataclasses.replace(NOTHING, **{term: 1.0}))
    predictions = objective.predict(batch_of())
    predictions.loss.backward()
    gradients = [p.grad for p in objective.generator.network.parameters()]
    assert all(gradient is not None for gradient in gradients)
    assert max(gradient.abs().max() for gradient in gradients) > 0
    frozen = objective.frozen.features if term == "perceptual" else objective.frozen.descriptor
    assert all(p.grad is None for p in frozen.parameters())
    assert predictions.loss.item() == pytest.approx(predictions.terms[term].item())


def test_the_grid_of_a_generated_photo_teaches_the_generator_however_literal_its_sketch(tiny_of):
    objective = made(tiny_of, dataclasses.replace(NOTHING, grid=2.0), warm_up=0)
    predictions = objective.predict(batch_of(torch.zeros(2)))
    grid = predictions.terms["grid"].item()
    assert grid == pytest.approx(grid_amplitude(predictions.made[:, 1:]).item())
    assert grid > 0
    assert predictions.loss.item() == pytest.approx(2 * grid)
    terms = [objective.step(batch_of(), 3e-3)["grid"].item() for _ in range(12)]
    assert terms[-1] < 0.5 * terms[0]
    assert "grid" not in made(tiny_of, NOTHING).predict(batch_of()).terms


@pytest.mark.parametrize("term", ["perceptual", "face"])
def test_following_such_a_term_brings_the_photo_nearer(tiny_of, term):
    objective = made(tiny_of, dataclasses.replace(NOTHING, **{term: 1.0}), warm_up=0)
    terms = [objective.step(batch_of(), 3e-3)[term].item() for _ in range(12)]
    assert terms[-1] < 0.95 * terms[0]


@pytest.mark.parametrize("term", [*LITERAL, "perceptual", "features", "adversarial"])
def test_a_sketch_that_is_not_meant_literally_counts_less(tiny_of, term):
    objective = made(tiny_of, dataclasses.replace(NOTHING, **{term: 1.0}))

    def value(*literal):
        given = torch.tensor(literal) if literal else None
        return objective.predict(batch_of(given)).terms[term].item()

    def alone(place):
        return value(*(float(number == place) for number in range(2)))

    objective.discriminator.network.eval()  # or its power iteration would continue between passes
    full = value()
    assert full != 0
    assert value(1.0, 1.0) == pytest.approx(full)
    if term in LITERAL:
        assert value(0.0, 0.0) == 0
        assert alone(0) + alone(1) == pytest.approx(full)
        assert value(0.5, 1.0) == pytest.approx(0.5 * alone(0) + alone(1))
    elif term == "perceptual":
        assert value(0.0, 0.0) == pytest.approx(0.3 * full)
        assert alone(0) + alone(1) == pytest.approx(1.3 * full)
    else:
        assert value(0.0, 0.0) == pytest.approx(full)


def test_the_frozen_network_is_loaded_once(tiny_of, monkeypatch):
    loaded = []
    load = efficientnet.EfficientNetLite0.from_file.__func__

    def count(cls, path):
        loaded.append(path)
        return load(cls, path)

    monkeypatch.setattr(efficientnet.EfficientNetLite0, "from_file", classmethod(count))
    objective = made(tiny_of, Weights(perceptual=1))
    objective.step(batch_of(), 1e-3)
    assert len(loaded) == 1


@pytest.mark.parametrize("kind", ["patchgan", "projected"])
def test_the_perceptual_term_does_not_depend_on_the_discriminator(tiny_of, kind):
    """A projected discriminator provides its frozen features, of augmented images."""
    config = tiny_of["pix2pix"] if kind == "patchgan" else tiny_of["projected"]
    objective = made(
        tiny_of,
        dataclasses.replace(NOTHING, perceptual=1.0),
        discriminator=config.discriminator,
        discriminator_augmentation=DiscriminatorAugmentation(),
    )
    batch = batch_of()
    expected = perceptual(
        objective.frozen.features(objective.generator(batch["sketched"])),
        objective.frozen.features(batch["photo"]),
    )
    terms = objective.predict(batch).terms
    assert terms["perceptual"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_what_is_not_needed_is_not_loaded(tiny_of):
    torch.manual_seed(0)
    objective = Pix2Pix(tiny_of["pix2pix"], FABRIC)
    objective.step(batch_of(), 1e-3)
    assert not vars(objective.frozen).keys() & {"features", "descriptor"}


def test_frozen_networks_leave_the_random_numbers_alone(tiny_of):
    """So a run with one more term begins with the same weights."""
    with_terms = made(tiny_of, Weights(perceptual=1, identity=1))
    after = torch.rand(1)
    without = made(tiny_of, Weights())
    assert torch.equal(after, torch.rand(1))
    for name, learner in with_terms.learners.items():
        ours, theirs = (one.state_dict()["network"] for one in (learner, without.learners[name]))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_without_the_weights_it_does_not_begin(tiny_of, monkeypatch):
    monkeypatch.setattr(efficientnet.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"limner\[train\]"):
        made(tiny_of, Weights())


def test_a_projected_discriminator_comes_to_know_what_is_made(tiny_of):
    settings = DiscriminatorAugmentation(colour=True, translation=0.125)
    objective = made(tiny_of, Weights(), discriminator_augmentation=settings, label_flips=0.0)
    judge, batch = objective.discriminator, batch_of()
    real = torch.cat([batch["sketched"], batch["photo"]], dim=1)
    fake = torch.cat([batch["sketched"], batch["photo"].flip(3) * 0.3], dim=1)
    losses = []
    for first in range(0, 80, 2):
        scores = judge.judge(real, first).scores
        losses.append(judge.learn(scores, fake, first, 1e-2).item())
    assert losses[0] == pytest.approx(2, abs=0.3)  # the hinge loss of an undecided discriminator
    assert sum(losses[-5:]) / 5 < 0.6 * losses[0]
    for real_scores, made_scores in zip(
        judge.judge(real, 0)[0], judge.judge(fake, 0)[0], strict=True
    ):
        assert real_scores.mean() > made_scores.mean()  # by every head


def test_long_gradients_are_cut(tiny_of):
    """Adam itself would hide it: its steps do not depend on the norm of gradients."""
    lengths = []
    for clip in (0.0, 1e-3):
        objective = made(tiny_of, Weights(), clip=clip, warm_up=0)
        objective.step(batch_of(), 1e-3)
        for learner in (objective.generator, objective.discriminator):
            gradients = [p.grad.flatten() for p in learner.network.parameters()]
            lengths.append(torch.cat(gradients).norm().item())
    assert min(lengths[:2]) > 0.01
    assert lengths[2:] == pytest.approx([1e-3, 1e-3], rel=0.01)


def test_discriminators_have_a_learning_rate_of_their_own(tiny_of):
    objective = made(tiny_of, Weights(), discriminator_lr=3.0, warm_up=0)
    objective.step(batch_of(), 1e-3)
    rates = [
        learner.optimiser.param_groups[0]["lr"]
        for learner in (objective.generator, objective.discriminator)
    ]
    assert rates == pytest.approx([1e-3, 3e-3])


def test_the_generator_learns_to_heed_what_it_is_told(tiny_of):
    tiny = tiny_of["projected"]
    generator = dataclasses.replace(tiny.generator, literal=True, hints=True)
    objective = made(tiny_of, dataclasses.replace(NOTHING, l1=1.0), generator=generator)
    batch = dataclasses.replace(batch_of(torch.tensor([0.5, 1.0])), hints=torch.rand(2, 4, 32, 32))
    objective.predict(batch).loss.backward()
    first = next(objective.generator.network.parameters())
    assert first.shape[1] == 6
    assert (first.grad.abs().amax(dim=(0, 2, 3)) > 0).all()
