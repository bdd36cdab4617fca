"""Former names of options and settings: they work, and a warning names the present ones."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from typer.main import get_command

from limner.cli import app
from limner.cli.renamed import OPTIONS, with_present_names
from limner.data import recipe
from limner.training.config import RENAMED, Config
from limner.training.loop import train
from limner.training.run import RunFolder


@pytest.mark.parametrize("command", OPTIONS)
def test_every_present_option_exists(command):
    options = {name for one in get_command(app).commands[command].params for name in one.opts}
    assert OPTIONS[command].keys() & options == set()
    assert set(OPTIONS[command].values()) <= options


def test_options_are_renamed_with_their_values_and_others_left_alone():
    said = []
    given = ["measure", "--made", "a", "--truth=--made", "--json", "--draws.json"]
    assert with_present_names(given, said.append) == [
        *("measure", "--generated", "a", "--ground-truth=--made", "--json", "--draws.json")
    ]
    assert len(said) == 2
    assert said[0].startswith("--made is now --generated")
    assert with_present_names(["photo", "--made", "a"], said.append) == ["photo", "--made", "a"]
    assert with_present_names([], said.append) == []
    assert len(said) == 2


def test_an_old_option_works_with_a_warning(tmp_path):
    command = [sys.executable, "-m", "limner", "measure", "--made", tmp_path / "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    warning, error = done.stderr.splitlines()
    assert warning == "limner: --made is now --generated; the old name will be removed"
    assert "none is not a folder" in error


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_setting_works_with_a_warning(old, new):
    texts = {"drawings": "x", "reader": "x", "resident": "off", "start": "x"}
    value = texts.get(old, "3")
    config = Config(experiment="x", objective="hybrid")
    with pytest.warns(FutureWarning, match=f"the setting {old} is now {new};"):
        changed = config.with_settings([f"{old}={value}"])
    assert changed == config.with_settings([f"{new}={value}"])
    assert changed != config


def test_settings_of_an_earlier_version_are_read_and_its_run_resumes(tiny, finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    before = {new: old for old, new in RENAMED.items()}

    def earlier(flat):
        return {before.get(name, name): value for name, value in flat.items()}

    config = json.loads((run / "config.json").read_text())
    weights = config["weights"]
    weights["mapping"] = weights.pop("identity_mapping")
    (run / "config.json").write_text(json.dumps(earlier(config)))
    state = torch.load(run / "state.pt", weights_only=True)
    state["config"] = earlier(state["config"])
    assert "weights.mapping" in state["config"]
    torch.save(state, run / "state.pt")
    assert RunFolder(run).config() == RunFolder(finished_run).config()
    train(RunFolder(run).config().with_settings(["images=32"]), run, say=lambda _: None)
    assert RunFolder(run).load_state()["images"] == 32


def test_recipes_of_an_earlier_version_are_read(tmp_path):
    part = "[[parts]]\nsource = 'celeba'\npath = 'x'\n"
    old, new = tmp_path / "mine.toml", tmp_path / "new" / "mine.toml"
    new.parent.mkdir()
    old.write_text(f"[cleaning]\nmax_turn = 12\nmax_duplicate_bits = 3\n{part}keep_smiling = 7\n")
    new.write_text(f"[cleaning]\nmax_yaw = 12\nmax_hash_distance = 3\n{part}smiling_one_in = 7\n")
    assert recipe.load(old) == recipe.load(new)
    assert recipe.load(old).parts[0].smiling_one_in == 7
    with pytest.warns(FutureWarning, match="cleaning.max_tilt is now cleaning.max_roll"):
        changed = recipe.load(old).with_settings(["cleaning.max_tilt=9"])
    assert changed.cleaning.max_roll == 9
