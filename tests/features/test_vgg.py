import numpy as np
import pytest
import torch
from torch import nn

from limner.errors import ModelError, UsageError
from limner.features.vgg import CHANNELS, Vgg16


def layers(path):
    """VGG16 as torchvision builds it, from the input to relu5_3."""
    plan = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512]
    built, before = [], 3
    for size in plan:
        if size:
            built += [nn.Conv2d(before, size, 3, padding=1), nn.ReLU()]
            before = size
        else:
            built.append(nn.MaxPool2d(2, 2))
    network = nn.Sequential(*built)
    held = torch.load(path, weights_only=True)
    network.load_state_dict({name[9:]: held[name] for name in held if name.startswith("features.")})
    return network


def pixels(count=2, side=32):
    return np.random.default_rng(0).standard_normal((count, 3, side, side), np.float32)


def test_features_are_those_of_the_layers_in_a_row(random_vgg):
    found = Vgg16(random_vgg)(pixels())
    assert [one.shape for one in found] == [
        (2, size, 32 // 2**place, 32 // 2**place) for place, size in enumerate(CHANNELS)
    ]
    x = torch.from_numpy(pixels())
    expected = []
    with torch.inference_mode():
        for place, layer in enumerate(layers(random_vgg)):
            x = layer(x)
            if place in (3, 8, 15, 22, 29):  # relu1_2, relu2_2, relu3_3, relu4_3, relu5_3
                expected.append(x.numpy())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_l2_pooling_is_a_mean_of_squares_under_a_window(random_vgg):
    network = Vgg16(random_vgg, pooling="l2")
    plain = torch.full((1, 2, 6, 6), 3.0)
    pooled = network._pool(plain)
    assert pooled.shape == (1, 2, 3, 3)
    assert pooled[0, 0, 1, 1] == pytest.approx(3)
    assert pooled[0, 0, 0, 0] == pytest.approx(3 * 0.75)  # a row and a column lie outside
    spot = torch.zeros(1, 1, 6, 6)
    spot[0, 0, 2, 3] = 8  # between two windows in a row, in the middle of both in the other
    assert network._pool(spot)[0, 0, 1].tolist() == pytest.approx([1e-6, 8**0.5, 8**0.5])


def test_the_pooling_is_used(random_vgg):
    first, second = (Vgg16(random_vgg, pooling=pooling)(pixels()) for pooling in ("max", "l2"))
    np.testing.assert_array_equal(first[0], second[0])
    assert np.abs(first[1] - second[1]).max() > 0.1


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 15, 32)])
def test_other_shapes_are_refused(random_vgg, shape):
    with pytest.raises(UsageError, match="at least 16"):
        Vgg16(random_vgg)(np.zeros(shape, np.float32))


def test_the_smallest_picture_does(random_vgg):
    assert Vgg16(random_vgg)(pixels(1, 16))[-1].shape == (1, 512, 1, 1)


def test_another_network_is_refused(random_vgg, tmp_path):
    held = torch.load(random_vgg, weights_only=True)
    held["features.28.weight"] = held["features.28.weight"][:100]
    torch.save(held, tmp_path / "other.pth")
    with pytest.raises(
        ModelError, match=r"other\.pth contains features\.28\.weight of shape \[100"
    ):
        Vgg16(tmp_path / "other.pth")
    del held["features.0.weight"]
    torch.save(held, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"lacks features\.0\.weight.*vgg16-397923af"):
        Vgg16(tmp_path / "other.pth")
