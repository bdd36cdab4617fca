"""LPIPS with random weights, against the formula in torch; the learnt weights are not at hand.

With its authors' linear weights and a random VGG16 it was compared with their code by hand, as
torchmetrics 1.9.0 brings both: equal to 1e-8.
"""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from limner.errors import ModelError, UsageError
from limner.metrics.likeness.lpips import Lpips, LpipsDistance, LpipsFeature
from limner.metrics.resampling import Resampling

POOLED = {5, 10, 17, 24}  # convolutions behind a pooling
ENDS = {2, 7, 14, 21, 28}  # those that end a stage


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    """A file as LPIPS's `vgg.pth`."""
    torch.manual_seed(0)
    held = {
        f"lin{place}.model.1.weight": torch.rand(1, size, 1, 1)
        for place, size in enumerate((64, 128, 256, 512, 512))
    }
    path = tmp_path_factory.mktemp("lpips") / "vgg.pth"
    torch.save(held, path)
    return path


@pytest.fixture(scope="module")
def compare(random_vgg, linear):
    return LpipsDistance(random_vgg, linear)


def by_formula(vgg, linear, first, second):
    weights, judged = (torch.load(path, weights_only=True) for path in (vgg, linear))

    def stages(picture):
        x = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255 * 2 - 1
        shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
        x = (x - shift.view(1, 3, 1, 1)) / scale.view(1, 3, 1, 1)
        for place in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28):
            x = F.max_pool2d(x, 2) if place in POOLED else x
            kernel, bias = (weights[f"features.{place}.{part}"] for part in ("weight", "bias"))
            x = F.conv2d(x, kernel, bias, padding=1).relu()
            if place in ENDS:
                yield F.normalize(x, dim=1)

    total = 0.0
    for place, (one, other) in enumerate(zip(stages(first), stages(second), strict=True)):
        apart = F.conv2d((one - other).square(), judged[f"lin{place}.model.1.weight"])
        total += float(apart.mean())
    return total


def picture(seed=0, side=48):
    small = np.random.default_rng(seed).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    return small.repeat(8, axis=0).repeat(8, axis=1)


def noisy(seed, spread):
    grain = np.random.default_rng(seed).normal(0, spread, (48, 48, 3))
    return np.clip(picture() + grain, 0, 255).astype(np.uint8)


def test_it_is_the_formula(compare, random_vgg, linear):
    for other in (picture(1), noisy(0, 30)):
        expected = by_formula(random_vgg, linear, picture(), other)
        assert compare(picture(), other) == pytest.approx(expected, rel=1e-4)


def test_equal_pictures_are_0_apart_and_corruption_counts(compare):
    assert compare(picture(), picture()) == 0
    found = [compare(picture(), noisy(0, spread)) for spread in (4, 16, 64)]
    assert 0 < found[0] < found[1] < found[2]
    assert compare(picture(1), picture()) == pytest.approx(compare(picture(), picture(1)))


def test_flat_pictures_have_a_value(compare):
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert compare(black, black) == 0
    assert np.isfinite(compare(black, white))


def test_features_that_are_all_0_are_alike(random_vgg, linear, tmp_path):
    held = torch.load(random_vgg, weights_only=True)
    held["features.2.bias"] -= 1000
    torch.save(held, tmp_path / "dead.pth")
    dead = LpipsDistance(tmp_path / "dead.pth", linear)
    assert 0 <= dead(picture(), picture(1)) < np.inf


def test_safetensors_do_too(random_vgg, linear, tmp_path, compare):
    held = {name: x.numpy() for name, x in torch.load(linear, weights_only=True).items()}
    save_file(held, tmp_path / "vgg.safetensors")
    other = LpipsDistance(random_vgg, tmp_path / "vgg.safetensors")
    assert other(picture(), picture(1)) == compare(picture(), picture(1))


@pytest.mark.parametrize("shape", [(48, 48), (32, 48, 3), (48, 48, 1), (8, 8, 3)])
def test_other_shapes_are_refused(compare, shape):
    same = np.zeros(shape, np.uint8)
    with pytest.raises(UsageError, match="expected"):
        compare(picture(), same) if shape != (8, 8, 3) else compare(same, same)


def test_the_measure_is_the_mean_over_pairs(random_vgg, linear, compare):
    feature = pickle.loads(pickle.dumps(LpipsFeature(vgg=random_vgg, weights=linear)))
    find = feature.start()
    pairs = np.stack([find(picture(), picture(seed)) for seed in range(3)])
    assert pairs.shape == (3, 1)
    metric = Lpips(feature=feature)
    assert metric.inputs["pair"].roles == ("generated", "ground_truth")
    (score,) = metric.scores({"pair": pairs}, Resampling(resamples=20))
    assert score.name == "lpips"
    assert score.estimate.value == pytest.approx(pairs.mean())
    assert score.losses.argmin() == 0
    assert pairs[1, 0] == pytest.approx(compare(picture(), picture(1)))


def test_files_are_in_the_key_and_missing_ones_are_refused_at_once(random_vgg, linear, tmp_path):
    other = tmp_path / "vgg.pth"
    torch.save(torch.load(linear, weights_only=True) | {"more": torch.zeros(1)}, other)
    features = [LpipsFeature(vgg=random_vgg, weights=path) for path in (linear, other)]
    assert features[0].key != features[1].key
    assert features[0].model.startswith("LPIPS vgg16-397923af.pth sha256:")
    with pytest.raises(ModelError, match="there is no file"):
        LpipsFeature(vgg=random_vgg, weights=tmp_path / "no.pth")
    with pytest.raises(ModelError, match="there is no file"):
        LpipsFeature(vgg=tmp_path / "no.pth", weights=linear)


def test_files_that_are_mixed_up_are_told_apart(random_vgg, linear):
    with pytest.raises(ModelError, match=r"lacks lin0\.model\.1\.weight.*the weights of LPIPS"):
        LpipsFeature(vgg=linear, weights=random_vgg).start()
