"""`benchmarks/snapshots.py`: all snapshots of a run on drawings, in one table."""

import csv
import importlib
import shutil
import sys
from pathlib import Path

import pytest

from limner import images
from limner.sketching import sketch

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def snapshots():
    """The script, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("snapshots")
    del sys.modules["snapshots"]


@pytest.fixture
def desk(person, finished_run, tmp_path):
    """A run, and drawings with their photos."""
    shutil.copytree(finished_run, tmp_path / "run")
    for number in range(3):
        photo = person(number)
        images.write(tmp_path / "mine" / "photos" / f"{number}.png", photo)
        images.write(tmp_path / "mine" / "sketches" / f"{number}.png", sketch(photo, seed=number))
    return tmp_path


def scored(module, desk, monkeypatch, *more):
    arguments = [
        "--sketches",
        desk / "mine" / "sketches",
        "--ground-truth",
        desk / "mine" / "photos",
    ]
    command = ["snapshots", desk / "run", *arguments, "--workers", "1", *more]
    monkeypatch.setattr(sys, "argv", [*map(str, command)])
    module.main()


def test_each_snapshot_is_scored_once(snapshots, desk, monkeypatch, capsys):
    scored(snapshots, desk, monkeypatch, "--every", "2")
    said = capsys.readouterr().out
    assert said.count("drawings mine") == 1
    assert "model 24, " in said
    scored(snapshots, desk, monkeypatch)
    again = capsys.readouterr().out
    assert again.count("drawings mine") == 1
    assert "model 16, " in again
    monkeypatch.setattr(snapshots, "scores_of", None)  # nothing is left to measure
    scored(snapshots, desk, monkeypatch)

    rows = list(csv.DictReader((desk / "run" / "pairs.csv").read_text().splitlines()))
    assert [(row["model"], row["drawings"], row["n"]) for row in rows] == [
        ("000000016", "mine", "3"),
        ("000000024", "mine", "3"),
    ]
    for row in rows:
        for name in ("identity.rank1", "fsim.grey", "smile.drift", "skin.error", "detection.rate"):
            low, value, high = (float(row[f"{name}{end}"]) for end in (".low", "", ".high"))
            assert low <= value <= high
    page = (desk / "run" / "pairs.md").read_text().splitlines()
    assert page[0] == "## mine (3 drawings)"
    assert [line.split(" | ")[0] for line in page[4:6]] == ["| 16", "| 24"]
    assert len({line.count("|") for line in page[2:6]}) == 1
    assert float(page[5].split("|")[-2]) > 0  # what the run itself found on held-out faces


def test_a_table_with_other_columns_is_not_changed(snapshots, desk, monkeypatch):
    table = desk / "run" / "pairs.csv"
    table.write_text("model,beauty\n1,2\n")
    with pytest.raises(SystemExit, match="has other columns"):
        scored(snapshots, desk, monkeypatch)
    assert table.read_text() == "model,beauty\n1,2\n"
