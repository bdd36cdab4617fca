import hashlib
import json
import shutil

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file

from limner.errors import ModelError, RunError, UsageError
from limner.export import export, remove_traces, to_onnx
from limner.model_file import named_weights
from limner.networks.config import UNetConfig
from limner.networks.generator import make_generator, turned
from limner.networks.unet import UNet
from limner.shipped import shipped_models
from limner.training.loop import train
from limner.training.run import RunFolder
from limner.translator import Translator


def weights_of(run, direction):
    """Contents of the snapshot that is exported."""
    tensors = load_file(RunFolder(run).choose().snapshot)
    prefix = f"{direction}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def test_onnx_gives_the_same_results_as_torch(tiny, finished_run, tiny_model):
    network = UNet(tiny.generator)
    network.load_state_dict(weights_of(finished_run, "sketch-to-photo"))
    sketch = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected = network(sketch).numpy()
    session = ort.InferenceSession(tiny_model, providers=["CPUExecutionProvider"])
    [made] = session.run(None, {"sketch": sketch.numpy()})
    assert np.abs(made - expected).max() < 1e-3
    assert expected.std() > 0.01


def test_a_filtered_network_is_exported_with_its_filter_and_can_be_taken_over(tmp_path):
    torch.manual_seed(0)
    settings = UNetConfig(width=4, depth=2, antialias=True)
    network = UNet(settings).eval()
    for name, weight in network.named_parameters():
        if name.endswith("bias"):  # the exporter stores equal tensors once
            torch.nn.init.normal_(weight, std=0.1)
    model = to_onnx(network, settings, side=32)
    assert named_weights(model).keys() >= network.state_dict().keys()
    sketch = torch.rand(2, 1, 32, 32) * 2 - 1
    with torch.inference_mode():
        expected = network(sketch).numpy()
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [made] = session.run(None, {"sketch": sketch.numpy()})
    assert np.abs(made - expected).max() < 1e-3
    assert expected.std() > 0.01


def test_the_file_contains_all_that_is_needed(finished_run, tiny_model):
    card = Translator(tiny_model).card
    assert (card.name, card.direction) == ("tiny", "sketch-to-photo")
    assert card.experiment == "tiny"
    assert RunFolder(finished_run).choose().snapshot.stem.endswith(f"{card.images_seen:09}")
    assert card.preprocessing.size == 32
    assert card.generator["width"] == 4
    assert card.sources == {"tinted": {"faces": 12, "licence": "public domain"}}


def test_the_digest_depends_on_the_weights(finished_run, tiny_model, tmp_path):
    run = RunFolder(finished_run)
    [other] = set(run.snapshots()) - {run.choose().snapshot}
    other = export(other, tmp_path / "other.onnx")
    again = export(finished_run, tmp_path / "again.onnx")
    assert again.weights == Translator(tiny_model).card.weights
    assert again.weights != other.weights


@pytest.mark.parametrize(
    ("scores", "taken"), [({16: 0.4, 24: 0.5}, 16), ({16: 0.5, 24: 0.4}, 24), ({}, 24)]
)
def test_the_best_snapshot_of_a_run_is_exported(finished_run, tmp_path, scores, taken):
    run = shutil.copytree(finished_run, tmp_path / "run")
    lines = [
        {"images": seen, "identity": score, "each": {"identity": [score, score]}}
        for seen, score in scores.items()
    ]
    (run / "scores.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert export(run, tmp_path / "m.onnx").images_seen == taken


def test_a_run_with_only_photo_to_sketch_exports_that(finished_run_of, tmp_path):
    run = finished_run_of("draughtsman")
    assert RunFolder(run).choose().why.startswith("the snapshot after")
    assert "reconstructed photos" in RunFolder(run).choose().why
    card = export(run, tmp_path / "model.onnx")
    assert (card.direction, card.generator["inputs"]) == ("photo-to-sketch", 3)
    assert Translator(tmp_path / "model.onnx").card.ends == ("photo", "sketch")
    with pytest.raises(RunError, match="no generator of sketch-to-photo"):
        export(run, tmp_path / "other.onnx", direction="sketch-to-photo")


def test_weights_are_stored_in_half_precision(tiny_model):
    graph = onnx.load(tiny_model).graph
    kernels = [t for t in graph.initializer if len(t.dims) == 4]
    assert kernels
    assert all(t.data_type == onnx.TensorProto.FLOAT16 for t in kernels)


def noted(message):
    """Doc strings and metadata of a protobuf message and of all messages in it."""
    for name in ("doc_string", "metadata_props"):
        found = getattr(message, name, "")
        if isinstance(found, str):
            yield from [found] if found else []
        else:
            yield from ((entry.key, entry.value) for entry in found)
    for field, value in message.ListFields():
        if field.message_type is not None and field.name != "metadata_props":
            for one in (value,) if hasattr(value, "DESCRIPTOR") else value:
                yield from noted(one)


def test_an_exported_model_contains_its_card_and_no_other_notes(tiny_model):
    for file in (tiny_model, *shipped_models().values()):
        model = onnx.load(file)
        assert [key for key, _ in noted(model)] == ["limner"], file
        assert "+" not in model.producer_version
        assert b".py" not in model.graph.SerializeToString()


def test_traces_are_removed_wherever_they_are_and_the_card_stays():
    traced = [onnx.StringStringEntryProto(key="stack_trace", value="/home/somebody/net.py")]
    real, helper = onnx.TensorProto.FLOAT, onnx.helper

    def graph(name, node, **others):
        made = helper.make_tensor_value_info("y", real, [1], doc_string="/home/somebody")
        for one in (node, made, *others.get("initializer", ())):
            one.metadata_props.extend(traced)
        return helper.make_graph([node], name, [], [made], doc_string="/home/somebody", **others)

    branches = {
        name: graph(name, helper.make_node("Identity", ["x"], ["y"], doc_string="/home/somebody"))
        for name in ("then_branch", "else_branch")
    }
    weights = helper.make_tensor("x", real, [1], [0.5])
    weights.doc_string = "/home/somebody"
    condition = helper.make_tensor("c", onnx.TensorProto.BOOL, [], [True])
    choice = helper.make_node("If", ["c"], ["y"], **branches)
    choice.attribute[0].doc_string = "/home/somebody"
    outer = graph("outer", choice, initializer=[weights, condition])
    twice = helper.make_node("Add", ["a", "a"], ["b"], doc_string="/home/somebody")
    opsets = [helper.make_opsetid("", 18)]
    function = helper.make_function("own", "twice", ["a"], ["b"], [twice], opsets)
    function.metadata_props.extend(traced)
    model = helper.make_model(
        outer,
        functions=[function],
        opset_imports=[*opsets, helper.make_opsetid("own", 1)],
        doc_string="/home/somebody",
        producer_version="2.13.0a0+gitabc",
        ir_version=10,
    )
    model.metadata_props.extend([*traced, onnx.StringStringEntryProto(key="limner", value="{}")])
    remove_traces(model)
    assert b"somebody" not in model.SerializeToString()
    assert list(noted(model)) == [("limner", "{}")]
    assert (model.producer_version, model.graph.initializer[0].name) == ("2.13.0a0", "x")
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert session.run(None, {})[0].tolist() == [0.5]


def test_the_shipped_model_has_the_weights_of_its_card(finished_run, tmp_path):
    def digest(path):
        held = hashlib.sha256()
        for tensor in sorted(onnx.load(path).graph.initializer, key=lambda one: one.name):
            held.update(tensor.name.encode() + onnx.numpy_helper.to_array(tensor).tobytes())
        return held.hexdigest()

    export(finished_run, tmp_path / "m.onnx")
    for path in (tmp_path / "m.onnx", *shipped_models().values()):
        assert digest(path) == Translator(path).card.weights


def test_export_does_not_need_the_dataset(finished_run, prepared_set, tmp_path):
    moved = prepared_set.rename(prepared_set.with_name("moved"))
    try:
        assert export(finished_run, tmp_path / "m.onnx").sources["tinted"]["faces"] == 12
    finally:
        moved.rename(prepared_set)


@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_either_generator_exports_in_either_direction(tiny_of, tmp_path, kind):
    config = tiny_of["cyclegan"].with_settings(
        [f"generator.kind={kind}", "generator.width=4", "images=4"]
    )
    train(config, tmp_path / "run")
    picture = np.random.default_rng(0).uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32)
    for direction, ends in (
        ("sketch-to-photo", [("sketch", 1), ("photo", 3)]),
        ("photo-to-sketch", [("photo", 3), ("sketch", 1)]),
    ):
        file = tmp_path / f"{direction}.onnx"
        card = export(tmp_path / "run", file, direction=direction)
        assert (card.direction, card.generator["kind"]) == (direction, kind)
        assert [card.generator[end] for end in ("inputs", "outputs")] == [n for _, n in ends]
        network = make_generator(turned(config.generator, direction))
        network.load_state_dict(weights_of(tmp_path / "run", direction))
        shown = picture[:, : ends[0][1]]
        with torch.inference_mode():
            expected = network.eval()(torch.from_numpy(shown)).numpy()
        session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
        [made] = session.run([ends[1][0]], {ends[0][0]: shown})
        assert np.abs(made - expected).max() < 2e-3


def test_a_direction_that_a_run_lacks_is_refused(finished_run, tmp_path):
    with pytest.raises(RunError, match=r"no generator of photo-to-sketch.*'pix2pix'"):
        export(finished_run, tmp_path / "m.onnx", direction="photo-to-sketch")
    with pytest.raises(UsageError, match="choose from sketch-to-photo"):
        export(finished_run, tmp_path / "m.onnx", direction="upside-down")
    assert not (tmp_path / "m.onnx").exists()


def test_a_run_without_a_snapshot_is_refused(tmp_path):
    with pytest.raises(RunError, match="no snapshot"):
        export(tmp_path, tmp_path / "m.onnx")


def test_a_damaged_snapshot_is_refused_and_nothing_is_written(finished_run, tmp_path):
    whole = RunFolder(finished_run).snapshots()[-1].read_bytes()
    for cut in (0, 100, len(whole) // 2):
        snapshot = tmp_path / "cut.safetensors"
        snapshot.write_bytes(whole[:cut])
        with pytest.raises(ModelError, match=r"cut\.safetensors is damaged"):
            export(snapshot, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_a_model_takes_further_inputs_by_name(tiny, tmp_path):
    config = tiny.with_settings(["generator.literal=true", "generator.hints=true", "images=8"])
    train(config, tmp_path / "run")
    card = export(tmp_path / "run", tmp_path / "m.onnx")
    assert (card.literal, card.hints) == (True, True)
    network = make_generator(config.generator)
    network.load_state_dict(weights_of(tmp_path / "run", "sketch-to-photo"))
    rng = np.random.default_rng(0)
    given = {
        name: rng.uniform(0, 1, (3, *shape)).astype(np.float32)
        for name, shape in card.inputs.items()
    }
    with torch.inference_mode():
        expected = network.eval()(*(torch.from_numpy(one) for one in given.values())).numpy()
    session = ort.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    [made] = session.run(["photo"], given)
    assert np.abs(made - expected).max() < 2e-3
