"""The study from beginning to end, interrupted and resumed."""

import dataclasses
import json
import re
import shutil
import sys
import time

import numpy as np
import pytest

from limner.cli import main
from limner.errors import Interrupted, UsageError
from limner.study import measured
from limner.study.command import Study
from limner.study.findings import FINDINGS
from limner.study.pace import Cost, seen_of
from limner.study.plan import EXPERIMENTS, Plan
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.run import RunFolder

from .conftest import ONLY, SETTINGS


def begun(done, tmp_path):
    """A folder in which the datasets are prepared and nothing else is done."""
    shutil.copytree(done[0] / "sets", tmp_path / "study" / "sets")
    return tmp_path / "study"


def report_of(out):
    return json.loads((out / "report.json").read_text())


def kid_of(experiment, report):
    [found] = [one for one in report["experiments"] if one["name"] == experiment]
    return found["scores"]["kid"]["each"]


def test_it_trains_and_measures_every_run_seed_after_seed(done):
    out, said = done
    report = report_of(out)
    assert report["runs"] == {
        "all": 2 * len(EXPERIMENTS),
        "trained": 4,
        "measured": 4,
        "diverged": 0,
        "failed": 0,
        "unfinished": 2 * len(EXPERIMENTS) - 4,
    }
    assert report["people"] == 8
    begun = [line.partition(";")[0] for line in said if " of 4: " in line]
    assert begun == [
        "1 of 4: balanced, seed 0",
        "2 of 4: ungrouped, seed 0",
        "3 of 4: balanced, seed 1",
        "4 of 4: ungrouped, seed 1",
    ]
    costs = [line for line in said if "images/s" in line and " runs, " in line]
    assert len(costs) == 2
    assert said.index(costs[-1]) < said.index(next(line for line in said if "1 of 4" in line))
    of_groups = next(one for one in report["findings"] if one["name"] == "groups")
    assert len(of_groups["differences"][0]["each"]) == 2
    assert of_groups["differences"][0]["score"] == "appearance.distance"
    assert of_groups["differences"][0]["low"] <= of_groups["differences"][0]["high"]
    on_poor = next(one for one in report["findings"] if one["name"] == "low quality")
    [kid] = [row for row in on_poor["differences"] if row["score"] == "kid"]
    assert kid["subject"] == pytest.approx(np.mean(kid_of("balanced", report)))
    assert kid["other"] != kid["subject"]
    assert any("smile" in note["text"] for note in report["notes"])
    assert not list(out.glob("runs/*/state.pt"))
    for finding in report["findings"]:
        line = f"  {finding['verdict']:13}  {finding['title']}: {finding['because']}"
        [told] = [one for one in said if one.startswith(line)]
        rows = [row for row in finding["differences"] if row["score"] == finding["decided_by"]]
        assert (f" ({finding['decided_by']}: " in told) == bool(rows)
        assert (" to " in told.removeprefix(line)) == any(row["low"] is not None for row in rows)


def test_the_page_names_every_finding_and_shows_no_picture(done):
    page = (done[0] / "report.html").read_text()
    for finding in FINDINGS:
        assert finding.said.replace("'", "&#39;") in page
    assert "Only a part is done: 4 of 20 runs are measured, 16 are not finished" in page
    assert "<img" not in page
    assert "data:image" not in page
    assert re.search(r"[1-8] of the 8 sketches measured on were also trained on", page)
    assert str(done[0].parent) not in page + (done[0] / "report.json").read_text()


def test_a_second_call_neither_trains_nor_measures(done, plan, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(measured, "measure", refuse)
    monkeypatch.setattr("limner.study.running.train", refuse)
    before = report_of(done[0])
    said = []
    Study(plan=plan, out=done[0], say=said.append, only=ONLY).run()
    assert report_of(done[0]) == before
    assert not any("images/s" in line for line in said)


def test_another_snapshot_is_measured_again(done, plan, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(done[0], out)
    one, other = (out / "runs" / name for name in ("balanced-0", "balanced-1"))
    before = report_of(out)
    snapshot = "snapshot-000000016.safetensors"
    shutil.copy(other / snapshot, one / snapshot)
    Study(plan=plan, out=out, say=[].append, only=["balanced"]).run()
    old, new = (kid_of("balanced", one) for one in (before, report_of(out)))
    assert old[0] != old[1]
    assert new == [old[1], old[1]]


def test_looks_are_those_of_the_dataset_and_variety_that_of_the_people(done, plan, tmp_path):
    snapshot = done[0] / "runs" / "balanced-0" / "snapshot-000000016.safetensors"
    of_dataset = Study(plan=plan, out=done[0], say=[].append)._examiner()
    of_people = dataclasses.replace(of_dataset, real=None)
    one, other = (
        examiner.scored(snapshot, tmp_path / f"{number}.json")
        for number, examiner in enumerate((of_dataset, of_people))
    )
    assert one.pairs != other.pairs
    values = {
        name: (one.scores[name].estimate.value, score.estimate.value)
        for name, score in other.scores.items()
    }
    same = {name for name, (a, b) in values.items() if a == b}
    assert {"collapse.average", "collapse.diversity", "identity.rank1"} <= same
    assert same.isdisjoint({"appearance.distance", "kid"})


def test_scores_of_other_people_or_of_an_earlier_snapshot_are_left_out(done, plan, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(done[0], out)
    scores = out / "measured" / "ungrouped-1.json"
    values = json.loads(scores.read_text())
    study = Study(plan=plan, out=out, say=[].append, only=["balanced"], measuring=False)
    for changed, why in (
        ({"pairs": "of others"}, "they are of other people or other real photos: 1."),
        ({"snapshot": "an earlier one"}, "they are of an earlier snapshot of their run: 1."),
    ):
        scores.write_text(json.dumps(values | changed))
        study.run()
        report = report_of(out)
        assert report["runs"]["measured"] == 3
        assert any(why in note["text"] for note in report["notes"])
    scores.write_text("{")
    study.run()
    report = report_of(out)
    assert any("is damaged" in note["text"] for note in report["notes"])
    assert str(tmp_path) not in (out / "report.json").read_text()


def test_a_run_that_was_stopped_goes_on_to_the_same_end(done, plan, tmp_path, monkeypatch):
    out = begun(done, tmp_path)
    said = []
    one = dataclasses.replace(plan, seeds=1, images=16)
    study = Study(plan=one, out=out, say=said.append, only=["balanced"], measuring=False)
    steps = CycleGAN.step

    def slow(self, batch, lr):
        time.sleep(0.3)
        return steps(self, batch, lr)

    with monkeypatch.context() as patched:
        patched.setattr(
            "limner.study.command.costs",
            lambda configs, _: dict.fromkeys(configs, Cost(images=16, rate=1)),
        )
        patched.setattr(CycleGAN, "step", slow)
        study.run(seconds=0.5)
    assert any("time is up" in line for line in said)
    run = RunFolder(out / "runs" / "balanced-0")
    assert 0 < seen_of(run) < 16
    assert not run.snapshot_path(16).exists()
    assert report_of(out)["runs"]["unfinished"] == len(EXPERIMENTS)
    study.run()
    name = "runs/balanced-0/snapshot-000000016.safetensors"
    assert measured.digest_of_snapshot(out / name) == measured.digest_of_snapshot(done[0] / name)
    assert report_of(out)["runs"]["trained"] == 1
    assert report_of(out)["runs"]["measured"] == 0


def test_ctrl_c_leaves_a_page_about_what_is_done(done, plan, tmp_path):
    out = begun(done, tmp_path)

    def say(text):
        if text.startswith("2 of 4"):
            raise KeyboardInterrupt

    study = Study(plan=plan, out=out, say=say, only=ONLY, measuring=False)
    with pytest.raises(Interrupted, match="the same command resumes it"):
        study.run()
    assert "Only a part is done" in (out / "report.html").read_text()
    assert report_of(out)["runs"]["trained"] == 1


def test_a_run_that_diverges_is_a_result(done, plan, tmp_path):
    out = begun(done, tmp_path)
    wild = dataclasses.replace(plan, settings=(*SETTINGS, "lr=1e30"), seeds=1)
    said = []
    Study(plan=wild, out=out, say=said.append, only=["balanced"]).run()
    report = report_of(out)
    assert (report["runs"]["diverged"], report["runs"]["measured"]) == (1, 0)
    [ended] = report["ended"]
    assert (ended["experiment"], ended["ended"]) == ("balanced", "diverged")
    assert "not finite" in ended["why"]
    assert str(tmp_path) not in ended["why"]
    assert "diverged: after" in (out / "report.html").read_text()
    count = len(said)
    Study(plan=wild, out=out, say=said.append, only=["balanced"]).run()
    assert not any("1 of 1" in line for line in said[count:])  # it is not tried again


def test_without_pairs_it_says_what_to_name(done, plan, tmp_path):
    out = begun(done, tmp_path)
    nowhere = dataclasses.replace(plan, data="")
    with pytest.raises(UsageError, match="--pairs DIR"):
        Study(plan=nowhere, out=out, say=[].append).run()


def test_the_command_continues_a_study(done, monkeypatch, capsys):
    def limner(*arguments):
        monkeypatch.setattr(sys, "argv", ["limner", "study", str(done[0]), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    code, out, err = limner("--only", "balanced", "--workers", "1")
    assert (code, out) == (0, f"report: {done[0] / 'report.html'}\n")
    assert "the study: 2 runs of 16 images at 32 px" in err
    code, _, err = limner("--size", "64")
    assert (code, "size 32 there, 64 now" in err) == (2, True)
    code, _, err = limner("--only", "perfect")
    assert (code, "the study has no experiment 'perfect'" in err) == (2, True)


def test_the_plan_of_a_begun_study_is_kept_but_for_the_machine(done, plan):
    kept = Plan.of(done[0])
    lasting = ("batch=4", "eval_images=0", *SETTINGS[-3:])
    assert kept == dataclasses.replace(plan, settings=lasting)
    assert Plan.of(done[0], seeds=5) == dataclasses.replace(kept, seeds=5)
    elsewhere = Plan.of(done[0], settings=("threads=2",))
    assert elsewhere.settings == (*lasting, "threads=2")
    with pytest.raises(UsageError, match="another plan"):
        Plan.of(done[0], settings=("batch=2",))
