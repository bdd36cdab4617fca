import dataclasses
import json

import numpy as np
import pytest

from limner.training.loop import train
from limner.training.run import RunFolder, read_jsonl
from limner.training.watching import watch
from limner.training.watching.monitors import Problem
from limner.training.watching.scores import HeldOut


def test_every_snapshot_is_scored_and_the_scores_are_kept(finished_run):
    lines = read_jsonl(finished_run / "scores.jsonl")
    assert [line["images"] for line in lines] == [16, 24]
    for line in lines:
        assert line.keys() == {"images", "l1", "identity", "each"}
        for name in ("l1", "identity"):
            assert len(line["each"][name]) == 2  # held-out faces
            assert np.mean(line["each"][name]) == pytest.approx(line[name], rel=1e-4)


@pytest.fixture
def never_better(monkeypatch):
    """Every snapshot gets the same score."""
    monkeypatch.setattr(HeldOut, "score", lambda self, generators: {"identity": np.full(3, 0.5)})


def test_a_run_ends_when_patience_does(tiny, never_better, tmp_path):
    often = dataclasses.replace(tiny, snapshot_every=4, save_every=16)
    run = RunFolder(tmp_path / "run")
    last = train(dataclasses.replace(often, patience=8), run.path)
    assert last.name == "snapshot-000000012.safetensors"
    assert run.load_state()["images"] == 12
    assert [line["images"] for line in read_jsonl(run.scores_path)] == [4, 8, 12]

    # The same command again does nothing.
    before = {file: file.read_bytes() for file in run.path.rglob("*.*")}
    assert train(dataclasses.replace(often, patience=8), run.path) == last
    assert {file: file.read_bytes() for file in run.path.rglob("*.*")} == before

    # With more patience it resumes, as if patience had been higher from the start.
    train(dataclasses.replace(often, patience=12), run.path)
    assert run.load_state()["images"] == 16
    train(often, run.path)
    train(often, tmp_path / "whole")
    whole = RunFolder(tmp_path / "whole")
    assert run.snapshots()[-1].read_bytes() == whole.snapshots()[-1].read_bytes()
    assert read_jsonl(run.scores_path) == read_jsonl(whole.scores_path)


def test_a_run_that_gets_better_is_not_ended(tiny, tmp_path, monkeypatch):
    scores = iter(np.linspace(0.9, 0.1, 6))
    monkeypatch.setattr(
        HeldOut, "score", lambda self, generators: {"identity": np.full(3, next(scores))}
    )
    config = dataclasses.replace(tiny, snapshot_every=4, patience=4)
    assert train(config, tmp_path).name == "snapshot-000000024.safetensors"


def test_warnings_are_kept_reported_and_forgotten_with_what_comes_after_a_state(
    tiny, tmp_path, monkeypatch
):
    def trouble(lines, config):
        images = lines[-1]["images"]
        said = Problem(monitor="doubt", about="photo", text=f"at {images}")
        return [said] if images >= 16 else []

    monkeypatch.setattr(watch, "new_troubles", trouble)
    reported = []
    train(tiny, tmp_path, report=lambda progress: reported.append(progress.warnings))
    expected = [
        {"images": n, "monitor": "doubt", "about": "photo", "text": f"at {n}"} for n in (16, 24)
    ]
    assert read_jsonl(tmp_path / "warnings.jsonl") == expected
    assert reported == [(), ("at 16",), ("at 24",)]
    RunFolder(tmp_path).drop_stats_after(20)
    assert read_jsonl(tmp_path / "warnings.jsonl") == expected[:1]


def test_monitors_hear_what_was_noted_before_an_interruption(tiny, tmp_path, monkeypatch):
    heard = []

    def listen(lines, config):
        heard.append([line["images"] for line in lines])
        return []

    monkeypatch.setattr(watch, "new_troubles", listen)
    train(dataclasses.replace(tiny, images=8), tmp_path)
    train(tiny, tmp_path)
    assert heard == [[8], [8, 16], [8, 16, 24]]


def test_a_line_that_was_cut_short_is_no_line(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text(json.dumps({"images": 4, "l1": 0.5}) + '\n{"images": 8, "l')
    assert read_jsonl(path) == [{"images": 4, "l1": 0.5}]
    assert read_jsonl(tmp_path / "none.jsonl") == []
