"""Networks with Inception's calls and shapes, small and random: its weights are not at hand."""

import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from limner.errors import MissingExtraError, ModelError
from limner.features.inception import Inception, InceptionFeatures, InceptionProbabilities
from limner.metrics.realism.fid import Fid
from limner.metrics.realism.inception_score import InceptionScore
from limner.metrics.realism.kid import Kid, kid
from limner.metrics.resampling import Resampling


class Small(nn.Module):
    """The call of NVIDIA's export: 2048 features of means over a grid of 4x4."""

    def __init__(self, classes: int = 1008, features: int = 2048) -> None:
        super().__init__()
        self.mix = nn.Linear(48, features)
        self.output = nn.Linear(features, classes)

    def forward(
        self,
        img: Tensor,
        return_features: bool = False,
        use_fp16: bool = False,
        no_output_bias: bool = False,
    ) -> Tensor:
        pixels = (img.to(torch.float32) - 128) / 128
        means = nn.functional.adaptive_avg_pool2d(pixels, [4, 4])
        features = torch.relu(self.mix(means.flatten(1)))
        if return_features:
            return features
        if no_output_bias:
            return torch.matmul(features, self.output.weight.t()).softmax(1)
        return self.output(features).softmax(1)


class Foreign(nn.Module):
    """Another call."""

    def forward(self, img: Tensor) -> Tensor:
        return img.to(torch.float32).mean(dim=[2, 3])


class Unlike(Small):
    """Probabilities that are not those of its features."""

    def forward(
        self,
        img: Tensor,
        return_features: bool = False,
        use_fp16: bool = False,
        no_output_bias: bool = False,
    ) -> Tensor:
        features = torch.relu(self.mix(torch.ones(img.shape[0], 48)))
        return features if return_features else self.output(features + 9).softmax(1)


def saved(module: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript
        torch.jit.save(torch.jit.script(module), path)
    return path


@pytest.fixture(scope="module")
def network() -> Small:
    torch.manual_seed(0)
    network = Small()
    network.output.weight.data *= 3  # so that some classes are likelier than others
    return network


@pytest.fixture(scope="module")
def script(network, tmp_path_factory) -> Path:
    return saved(network, tmp_path_factory.mktemp("inception") / "inception-2015-12-05.pt")


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Callable[..., Path]:
    """Makes `.onnx` files: means of the three channels, mixed to as many outputs as one likes."""
    folder = tmp_path_factory.mktemp("graphs")

    def make(
        *,
        batch: int | str = "n",
        side: int | str = 299,
        pixels: int = TensorProto.FLOAT,
        outputs: tuple[tuple[int, str], ...] = ((2048, ""), (1008, "Softmax")),
    ) -> Path:
        rng = np.random.default_rng(0)
        nodes = [
            helper.make_node("Cast", ["pictures"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("GlobalAveragePool", ["float"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"]),
        ]
        kept, ends = [], []
        for place, (size, last) in enumerate(outputs):
            matrix = rng.standard_normal((3, size)).astype(np.float32)
            kept.append(numpy_helper.from_array(matrix, f"matrix{place}"))
            generated = f"mixed{place}" if last else f"end{place}"
            nodes.append(helper.make_node("MatMul", ["flat", f"matrix{place}"], [generated]))
            if last == "Pooled":
                kept.append(numpy_helper.from_array(np.int64([2, 3]), "axes"))
                nodes.append(helper.make_node("Unsqueeze", [generated, "axes"], [f"end{place}"]))
            elif last:
                nodes.append(helper.make_node(last, [generated], [f"end{place}"]))
            ends.append(helper.make_tensor_value_info(f"end{place}", TensorProto.FLOAT, None))
        entry = helper.make_tensor_value_info("pictures", pixels, [batch, 3, side, side])
        model = helper.make_model(
            helper.make_graph(nodes, "small", [entry], ends, kept),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=9,
        )
        path = folder / f"{len(list(folder.iterdir()))}.onnx"
        onnx.save(model, path)
        return path

    return make


def picture(seed=0, side=40):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def test_torchscript_gives_what_its_network_does(network, script):
    seen = Inception(script)(picture())
    pixels = torch.from_numpy(picture().transpose(2, 0, 1))[None]
    with torch.inference_mode():
        features = network(pixels, return_features=True)[0].numpy()
        probabilities = network(pixels, no_output_bias=True)[0].numpy()
    assert seen.features.dtype == np.float32
    np.testing.assert_allclose(seen.features, features, rtol=1e-5)
    np.testing.assert_allclose(seen.probabilities, probabilities, rtol=1e-4, atol=1e-9)


def test_features_and_probabilities_are_two_features_of_one_file(script):
    features, probabilities = pickle.loads(
        pickle.dumps((InceptionFeatures(script), InceptionProbabilities(script)))
    )
    assert features.start()(picture()).shape == (2048,)
    assert probabilities.start()(picture()).sum() == pytest.approx(1, abs=1e-5)
    assert features.key != probabilities.key
    assert features.model == probabilities.model
    assert features.model.startswith("Inception inception-2015-12-05.pt sha256:")
    assert "by the network itself" in features.resize


def test_another_file_is_another_key(script, graph):
    keys = {InceptionFeatures(path).key for path in (script, graph(), graph(batch=1))}
    assert len(keys) == 3


def test_onnx_gets_pixels_in_its_own_range(graph):
    """Of a plain picture the mean of all pixels is known: 51 is -0.6 in -1..1."""
    plain = np.full((40, 40, 3), 51, np.uint8)
    floating = Inception(graph())(plain).features
    bytes_ = Inception(graph(pixels=TensorProto.UINT8))(plain).features
    matrix = np.random.default_rng(0).standard_normal((3, 2048)).astype(np.float32)
    np.testing.assert_allclose(floating, -0.6 * matrix.sum(axis=0), atol=2e-3)
    np.testing.assert_allclose(bytes_, 51 * matrix.sum(axis=0), rtol=1e-3, atol=1e-2)


def test_onnx_pictures_are_resized_without_aliasing(graph):
    """Stripes of one pixel in 598 px are grey in 299 px, not black or white."""
    striped = np.zeros((598, 598, 3), np.uint8)
    striped[:, ::2] = 255
    found = Inception(graph())(striped).features
    grey = Inception(graph())(np.full((40, 40, 3), 128, np.uint8)).features
    assert np.abs(found - grey).max() < 0.05
    assert "antialiased" in InceptionFeatures(graph()).resize


@pytest.mark.parametrize(
    "how",
    [
        {"batch": 1},
        {"batch": 4},
        {"side": "free"},
        {"outputs": ((1008, "Softmax"), (2048, ""))},
        {"outputs": ((2048, "Pooled"), (1008, "Softmax"))},
    ],
)
def test_onnx_of_other_batches_sides_and_orders_do_too(graph, how):
    seen = Inception(graph(**how))(picture())
    assert seen.features.shape == (2048,)
    assert seen.probabilities.sum() == pytest.approx(1, abs=1e-5)
    if "outputs" not in how:
        expected = Inception(graph())(picture())
        np.testing.assert_allclose(seen.features, expected.features, atol=1e-5)


def test_onnx_logits_become_probabilities(graph):
    ready = Inception(graph(outputs=((2048, ""), (1000, "Softmax"))))(picture())
    logits = Inception(graph(outputs=((2048, ""), (1000, ""))))(picture())
    np.testing.assert_allclose(logits.probabilities, ready.probabilities, rtol=1e-4)


def test_onnx_without_classes_gives_features_alone(graph):
    path = graph(outputs=((2048, ""),))
    assert InceptionFeatures(path).start()(picture()).shape == (2048,)
    with pytest.raises(ModelError, match="outputs features only"):
        InceptionProbabilities(path).start()


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"side": 224}, "224"),
        ({"pixels": TensorProto.DOUBLE}, "double"),
        ({"outputs": ((512, ""),)}, r"\[512\]"),
        ({"outputs": ((2048, ""), (2048, ""))}, r"\[2048\], \[2048\]"),
        ({"outputs": ((1008, "Softmax"),)}, r"\[1008\]"),
    ],
)
def test_other_graphs_are_refused(graph, how, found):
    path = graph(**how)
    with pytest.raises(ModelError, match=rf"{path.name} is not an Inception-v3.*{found}"):
        InceptionFeatures(path).start()


@pytest.mark.parametrize(
    ("module", "found"),
    [
        (Foreign(), "it cannot be called as network"),
        (Small(features=64), r"features \[1, 64\]"),
        (Small(classes=10), r"probabilities \[1, 10\]"),
        (Unlike(), "do not match its features"),
    ],
)
def test_other_torchscript_is_refused(tmp_path, module, found):
    with pytest.raises(ModelError, match=rf"other.pt is not an Inception-v3.*{found}"):
        InceptionFeatures(saved(module, tmp_path / "other.pt")).start()


@pytest.mark.parametrize("name", ["damaged.pt", "damaged.onnx"])
def test_damaged_files_are_refused(script, graph, tmp_path, name):
    whole = script if name.endswith(".pt") else graph()
    path = tmp_path / name
    path.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(ModelError, match="it is damaged or not"):
        InceptionFeatures(path).start()


def test_weights_alone_are_no_torchscript(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "state.pt")
    with pytest.raises(ModelError, match="state dict"):
        InceptionFeatures(tmp_path / "state.pt").start()


@pytest.mark.parametrize(
    ("name", "found"), [("no.pt", "there is no file"), ("a.pkl", "ends in .pt or")]
)
def test_missing_and_unknown_files_are_refused_at_once(tmp_path, name, found):
    (tmp_path / "a.pkl").touch()
    for kind in (Inception, InceptionFeatures, InceptionProbabilities):
        with pytest.raises(ModelError, match=found):
            kind(tmp_path / name)


def test_values_that_are_not_finite_are_refused(tmp_path):
    broken = Small()
    broken.mix.bias.data[7] = float("inf")
    with pytest.raises(ModelError, match=r"broken\.pt outputs values that are not finite"):
        InceptionFeatures(saved(broken, tmp_path / "broken.pt")).start()


def test_only_torchscript_needs_torch(script, graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"limner\[train\]"):
        Inception(script)
    assert Inception(graph())(picture()).features.shape == (2048,)


def test_kid_fid_and_score_take_them(script):
    """Generated pictures are darker than real ones, and all three metrics have a score of them."""
    features, probabilities = InceptionFeatures(script), InceptionProbabilities(script)
    find, judge = features.start(), probabilities.start()
    pictures = [picture(seed, side=16) for seed in range(24)]
    dark = [one // 2 for one in pictures[:12]]
    found = {
        "generated": np.stack([find(one) for one in dark]),
        "real": np.stack([find(one) for one in pictures[12:]]),
    }
    alike = {**found, "generated": np.stack([find(one) for one in pictures[:12]])}
    metrics = [
        Kid(feature=features, on="Inception features", suffix=".inception", unit_scale=True),
        Fid(feature=features, on="Inception features", suffix=".inception"),
    ]
    for metric, name in zip(metrics, ("kid.inception", "fid.inception"), strict=True):
        (score,) = metric.scores(found, Resampling(resamples=20))
        (other,) = metric.scores(alike, Resampling(resamples=20))
        assert score.name == name
        assert score.title.endswith("on Inception features")
        assert score.estimate.value > 2 * abs(other.estimate.value)
        assert {needed.feature.key for needed in metric.inputs.values()} == {features.key}
    (score,) = metrics[0].scores(found, Resampling(resamples=20))
    assert score.estimate.value == pytest.approx(kid(found["generated"], found["real"]))
    score = InceptionScore(feature=probabilities)
    (score,) = score.scores({"generated": np.stack([judge(one) for one in dark])}, Resampling())
    assert score.estimate.value > 1
