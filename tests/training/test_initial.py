"""Initialisation of a run from other networks."""

import dataclasses
import json

import onnx
import pytest
import torch
from safetensors.torch import load_file

from limner.errors import ModelError, RunError
from limner.networks.config import UNetConfig
from limner.shipped import shipped_models
from limner.training.config import Weights
from limner.training.devices import fabric_of
from limner.training.ema import EMA
from limner.training.exported import read_model
from limner.training.initial import start
from limner.training.loop import train
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.run import RunFolder


def begun(config):
    """An objective and its EMA generators before the first image."""
    torch.manual_seed(config.seed)
    objective = Pix2Pix(config, fabric_of(config))
    averages = {way: EMA(one, config.ema_half_life) for way, one in objective.generators.items()}
    return objective, averages


def test_a_run_goes_on_from_an_exported_model(tiny, tiny_model, finished_run):
    config = dataclasses.replace(tiny, init_from=str(tiny_model), seed=5)
    objective, averages = begun(config)
    fresh = {k: v.clone() for k, v in objective.generator.network.state_dict().items()}
    start(config, objective, averages)
    exported = {
        name.removeprefix("sketch-to-photo."): weight
        for name, weight in load_file(RunFolder(finished_run).choose().snapshot).items()
    }
    for network in (objective.generator.network, averages["sketch-to-photo"].network):
        for name, weight in network.state_dict().items():
            # The file has 16 bits.
            assert torch.allclose(weight, exported[name], rtol=1e-3, atol=1e-6), name
    assert any(not torch.equal(fresh[name], exported[name]) for name in fresh)


def test_a_shipped_model_is_named_without_a_path(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = UNetConfig(width=24, literal=True, hints=True)
    weights = Weights(features=0)
    config = dataclasses.replace(
        tiny, size=128, init_from="lifelike", generator=generator, weights=weights
    )
    objective, averages = begun(config)
    start(config, objective, averages)
    _, shipped = read_model(shipped_models()["lifelike"])
    for name, weight in objective.generator.network.state_dict().items():
        assert torch.equal(weight, shipped[name]), name
    (tmp_path / "lifelike").mkdir()  # an own run of that name comes first
    with pytest.raises(RunError, match="lifelike contains no checkpoint"):
        start(config, objective, averages)


def test_it_trains_and_resumes_from_there(tiny, tiny_model, tmp_path):
    config = dataclasses.replace(tiny, init_from=str(tiny_model), images=16)
    train(dataclasses.replace(config, images=8), tmp_path / "run")
    train(config, tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state()["images"] == 16


def test_a_model_of_another_shape_is_refused(tiny, tiny_model):
    config = dataclasses.replace(
        tiny, init_from=str(tiny_model), generator=UNetConfig(width=8, depth=2)
    )
    with pytest.raises(RunError, match="networks of another shape"):
        start(config, *begun(config))


def test_a_model_that_leads_elsewhere_is_refused(tiny, tiny_sketcher):
    config = dataclasses.replace(tiny, init_from=str(tiny_sketcher))
    with pytest.raises(RunError, match="is a photo-to-sketch model"):
        start(config, *begun(config))


def test_what_is_no_model_of_ours_is_refused(tiny, tiny_model, tmp_path):
    foreign = onnx.load(tiny_model)
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    (tmp_path / "torn.onnx").write_bytes(tiny_model.read_bytes()[:1000])
    for name, found in (
        ("foreign.onnx", "was not exported by limner"),
        ("torn.onnx", "not an ONNX model or is damaged"),
        ("missing.onnx", "cannot be read"),
    ):
        config = dataclasses.replace(tiny, init_from=str(tmp_path / name))
        with pytest.raises(ModelError, match=found):
            start(config, *begun(config))


def test_the_state_names_no_folder_of_the_model(tiny, tiny_model, tmp_path):
    config = dataclasses.replace(tiny, init_from=str(tiny_model), images=8, snapshot_every=8)
    snapshot = train(config, tmp_path / "run")
    assert str(tiny_model.parent).encode() not in snapshot.read_bytes()
    kept = json.loads((tmp_path / "run" / "config.json").read_text())
    assert kept["init_from"] == str(tiny_model)


def test_new_inputs_change_nothing_at_first(tiny, tiny_model):
    generator = dataclasses.replace(tiny.generator, literal=True, hints=True)
    narrow, _ = before = begun(dataclasses.replace(tiny, init_from=str(tiny_model)))
    wide, _ = after = begun(
        dataclasses.replace(tiny, init_from=str(tiny_model), generator=generator)
    )
    start(narrow.config, *before)
    start(wide.config, *after)
    sketch, hints = torch.rand(2, 1, 32, 32), torch.rand(2, 4, 32, 32)
    expected = narrow.generator(sketch)
    assert torch.allclose(wide.generator(sketch, torch.zeros(2), hints), expected, atol=1e-5)


def test_a_run_takes_over_networks_with_fewer_inputs(tiny, finished_run):
    generator = dataclasses.replace(tiny.generator, hints=True)
    config = dataclasses.replace(tiny, init_from=str(finished_run), generator=generator)
    objective, averages = begun(config)
    start(config, objective, averages)
    [held] = RunFolder(finished_run).load_state()["average"].values()
    first = next(iter(held))
    assert torch.equal(averages["sketch-to-photo"].network.state_dict()[first][:, :1], held[first])
