import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from limner import images
from limner.errors import (
    DataError,
    DivergedError,
    Interrupted,
    OutputError,
    RunError,
    UsageError,
)
from limner.training import loop
from limner.training.loop import OBJECTIVES, train
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.run import RunFolder, read_jsonl


def same_state(a, b):
    """Whether two nested states are equal to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_state(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_state, a, b))
    return a == b


def files_of(path):
    """The bytes of all grids and snapshots of a run."""
    files = [*path.glob("grids/*.png"), *path.glob("snapshot-*")]
    return {file.name: file.read_bytes() for file in files}


def assert_same_run(a, b):
    """State, statistics, grids and snapshots, all to the bit."""
    assert same_state(RunFolder(a).load_state(), RunFolder(b).load_state())
    assert stats_without_time(a) == stats_without_time(b)
    assert read_jsonl(a / "scores.jsonl") == read_jsonl(b / "scores.jsonl") != []
    assert files_of(a).keys() == files_of(b).keys()
    assert files_of(a) == files_of(b)


def stats_without_time(path):
    lines = [json.loads(line) for line in (path / "stats.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "rate"} for line in lines]


def test_a_run_leaves_what_it_promises(finished_run, tiny):
    assert RunFolder(finished_run).config() == tiny
    assert [p.name for p in RunFolder(finished_run).snapshots()] == [
        "snapshot-000000016.safetensors",
        "snapshot-000000024.safetensors",
    ]
    assert sorted(p.name for p in (finished_run / "grids").iterdir()) == [
        "000000008.png",
        "000000016.png",
        "000000024.png",
    ]
    last = stats_without_time(finished_run)[-1]
    assert last["images"] == 24
    assert {"adversarial", "l1", "features", "discriminator"} < last.keys()
    assert not list(finished_run.rglob("*.part"))


def test_it_learns(tiny, tmp_path):
    config = dataclasses.replace(tiny, images=1600, save_every=1600, lr=2e-3, decay_from=1.0)
    train(config, tmp_path / "run")
    lines = stats_without_time(tmp_path / "run")
    assert lines[-1]["l1"] < 0.7 * lines[0]["l1"]


@pytest.mark.parametrize(
    ("objective", "stop_after"),
    [
        *(("pix2pix", 4), ("pix2pix", 12), ("pix2pix", 20), ("cyclegan", 4), ("hybrid", 12)),
        *(("draughtsman", 4), ("draughtsman", 16)),
        *(("projected", 4), ("projected", 16)),  # before and after the end of its warm-up
    ],
)
def test_an_interrupted_run_ends_as_the_uninterrupted_one(
    tiny_of, finished_run_of, tmp_path, monkeypatch, objective, stop_after
):
    kind = OBJECTIVES[tiny_of[objective].objective]
    step = kind.step
    steps = []

    def step_then_interrupt(self, *args, **kwargs):
        terms = step(self, *args, **kwargs)
        steps.append(terms)
        if 4 * len(steps) == stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return terms

    monkeypatch.setattr(kind, "step", step_then_interrupt)
    with pytest.raises(Interrupted, match=f"after {stop_after} of 24"):
        train(tiny_of[objective], tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state()["images"] == stop_after
    train(tiny_of[objective], tmp_path / "run")
    whole = finished_run_of(objective)
    states = [RunFolder(path).load_state() for path in (whole, tmp_path / "run")]
    assert same_state(*states)
    assert files_of(whole) == files_of(tmp_path / "run")
    assert read_jsonl(whole / "scores.jsonl") == read_jsonl(tmp_path / "run" / "scores.jsonl") != []


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_a_killed_run_ends_as_the_uninterrupted_one(tiny_of, tmp_path, objective):
    """Without warning or a chance to save, it resumes from the last checkpoint on disk."""
    path = tmp_path / "run"
    code = (
        "import json, sys; from pathlib import Path; from limner.training.config import Config;"
        "from limner.training.loop import train;"
        "train(Config.from_dict(json.loads(sys.argv[1])), Path(sys.argv[2]))"
    )
    images = 600 if objective == "pix2pix" else 240
    often = {"save_every": images // 6, "snapshot_every": images // 3}
    long = dataclasses.replace(tiny_of[objective], images=images, **often)
    arguments = [sys.executable, "-c", code, json.dumps(long.to_dict()), str(path)]
    process = subprocess.Popen(arguments)
    deadline = time.monotonic() + 120
    while not (path / "state.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() != 0  # it was killed and did not finish
    assert 0 < RunFolder(path).load_state()["images"] < images
    train(long, path)
    train(long, tmp_path / "whole")
    assert_same_run(tmp_path / "whole", path)


def test_a_run_whose_time_is_up_leaves_a_snapshot_and_goes_on(tiny, finished_run, tmp_path):
    path, said = tmp_path / "run", []
    last = train(tiny, path, say=said.append, seconds=1e-9)
    state = RunFolder(path).load_state()
    assert 0 < state["images"] < tiny.images
    assert last == RunFolder(path).snapshot_path(state["images"])
    assert last.exists()
    assert read_jsonl(path / "scores.jsonl")[-1]["images"] == state["images"]
    assert said == [
        f"stopped after {state['images']} of 24 images because its time is up; "
        "the same command resumes it"
    ]
    train(tiny, path, seconds=3600)
    assert same_state(RunFolder(path).load_state(), RunFolder(finished_run).load_state())


def test_another_config_is_refused_and_named(tiny, finished_run):
    before = (finished_run / "config.json").read_bytes()
    with pytest.raises(RunError, match=r"lr \(0\.0002 there, 0\.1 now\)"):
        train(dataclasses.replace(tiny, lr=0.1), finished_run)
    assert (finished_run / "config.json").read_bytes() == before


def test_another_kind_of_generator_is_refused_too(tiny, finished_run):
    other = tiny.with_settings(["generator.kind=resnet"])
    with pytest.raises(RunError, match=r"kind \(unet there, resnet now\).*blocks \(none there, 6"):
        train(other, finished_run)


def test_a_longer_run_goes_on(tiny, tmp_path):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    seen = []
    train(dataclasses.replace(tiny, images=16), tmp_path, report=lambda p: seen.append(p.seen))
    assert seen == [16]


def test_other_faces_are_refused(tiny, tmp_path, monkeypatch):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    monkeypatch.setattr(loop.PreparedSet, "digest", "other")
    with pytest.raises(RunError, match="trained on other faces"):
        train(dataclasses.replace(tiny, images=16), tmp_path)


def test_a_damaged_state_is_named(tiny, tmp_path):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"state\.pt cannot be read"):
        train(tiny, tmp_path)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_state(tiny, tmp_path, monkeypatch):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    good = (tmp_path / "state.pt").read_bytes()
    step = Pix2Pix.step
    monkeypatch.setattr(
        Pix2Pix, "step", lambda *a, **k: step(*a, **k) | {"l1": torch.tensor(torch.nan)}
    )
    with pytest.raises(DivergedError, match="not finite: l1; the last good checkpoint"):
        train(tiny, tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == good


def test_a_full_disk_stops_the_run_and_keeps_the_state(tiny, tmp_path, monkeypatch):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    good = (tmp_path / "state.pt").read_bytes()
    replace = Path.replace

    def full(self, target):
        if target.name == "state.pt":
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match=r"state\.pt: cannot write it .*free some space"):
        train(tiny, tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == good
    assert not list(tmp_path.glob("*.part"))
    monkeypatch.undo()
    train(tiny, tmp_path)  # with free space again, it resumes
    assert RunFolder(tmp_path).load_state()["images"] == 24


def test_a_set_that_holds_nobody_out_will_do(tiny, prepared_set, tmp_path, monkeypatch):
    count = loop.PreparedSet.count
    monkeypatch.setattr(
        loop.PreparedSet,
        "count",
        lambda self, split, kind: 0 if split == "test" else count(self, split, kind),
    )
    said = []
    train(dataclasses.replace(tiny, images=8), tmp_path, say=said.append)
    assert (tmp_path / "grids" / "000000008.png").exists()
    [line] = said
    assert "the last one counts as the best" in line
    assert f"{prepared_set} has 0 photos in its split 'test', and ranking needs at least 1" in line
    assert "--held-out" in line
    assert (
        RunFolder(tmp_path)
        .choose()
        .why.endswith("is the last; none was scored for this direction, so another may be better")
    )
    train(dataclasses.replace(tiny, images=8, eval_images=0), tmp_path / "other", say=said.append)
    assert said == [line]  # without scores there is no message about them


def test_sources_of_another_set_are_named_and_do_not_matter(tiny, tmp_path):
    said, reports = [], []
    other = dataclasses.replace(tiny, images=8, sampling={"elsewhere": 0.5})
    train(other, tmp_path, say=said.append, report=reports.append, seconds=3600)
    [line] = said
    assert line.startswith("sampling has no effect for elsewhere: ")
    assert reports[-1].share == 1
    assert 3000 < reports[-1].seconds_left < 3600


def test_a_device_that_is_not_there_is_named(tiny, tmp_path):
    if torch.backends.mps.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(UsageError, match="device is 'mps'"):
        train(dataclasses.replace(tiny, device="mps"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("objective", ["pix2pix", "hybrid"])
def test_a_run_begins_with_the_networks_of_another(tiny_of, finished_run, tmp_path, objective):
    config = dataclasses.replace(
        tiny_of[objective], init_from=str(finished_run), images=4, batch=4, lr=1e-12
    )
    train(config, tmp_path / "run")
    old, new = (RunFolder(p).load_state()["objective"] for p in (finished_run, tmp_path / "run"))
    assert old.keys() == {"sketch-to-photo", "pair-discriminator"}
    for learner in old:
        for name, tensor in old[learner]["network"].items():
            assert torch.allclose(new[learner]["network"][name], tensor, atol=1e-6)
    resumed = dataclasses.replace(config, images=8)
    train(resumed, tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state()["images"] == 8


def test_a_state_and_a_config_of_an_earlier_version_go_on(tiny, tmp_path):
    """They have neither the kind of the discriminator nor settings that came later."""
    config, path = dataclasses.replace(tiny, decay_from=1.0), tmp_path / "run"
    train(config, tmp_path / "whole")
    train(dataclasses.replace(config, images=16), path)
    run = RunFolder(path)
    values, state = json.loads((path / "config.json").read_text()), run.load_state()
    del values["discriminator"]["kind"], state["config"]["discriminator.kind"]
    new = {"clip", "warm_up", "discriminator_lr", "weights.perceptual", "weights.face"}
    new |= {"smiling", "lift", "discriminator_augmentation.colour_strength"}
    del values["sampling"]
    for name in new:
        del state["config"][name]
        table, _, field = name.rpartition(".")
        del (values[table] if table else values)[field]
    (path / "config.json").write_text(json.dumps(values))
    run.save_state(state)
    with pytest.raises(RunError, match=r"kind \(patchgan there, projected now\)"):
        train(config.with_settings(["discriminator.kind=projected"]), path)
    with pytest.raises(RunError, match=r"warm_up \(0 there, 8 now\)"):
        train(dataclasses.replace(config, warm_up=8), path)
    train(config, path)
    assert same_state(run.load_state(), RunFolder(tmp_path / "whole").load_state())


def test_only_discriminators_learn_while_a_run_warms_up(tiny, tmp_path):
    """Exactly the batches that begin within it."""

    def weights(config, images):
        path = tmp_path / f"{config.warm_up}-{images}"
        train(dataclasses.replace(config, images=images, decay_from=1.0), path)
        networks = RunFolder(path).load_state()["objective"]
        return networks["sketch-to-photo"]["network"], networks["pair-discriminator"]["network"]

    warm = dataclasses.replace(tiny, warm_up=5)
    fresh, judge = weights(warm, 4)
    still, judging = weights(warm, 8)
    moved, _ = weights(warm, 12)
    assert same_state(fresh, still)
    assert not same_state(still, moved)
    assert not same_state(judge, judging)
    assert not same_state(fresh, weights(tiny, 4)[0])


def test_a_run_with_other_discriminators_begins_with_the_generators_of_one(
    tiny, finished_run, tmp_path
):
    config = tiny.with_settings(
        [f"init_from={finished_run}", "discriminator.kind=projected", "images=4", "warm_up=4"]
    )
    train(config, tmp_path / "run")
    old, new = (RunFolder(p).load_state() for p in (finished_run, tmp_path / "run"))
    networks = [one["objective"]["sketch-to-photo"]["network"] for one in (old, new)]
    assert same_state(*networks)  # it does not learn during the warm-up
    # The EMA is that of the other run.
    assert not same_state(networks[1], new["average"]["sketch-to-photo"])


@pytest.mark.parametrize("wrong", ["no run", "other shape"])
def test_networks_that_do_not_fit_are_refused(tiny, finished_run, tmp_path, wrong):
    config = dataclasses.replace(tiny, init_from=str(tmp_path))
    if wrong == "other shape":
        wide = dataclasses.replace(tiny.generator, width=8)
        config = dataclasses.replace(tiny, init_from=str(finished_run), generator=wide)
    with pytest.raises(RunError, match=r"contains no checkpoint|of another shape"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("objective", ["cyclegan", "hybrid"])
def test_a_set_without_sketches_is_refused(tiny_of, prepared_set, tmp_path, objective):
    config = dataclasses.replace(tiny_of[objective], data=str(prepared_set))
    found = f"'{objective}' learns from photos and sketches, and .* has 10 photos and 0 sketches"
    with pytest.raises(DataError, match=found):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_set_no_run(tiny, tmp_path):
    with pytest.raises(DataError, match="limner prepare"):
        train(dataclasses.replace(tiny, data=str(tmp_path / "none")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_grids_show_sketch_result_and_truth(finished_run):
    grid = images.read(finished_run / "grids" / "000000024.png")
    assert grid.shape == (3 * 34 + 2, 2 * 34 + 2, 3)
    sketch, made, truth = (grid[2 + 34 * row : 34 * (row + 1), 2:34] for row in range(3))
    assert np.ptp(sketch.astype(int), axis=2).max() == 0
    assert np.ptp(truth.astype(int), axis=2).max() > 30
    assert made.std() > 0


def test_grids_show_both_ways_there_and_back(finished_run_of):
    grid = images.read(finished_run_of("hybrid") / "grids" / "000000024.png")
    assert grid.shape == (9 * 34 + 2, 2 * 34 + 2, 3)  # a sketch and two photos are held out
    rows = [grid[2 + 34 * row : 34 * (row + 1), 2:34].astype(int) for row in range(9)]
    in_colour = [bool(np.ptp(row, axis=2).max()) for row in rows]
    pair, sketch, photo = [False, True, True], [False, True, False], [True, False, True]
    assert in_colour == pair + sketch + photo
