import numpy as np
import pytest
import torch

from limner.training.objectives.losses import (
    discriminator_loss,
    feature_l1,
    generator_loss,
    gradient_l1,
    grid_amplitude,
    hinted_l1,
    identity,
    noisy_labels,
    perceptual,
    pyramid_l1,
)

SCORES = torch.tensor([[[[0.0, 2.0]]]])
REAL, FAKE = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)


@pytest.mark.parametrize(
    ("kind", "real", "fake", "made"),
    [
        ("least-squares", 0.5, 1.0, 0.5),
        ("plain", (0.6931 + 0.1269) / 2, (0.6931 + 2.1269) / 2, (0.6931 + 0.1269) / 2),
        ("hinge", 0.5, 2.0, -1.0),
    ],
)
def test_gan_losses_are_those_of_their_papers(kind, real, fake, made):
    """At scores 0 and 2: log 2 = 0.6931, log(1 + exp(-2)) = 0.1269."""
    assert discriminator_loss(kind, SCORES, REAL).item() == pytest.approx(real, abs=1e-4)
    assert discriminator_loss(kind, SCORES, FAKE).item() == pytest.approx(fake, abs=1e-4)
    assert generator_loss(kind, SCORES).item() == pytest.approx(made, abs=1e-4)


@pytest.mark.parametrize("kind", ["least-squares", "plain", "hinge"])
def test_images_count_as_much_as_they_weigh(kind):
    scores = torch.tensor([0.3, -0.7]).view(2, 1, 1, 1).expand(2, 1, 3, 3)
    labels = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1)

    def both(*weight):
        given = torch.tensor(weight) if weight else None
        return (
            discriminator_loss(kind, scores, labels, weight=given).item(),
            generator_loss(kind, scores, weight=given).item(),
        )

    assert both(1.0, 1.0) == pytest.approx(both())
    assert both(0.0, 0.0) == (0, 0)
    for first, second, whole in zip(both(1.0, 0.0), both(0.0, 1.0), both(), strict=True):
        assert first + second == pytest.approx(whole)


@pytest.mark.parametrize("kind", ["least-squares", "plain", "hinge"])
def test_each_image_has_a_label_of_its_own_and_noise_leaves_losses_bounded(kind):
    labels = torch.tensor([1.3, -0.2]).view(2, 1, 1, 1)
    right = torch.tensor([9.0, -9.0]).view(2, 1, 1, 1).expand(2, 1, 3, 3)
    if kind == "least-squares":
        right = labels.expand(2, 1, 3, 3)
    assert discriminator_loss(kind, right, labels).item() == pytest.approx(0, abs=1e-3)
    assert discriminator_loss(kind, -right, labels) > 0.5
    assert discriminator_loss(kind, 100 * right, labels) >= 0


def test_labels_are_noisy_and_now_and_then_swapped():
    rng = np.random.default_rng(0)
    draws = np.stack([rng.random(20_000), rng.standard_normal(20_000)], axis=1)
    labels = noisy_labels(draws, real=True, noise=0.1, flips=0.01)
    swapped = (labels < 0.5).float()
    assert labels.shape == (20_000, 1, 1, 1)
    assert swapped.mean().item() == pytest.approx(0.01, abs=0.003)
    assert labels[labels > 0.5].std().item() == pytest.approx(0.1, abs=0.01)
    exact = noisy_labels(draws[:8], real=False, noise=0, flips=0)
    assert torch.equal(exact, torch.zeros(8, 1, 1, 1))


def test_pyramid_weighs_broad_tone_more_than_texture():
    truth = torch.zeros(1, 3, 32, 32)
    tone = truth + 0.1
    texture = 0.1 * (torch.arange(32) % 2 * 2 - 1).expand_as(truth).float()
    assert pyramid_l1(tone, truth).item() == pytest.approx(0.1)
    assert pyramid_l1(texture, truth).item() == pytest.approx(0.025)
    assert pyramid_l1(texture, truth, levels=1).item() == pytest.approx(0.1)


def test_gradient_sees_edges_and_not_brightness():
    truth = torch.zeros(1, 1, 8, 8)
    assert gradient_l1(truth + 0.5, truth) == 0
    edge = truth.clone()
    edge[..., 4:] = 1
    assert gradient_l1(edge, truth).item() == pytest.approx(1 / 7)


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 1)])
def test_a_grid_counts_by_its_amplitude(step):
    down, across = torch.meshgrid(torch.arange(96), torch.arange(64), indexing="ij")
    grid = 1.0 - 2 * ((step[0] * down + step[1] * across) % 2)
    amplitudes = torch.tensor([0.01, 0.03]).view(2, 1, 1, 1)
    pictures = 0.2 + amplitudes * grid.expand(2, 3, -1, -1)
    assert grid_amplitude(pictures).item() == pytest.approx(0.02, rel=0.01)
    # In areas of opposite phase it is as strong, though absent from the mean over the picture.
    phases = torch.where(torch.arange(128) < 64, 1.0, -1.0)
    wide = torch.cat([pictures, pictures], dim=3) * phases
    assert grid_amplitude(wide).item() == pytest.approx(0.02, rel=0.1)


def test_shading_edges_and_texture_are_no_grid():
    ramp = torch.linspace(-1, 1, 128).expand(1, 3, 128, 128)
    assert grid_amplitude(ramp + 0.5 * ramp.mT).item() == pytest.approx(0, abs=1e-6)
    stripes = torch.where(torch.arange(128) % 8 < 4, 0.5, -0.5).expand(1, 3, 128, 128)
    assert grid_amplitude(stripes).item() < 0.005
    noise = 0.1 * torch.randn(4, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    assert grid_amplitude(noise).item() < 0.004


def test_following_the_grid_term_removes_a_grid_and_leaves_the_rest():
    source = torch.Generator().manual_seed(0)
    texture = 0.1 * torch.randn(1, 3, 64, 64, generator=source)
    grid = 0.05 * (1.0 - 2 * (torch.arange(64) % 2)).expand(1, 3, 64, 64)
    picture = (texture + grid).requires_grad_()
    descent = torch.optim.SGD([picture], lr=1.0)
    before = grid_amplitude(picture).item()
    for _ in range(1200):
        descent.zero_grad()
        grid_amplitude(picture).backward()
        descent.step()
    assert grid_amplitude(picture).item() < before / 10
    left = (picture.detach() - texture).std() / texture.std()
    assert left < 0.15  # the grid was half of it


def test_features_of_the_truth_get_no_gradient():
    made = torch.ones(1, 2, 4, 4, requires_grad=True)
    truth = torch.zeros(1, 2, 4, 4, requires_grad=True)
    loss = feature_l1([made, 3 * made], [truth, truth])
    loss.backward()
    assert loss.item() == pytest.approx(2)
    assert truth.grad is None
    assert made.grad.abs().sum() > 0


def a_pair(seed=0, channels=3):
    source = torch.Generator().manual_seed(seed)
    return (torch.rand(3, channels, 16, 16, generator=source) for _ in range(2))


def l1_of(made, truth, weight=None):
    return pyramid_l1(made, truth, weight=weight)


def perceptual_of(made, truth, weight=None):
    return perceptual([made, made[..., ::2, ::2]], [truth, truth[..., ::2, ::2]], weight=weight)


def identity_of(made, truth, weight=None):
    return identity(made.flatten(1), truth.flatten(1), weight=weight)


def gradient_of(made, truth, weight=None):
    return gradient_l1(made, truth, weight=weight)


@pytest.mark.parametrize("term", [l1_of, gradient_of, perceptual_of, identity_of])
def test_each_image_counts_by_its_weight(term):
    made, truth = a_pair()
    each = [term(made[i : i + 1], truth[i : i + 1]).item() for i in range(3)]
    assert max(each) > 1.001 * min(each)
    assert term(made, truth).item() == pytest.approx(np.mean(each), rel=1e-5)
    assert term(made, truth, torch.ones(3)).item() == pytest.approx(np.mean(each), rel=1e-5)
    weight = torch.tensor([1.0, 0.25, 0.0])
    weighted = term(made, truth, weight).item()
    assert weighted == pytest.approx((each[0] + 0.25 * each[1]) / 3, rel=1e-5)
    assert term(truth, truth, weight) == 0


def test_perceptual_compares_directions_of_features():
    """In two channels: (3, 0) and (0, 1) become unit features (sqrt 2, 0) and (0, sqrt 2)."""
    made = torch.tensor([3.0, 0.0]).view(1, 2, 1, 1)
    truth = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1)
    assert perceptual([made], [truth]).item() == pytest.approx(2**0.5, abs=1e-3)
    assert perceptual([made], [2 * made]).item() == pytest.approx(0, abs=1e-3)
    both = perceptual([made, truth], [truth, truth]).item()
    assert both == pytest.approx(2**0.5 / 2, abs=1e-3)  # the mean over the stages
    # A position with zero features must not cause a division by zero.
    nothing = torch.zeros(1, 2, 1, 1, requires_grad=True)
    perceptual([nothing], [truth]).backward()
    assert nothing.grad.isfinite().all()


def test_colours_count_around_hints_alone():
    made, truth = torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 32, 32)
    made[0, :, :, 16:] = 0.5
    hints = torch.zeros(2, 4, 32, 32)
    assert hinted_l1(made, truth, hints) == 0
    hints[0, 3, 4, 4] = 1  # where the colours are right
    assert hinted_l1(made, truth, hints) == 0
    hints[0, 3, 4, 4] = 0
    hints[0, 3, 4, 28] = 1
    assert hinted_l1(made, truth, hints).item() == pytest.approx(0.5 / 2)
    # Fine texture of the right colour is right.
    made[0, :, ::2, 16:] = 1
    truth[0, :, :, 16:] = 0.75
    assert hinted_l1(made, truth, hints).item() == pytest.approx(0, abs=1e-6)
