import pytest
import torch

from limner.networks.config import PatchGANConfig
from limner.networks.patchgan import PatchGAN


@pytest.mark.parametrize(("strides", "field"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_receptive_field_equals_the_config(strides, field):
    config = PatchGANConfig(width=2, strides=strides, norm="none")
    assert config.receptive_field == field
    network = PatchGAN(config, inputs=1).double()
    for parameter in network.parameters():  # all positive: no path cancels another
        torch.nn.init.constant_(parameter, 0.1)
    picture = torch.zeros(1, 1, 2 * field, 2 * field, dtype=torch.float64, requires_grad=True)
    scores, _ = network(picture)
    middle = scores.shape[-1] // 2
    scores[0, 0, middle, middle].backward()
    seen = picture.grad[0, 0].abs() > 0
    assert seen.any(dim=0).sum() == field
    assert seen.any(dim=1).sum() == field


def test_scores_of_the_studys_size():
    scores, features = PatchGAN(PatchGANConfig(width=4), inputs=4)(torch.randn(2, 4, 128, 128))
    assert scores.shape == (2, 1, 14, 14)
    assert [f.shape[1] for f in features] == [4, 8, 16, 32]


def test_a_whole_image_gets_one_score_that_depends_on_every_pixel():
    network = PatchGAN(
        PatchGANConfig(width=2, strides=5, norm="none", whole=True), inputs=3
    ).double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    picture = torch.zeros(1, 3, 128, 128, dtype=torch.float64, requires_grad=True)
    scores, features = network(picture)
    assert scores.shape == (1, 1, 1, 1)
    assert [f.shape[-1] for f in features] == [64, 32, 16, 8, 4]
    scores.sum().backward()
    assert (picture.grad[0].abs() > 0).all()


def test_whole_images_of_other_sizes_are_judged_too():
    network = PatchGAN(PatchGANConfig(width=2, strides=2, whole=True), inputs=3)
    assert network(torch.randn(2, 3, 96, 96))[0].shape == (2, 1, 1, 1)
