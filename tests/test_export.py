import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file

from limner.errors import ModelError, RunError
from limner.export import export
from limner.networks.unet import UNet
from limner.training.run import RunFolder
from limner.translator import Translator


def test_onnx_computes_what_torch_does(tiny, finished_run, tiny_model):
    network = UNet(tiny.generator)
    network.load_state_dict(load_file(RunFolder(finished_run).snapshots()[-1]))
    sketch = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected = network(sketch).numpy()
    session = ort.InferenceSession(tiny_model, providers=["CPUExecutionProvider"])
    [made] = session.run(None, {"sketch": sketch.numpy()})
    assert np.abs(made - expected).max() < 1e-3
    assert expected.std() > 0.01


def test_the_file_says_all_that_is_needed(tiny_model):
    card = Translator(tiny_model).card
    assert (card.name, card.direction) == ("tiny", "sketch-to-photo")
    assert (card.experiment, card.images_seen) == ("tiny", 24)
    assert card.preprocessing.size == 32
    assert card.generator["width"] == 4
    assert card.sources == {"tinted": {"faces": 12, "licence": "public domain"}}


def test_the_digest_follows_the_weights(finished_run, tiny_model, tmp_path):
    earlier = export(RunFolder(finished_run).snapshots()[0], tmp_path / "earlier.onnx")
    again = export(finished_run, tmp_path / "again.onnx")
    assert again.weights == Translator(tiny_model).card.weights
    assert again.weights != earlier.weights


def test_weights_are_stored_in_half_precision(tiny_model):
    graph = onnx.load(tiny_model).graph
    kernels = [t for t in graph.initializer if len(t.dims) == 4]
    assert kernels
    assert all(t.data_type == onnx.TensorProto.FLOAT16 for t in kernels)


def test_the_set_need_not_be_there_any_more(finished_run, prepared_set, tmp_path):
    moved = prepared_set.rename(prepared_set.with_name("moved"))
    try:
        assert export(finished_run, tmp_path / "m.onnx").sources["tinted"]["faces"] == 12
    finally:
        moved.rename(prepared_set)


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
