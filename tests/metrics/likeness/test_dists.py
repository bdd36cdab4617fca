"""DISTS with random weights, against the formula in torch; the learnt weights are not at hand.

With its authors' weights and a random VGG16 it was compared with their code by hand, as
torchmetrics 1.9.0 brings both: equal to 1e-7.
"""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from limner.errors import ModelError, UsageError
from limner.metrics.likeness.dists import Dists, DistsDistance, DistsFeature
from limner.metrics.resampling import Resampling

POOLED = {5, 10, 17, 24}  # convolutions behind a pooling
ENDS = {2, 7, 14, 21, 28}  # those that end a stage


def saved(path, alpha=1.0, beta=1.0):
    rng = torch.Generator().manual_seed(0)
    held = {
        name: scale * torch.rand(1, 1475, 1, 1, generator=rng)
        for name, scale in (("alpha", alpha), ("beta", beta))
    }
    torch.save(held, path)
    return path


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A file as DISTS's `weights.pt`."""
    return saved(tmp_path_factory.mktemp("dists") / "weights.pt")


@pytest.fixture(scope="module")
def compare(random_vgg, learnt):
    return DistsDistance(random_vgg, learnt)


def by_formula(vgg, learnt, first, second):
    weights, judged = (torch.load(path, weights_only=True) for path in (vgg, learnt))
    window = torch.from_numpy(np.hanning(5)[1:-1]).float()
    window = torch.outer(window, window) / window.sum() ** 2

    def pool(x):
        kernel = window.repeat(x.shape[1], 1, 1, 1)
        return (F.conv2d(x**2, kernel, None, 2, 1, groups=x.shape[1]) + 1e-12).sqrt()

    def stages(picture):
        x = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
        yield x
        mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = (x - mean.view(1, 3, 1, 1)) / spread.view(1, 3, 1, 1)
        for place in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28):
            x = pool(x) if place in POOLED else x
            kernel, bias = (weights[f"features.{place}.{part}"] for part in ("weight", "bias"))
            x = F.conv2d(x, kernel, bias, padding=1).relu()
            if place in ENDS:
                yield x

    textures, structures = [], []
    for one, other in zip(stages(first), stages(second), strict=True):
        x, y = (per_image[0].flatten(1).double() for per_image in (one, other))
        means = x.mean(1), y.mean(1)
        textures.append((2 * means[0] * means[1] + 1e-6) / (means[0] ** 2 + means[1] ** 2 + 1e-6))
        covariance = (x * y).mean(1) - means[0] * means[1]
        variances = x.var(1, correction=0) + y.var(1, correction=0)
        structures.append((2 * covariance + 1e-6) / (variances + 1e-6))
    alpha, beta = judged["alpha"].flatten().double(), judged["beta"].flatten().double()
    alike = alpha @ torch.cat(textures) + beta @ torch.cat(structures)
    return float(1 - alike / (alpha.sum() + beta.sum()))


def picture(seed=0, side=48):
    small = np.random.default_rng(seed).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    return small.repeat(8, axis=0).repeat(8, axis=1)


def noisy(seed, spread):
    grain = np.random.default_rng(seed).normal(0, spread, (48, 48, 3))
    return np.clip(picture() + grain, 0, 255).astype(np.uint8)


def test_it_is_the_formula(compare, random_vgg, learnt):
    for other in (picture(1), noisy(0, 30)):
        expected = by_formula(random_vgg, learnt, picture(), other)
        assert compare(picture(), other) == pytest.approx(expected, abs=1e-6)


def test_equal_pictures_are_0_apart_and_corruption_counts(compare):
    assert compare(picture(), picture()) == 0
    found = [compare(picture(), noisy(0, spread)) for spread in (4, 16, 64)]
    assert 0 < found[0] < found[1] < found[2] < 1
    assert compare(picture(1), picture()) == pytest.approx(compare(picture(), picture(1)))


def test_texture_forgives_other_places(random_vgg, tmp_path):
    """Grain of another seed is nearly the same texture, and not the same structure."""
    texture = DistsDistance(random_vgg, saved(tmp_path / "texture.pt", beta=0))
    structure = DistsDistance(random_vgg, saved(tmp_path / "structure.pt", alpha=0))
    one, other = noisy(0, 60), noisy(1, 60)
    assert texture(one, other) < 0.2 * texture(one, picture())
    assert structure(one, other) > 4 * texture(one, other)


def test_flat_pictures_have_a_value(compare):
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert compare(black, black) == 0
    assert 0 < compare(black, white) < 1


def test_large_pictures_are_brought_down_as_the_authors_do(compare):
    large = [np.asarray(Image.fromarray(picture(i)).resize((320, 320))) for i in (0, 1)]
    small = [
        np.asarray(Image.fromarray(one).resize((256, 256), Image.Resampling.BILINEAR))
        for one in large
    ]
    assert compare(*large) == compare(*small)


@pytest.mark.parametrize("shape", [(48, 48), (32, 32, 3), (48, 48, 1), (48, 32, 3), (8, 8, 3)])
def test_other_shapes_are_refused(compare, shape):
    same = np.zeros(shape, np.uint8)
    with pytest.raises(UsageError, match="expected"):
        compare(picture(), same) if shape == (32, 32, 3) else compare(same, same)


def test_the_measure_is_the_mean_over_pairs(random_vgg, learnt, compare):
    feature = pickle.loads(pickle.dumps(DistsFeature(vgg=random_vgg, weights=learnt)))
    find = feature.start()
    pairs = np.stack([find(picture(), picture(seed)) for seed in range(3)])
    assert pairs.shape == (3, 1)
    metric = Dists(feature=feature)
    assert metric.inputs["pair"].roles == ("generated", "ground_truth")
    (score,) = metric.scores({"pair": pairs}, Resampling(resamples=20))
    assert score.name == "dists"
    assert score.estimate.value == pytest.approx(pairs.mean())
    assert score.losses.argmin() == 0
    assert pairs[1, 0] == pytest.approx(compare(picture(), picture(1)))


def test_files_are_in_the_key_and_missing_ones_are_refused_at_once(random_vgg, learnt, tmp_path):
    other = saved(tmp_path / "other.pt", alpha=2)
    features = [DistsFeature(vgg=random_vgg, weights=path) for path in (learnt, other)]
    assert features[0].key != features[1].key
    assert features[0].model.startswith("DISTS vgg16-397923af.pth sha256:")
    with pytest.raises(ModelError, match="there is no file"):
        DistsFeature(vgg=random_vgg, weights=tmp_path / "no.pt")
    with pytest.raises(ModelError, match="there is no file"):
        DistsFeature(vgg=tmp_path / "no.pth", weights=learnt)


def test_other_weights_are_refused(random_vgg, learnt, tmp_path):
    with pytest.raises(ModelError, match=r"lacks alpha, beta.*the weights of DISTS"):
        DistsFeature(vgg=learnt, weights=random_vgg).start()
    with pytest.raises(ModelError, match="add up to 0"):
        DistsDistance(random_vgg, saved(tmp_path / "none.pt", alpha=0, beta=0))
