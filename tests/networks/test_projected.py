import pytest
import torch

from limner.networks.config import PatchGANConfig, ProjectedConfig
from limner.networks.discriminator import make_discriminator
from limner.networks.efficientnet import EfficientNetLite0, weights_file
from limner.networks.patchgan import PatchGAN
from limner.networks.projected import Projected

SMALL = ProjectedConfig(width=8, patch_width=4)


@pytest.fixture(scope="module")
def features():
    return EfficientNetLite0.from_file(weights_file())


def made(features, condition=1, judged=3, seed=0):
    torch.manual_seed(seed)
    return Projected(SMALL, features, condition=condition, judged=judged)


@pytest.mark.parametrize(("condition", "judged"), [(1, 3), (0, 3), (0, 1)])
def test_each_stage_has_a_head_and_so_have_the_pixels(features, condition, judged):
    network = made(features, condition, judged)
    given = torch.randn(2, condition + judged, 64, 64)
    scores, stages, seen = network(given)
    assert [tuple(one.shape) for one in scores] == [(2, 1, n, n) for n in (16, 8, 4, 2, 8)]
    assert [tuple(one.shape[1:]) for one in stages] == [(4, 32, 32), (8, 16, 16), (16, 8, 8)]
    assert all(map(torch.equal, seen, features(given[:, condition:])))


def test_every_head_sees_the_image_and_the_sketch(features):
    network = made(features)
    given = torch.randn(1, 4, 64, 64).requires_grad_()
    for scores in network(given)[0]:
        given.grad = None
        scores.sum().backward(retain_graph=True)
        sketch, image = given.grad[:, :1], given.grad[:, 1:]
        assert sketch.abs().max() > 0
        assert image.abs().amax(dim=(2, 3)).min() > 0


def test_frozen_weights_are_saved_or_shared_but_never_trained(features):
    network = made(features)
    network.requires_grad_(requires_grad=True)  # as between training steps
    assert not any("mix" in name for name, _ in network.named_parameters())
    assert not any(parameter.requires_grad for parameter in features.parameters())
    state = network.state_dict()
    assert sum("mix" in name for name in state) == 4
    assert sum(value.numel() for value in state.values()) < 30_000  # the features have 3 million
    other = made(features, seed=1)
    given = torch.randn(1, 4, 64, 64)
    assert not torch.equal(network(given)[0][0], other(given)[0][0])
    assert not torch.equal(network.heads[0].mix, other.heads[0].mix)
    other.load_state_dict(network.state_dict())
    assert all(map(torch.equal, network(given)[0], other(given)[0]))


def test_trained_convolutions_have_a_spectral_norm_of_one(features):
    network = made(features)
    for _ in range(20):  # the power iteration takes some passes to settle
        network(torch.randn(1, 4, 64, 64))
    learning = [module for module in network.modules() if hasattr(module, "parametrizations")]
    assert len(learning) == 4 * 3 + 4
    for module in learning:
        norm = torch.linalg.matrix_norm(module.weight.flatten(1), ord=2).item()
        assert norm == pytest.approx(1, abs=0.1)


def test_images_and_crops_have_separate_discriminators(features):
    torch.manual_seed(0)
    network = make_discriminator(
        SMALL, condition=1, judged=3, features=lambda: features, crops=True
    ).eval()  # or its power iteration would continue between passes
    shrunk, crops = torch.randn(2, 2, 4, 32, 32)
    scores, stages, seen = network(shrunk, crops)
    assert (len(scores), len(stages), len(seen)) == (10, 6, 8)
    assert all(map(torch.equal, scores[:5], network.coarse(shrunk)[0]))
    assert all(map(torch.equal, seen[4:], features(crops[:, 1:])))
    # Each judges one scale.
    assert not torch.equal(network.coarse(crops)[0][0], network.fine(crops)[0][0])
    plain = make_discriminator(
        PatchGANConfig(width=2), condition=1, judged=3, features=lambda: features, crops=True
    )
    assert isinstance(plain, PatchGAN)


def test_the_config_selects_the_discriminator(features):
    asked = []

    def ask():
        asked.append(1)
        return features

    plain = make_discriminator(PatchGANConfig(width=2), condition=1, judged=3, features=ask)
    assert isinstance(plain, PatchGAN)
    assert not asked
    assert isinstance(make_discriminator(SMALL, condition=0, judged=1, features=ask), Projected)
    assert asked
