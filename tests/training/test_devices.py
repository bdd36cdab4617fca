import dataclasses
import json
import os
import subprocess
import sys

import pytest
import torch
from lightning_fabric import Fabric

from limner.errors import UsageError
from limner.networks.config import PatchGANConfig
from limner.training import devices
from limner.training.config import Weights
from limner.training.devices import differences, fabric_of, part_of, runtime, workers_of
from limner.training.loop import OBJECTIVES, train
from limner.training.objectives.objective import DiscriminatorTrainer
from limner.training.run import RunFolder

SHARED = """
import dataclasses, json, os, signal, sys
from pathlib import Path
import torch
from limner.errors import LimnerError
from limner.training import devices
from limner.training.config import Config
from limner.training.loop import OBJECTIVES, train

torch.set_default_dtype(torch.float64)
devices._precision = lambda *_: "64-true"
rank = int(os.environ["RANK"])
said = []
for name, job in json.loads(sys.argv[1]).items():
    config, path = Config.from_dict(job["config"]), Path(job["paths"][rank])
    kind = OBJECTIVES[config.objective]
    step = kind.step
    if name == "stopped":
        def stopped_in_one(self, batch, lr):
            if rank and batch.first + len(batch["photo"]) == 8:
                os.kill(os.getpid(), signal.SIGTERM)
            return step(self, batch, lr)
        kind.step = stopped_in_one
    try:
        train(config, path, say=said.append)
    except LimnerError as error:
        said.append(f"{name}: {error}")
    kind.step = step
Path(sys.argv[2], str(rank)).write_text(json.dumps(said))
"""


ALONE = """
import json, sys
from pathlib import Path
from limner.training.config import Config
from limner.training.loop import train

train(Config.from_dict(json.loads(sys.argv[1])), Path(sys.argv[2]))
"""


def config_for(tiny_of, objective, **changes):
    """Without instance normalisation: before it, the gradient of a bias is only rounding error,
    from which Adam makes steps of normal size."""
    network = PatchGANConfig(width=4, strides=2, norm="none")
    plain = dataclasses.replace(tiny_of[objective], discriminator=network, decay_from=1.0)
    if objective == "draughtsman":  # the face descriptor computes in float32
        weights = dataclasses.replace(plain.weights, face=0, identity=0)
        plain = dataclasses.replace(plain, weights=weights)
    # Snapshots are scored in float32.
    return dataclasses.replace(plain, **{"images": 26, "eval_images": 0, **changes})


@pytest.fixture(scope="module")
def runs(tiny_of, tmp_path_factory):
    """Runs of one process under `one`, and of two under `two`.

    In float64, since float32 differences would grow: the gradient of an L1 term jumps.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "_precision", lambda *_: "64-true")
        torch.set_default_dtype(torch.float64)
        try:
            return made_runs(tiny_of, tmp_path_factory.mktemp("shared"))
        finally:
            torch.set_default_dtype(torch.float32)


def made_runs(tiny_of, top):
    configs = {name: config_for(tiny_of, name) for name in OBJECTIVES}
    configs["cyclegan"] = dataclasses.replace(configs["cyclegan"], images=25)  # 1 is left over
    configs["projected"] = dataclasses.replace(
        tiny_of["projected"],
        weights=Weights(perceptual=1),
        images=26,
        eval_images=0,
        decay_from=1.0,
    )
    short = config_for(tiny_of, "cyclegan", images=12)
    for name, config in configs.items():
        train(config, top / "one" / name)
    train(short, top / "from one")
    jobs = {name: (config, [top / "two" / name] * 2) for name, config in configs.items()}
    jobs["from one"] = (configs["cyclegan"], [top / "from one"] * 2)
    jobs["from two"] = (short, [top / "from two"] * 2)
    jobs["stopped"] = (configs["hybrid"], [top / "stopped"] * 2)
    jobs["apart"] = (configs["hybrid"], [top / "stopped", top / "elsewhere"])
    given = {
        name: {"config": config.to_dict(), "paths": [str(path) for path in paths]}
        for name, (config, paths) in jobs.items()
    }
    script = top / "shared.py"
    script.write_text(SHARED)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*command, script, json.dumps(given), top], env=environment, check=True, timeout=120
    )
    train(configs["cyclegan"], top / "from two")
    return top


def said(runs, rank):
    return json.loads((runs / str(rank)).read_text())


def furthest(one, other):
    """The largest difference of the numbers of two nested states."""
    if isinstance(one, torch.Tensor):
        return (one.double() - other.double()).abs().max().item() if one.numel() else 0.0
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        return max((furthest(one[key], other[key]) for key in one), default=0.0)
    return 0.0


def assert_nearly_the_same(path, other):
    one, two = (RunFolder(p).load_state() for p in (path, other))
    assert one["images"] == two["images"]
    for part in ("objective", "average"):
        # Rounding of 1e-16, which Adam amplifies where a gradient is next to nothing.
        assert furthest(one[part], two[part]) < 1e-10
    lines = [(p / "stats.jsonl").read_text().splitlines()[-1] for p in (path, other)]
    ours, theirs = ({**json.loads(line), "rate": 0} for line in lines)
    assert ours == pytest.approx(theirs, abs=2e-6)  # they are rounded


@pytest.mark.parametrize("objective", [*OBJECTIVES, "projected"])
def test_two_processes_learn_what_one_does(runs, objective):
    assert_nearly_the_same(runs / "one" / objective, runs / "two" / objective)
    names = {p.name for p in (runs / "one" / objective).iterdir()}
    assert names == {p.name for p in (runs / "two" / objective).iterdir()}


@pytest.mark.parametrize("start", ["from one", "from two"])
def test_a_run_goes_on_with_another_number_of_processes(runs, start):
    assert_nearly_the_same(runs / "one" / "cyclegan", runs / start)


def test_what_differs_is_said_once(runs):
    assert "resumes with processes 2 (it was 1)" in said(runs, 0)[0]
    assert not any("resumes with" in line for line in said(runs, 1))


def test_all_stop_at_the_same_image(runs):
    for rank in (0, 1):
        assert f"stopped: stopped after 8 of 26 images, all saved in {runs / 'stopped'}" in str(
            said(runs, rank)
        )
    assert RunFolder(runs / "stopped").load_state()["images"] == 8


def test_processes_that_see_different_folders_say_so(runs):
    for rank in (0, 1):
        assert "do not see the same images seen (0, 8)" in said(runs, rank)[-1]
    assert not (runs / "elsewhere").exists()


def test_a_batch_that_cannot_be_shared_is_refused(tiny):
    with pytest.raises(UsageError, match="batch is 4, which 3 processes cannot share"):
        fabric_of(dataclasses.replace(tiny, devices=3))


def test_devices_that_are_not_there_are_named(tiny):
    if torch.cuda.device_count() > 3:
        pytest.skip("this machine has them")
    with pytest.raises(UsageError, match="device is 'cuda' and 4 of them"):
        fabric_of(dataclasses.replace(tiny, device="cuda", devices=4))


class Four:
    """The attributes that `part_of` uses, of a fabric of four processes."""

    world_size = 4
    global_rank = 2


def test_parts_make_up_the_batch():
    part = part_of(Four(), 32, 16)
    assert (part.first, part.count, part.shared) == (40, 4, True)
    left_over = part_of(Four(), 32, 6)
    assert (left_over.first, left_over.count, left_over.shared) == (32, 6, False)


@pytest.mark.parametrize(
    ("found", "precision"),
    [
        ({}, "32-true"),
        ({"avx512_f": True, "avx512_bf16": False}, "32-true"),
        ({"avx512_bf16": True}, "bf16-mixed"),
        ({"amx_bf16": True}, "bf16-mixed"),
    ],
)
def test_what_a_cpu_does_by_itself(tiny, monkeypatch, found, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    free = dataclasses.replace(tiny, precision="auto")
    fabric = fabric_of(free)
    computed = runtime(free, fabric)
    assert (computed["precision"], computed["compile"]) == (precision, "off")
    assert computed["processes"] == 1
    assert runtime(tiny, fabric)["precision"] == "32-true"
    with fabric.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if precision == "bf16-mixed" else torch.float32)


def test_a_torch_without_a_public_name_for_it_is_asked_too(tiny, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    assert not devices._cpu_has_bf16()
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert devices._cpu_has_bf16()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not devices._cpu_has_bf16()


def test_a_run_keeps_its_precision_unless_another_is_named(tiny, tmp_path, monkeypatch):
    free = dataclasses.replace(tiny, precision="auto", decay_from=1.0)
    said = []

    def trained(path, images, *, bf16, **changes):
        monkeypatch.setattr(devices, "_cpu_has_bf16", lambda: bf16)
        config = dataclasses.replace(free, images=images, **changes)
        train(config, tmp_path / path, say=said.append)
        return RunFolder(tmp_path / path).load_state()

    whole = trained("whole", 16, bf16=True)
    assert whole["how"]["precision"] == "bf16-mixed"
    trained("run", 8, bf16=True)
    resumed = trained("run", 16, bf16=False)  # on a machine that is slower at it
    assert furthest(whole["objective"], resumed["objective"]) == 0
    assert resumed["how"] == whole["how"]
    assert trained("plain", 8, bf16=False)["how"]["precision"] == "32-true"
    assert trained("plain", 12, bf16=True)["how"]["precision"] == "32-true"
    assert not said
    assert trained("plain", 16, bf16=True, precision="bf16-mixed")["how"] == whole["how"]
    assert "precision bf16-mixed (it was 32-true)" in said[0]


def test_another_kind_of_device_decides_for_itself(tiny):
    free = dataclasses.replace(tiny, precision="auto", device="mps")
    before = {"device": "cpu", "precision": "bf16-mixed"}
    assert devices._precision(free, before) == "32-true"
    assert devices._precision(dataclasses.replace(free, device="cpu"), before) == "bf16-mixed"
    damaged = {"device": "mps", "precision": "64-false"}
    assert devices._precision(free, damaged) == "32-true"


def test_a_cpu_draws_no_images_ahead_by_itself(tiny):
    fabric = Fabric(accelerator="cpu", devices=1)
    assert workers_of(tiny, fabric) == 0
    assert workers_of(dataclasses.replace(tiny, workers=3), fabric) == 3


def test_only_what_is_known_to_differ_is_said():
    assert differences({}, {"processes": 2}) == ""
    assert differences({"processes": 2}, {"processes": 2}) == ""
    assert "threads 2 (it was 1):" in differences(
        {"processes": 2, "threads": 1}, {"processes": 2, "threads": 2}
    )


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_compiled_networks_have_the_names_of_others(tiny):
    fabric = Fabric(accelerator="cpu", devices=1)
    plain, compiled = (
        DiscriminatorTrainer(dataclasses.replace(tiny, compile=kind), fabric, judged=3, place=0)
        for kind in ("off", "on")
    )
    assert plain.network.state_dict().keys() == compiled.network.state_dict().keys()
    compiled.load_state_dict(plain.state_dict())


def test_the_processes_are_started_where_nobody_has_yet(tiny_of, tmp_path):
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    config = dataclasses.replace(tiny_of["cyclegan"], devices=2, images=8)
    command = [sys.executable, script, json.dumps(config.to_dict()), tmp_path / "run"]
    subprocess.run(command, check=True, timeout=120)
    assert RunFolder(tmp_path / "run").load_state()["how"]["processes"] == 2
