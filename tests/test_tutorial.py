"""The commands of the tutorial work as written, in order; only training is shortened."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import QUICK

from limner import images
from limner.experiments import config_of
from limner.settings import flatten

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("limner ")]


@pytest.fixture(scope="module")
def desk(person, tmp_path_factory):
    """The folder in which all commands ran, and the commands."""
    place = tmp_path_factory.mktemp("tutorial")
    for number in range(16):
        folder = "photos" if number < 12 else "others"
        images.write(place / folder / f"{number}.jpg", person(number))
    for command in COMMANDS:
        arguments = shlex.split(command)[1:]
        if arguments[0] == "train":
            arguments += [
                part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")
            ]
        done = subprocess.run(
            [sys.executable, "-m", "limner", *arguments],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
    return place


def test_every_command_leads_to_the_next(desk):
    assert [command.split()[1] for command in COMMANDS] == [
        *("prepare", "data", "train", "plot", "export", "sketch", "photo", "measure", "compare")
    ]
    assert len(list((desk / "drawings").iterdir())) == 4
    assert len(list((desk / "results").iterdir())) == 4
    assert images.read(desk / "results" / "12.png").shape == (32, 32, 3)


def test_every_named_file_is_written(desk):
    named = set(re.findall(r"`([a-z/]+\.html|mine\.onnx)`", TEXT))
    assert len(named) == 5
    assert all((desk / name).is_file() for name in named)
    assert "data:image" in (desk / "quality.html").read_text(encoding="utf-8")


def test_the_settings_of_the_next_steps_are_valid():
    shown = re.findall(r"--set ([^\s`]+)", TEXT)
    assert {setting.partition("=")[0] for setting in shown} > {"images", "init_from"}
    quick = config_of("quick").with_settings(shown)
    assert flatten(quick.to_dict())["init_from"] == "MODEL.onnx"
    assert config_of("quick").images == 10_000
    assert config_of("lifelike").generator != config_of("quick").generator
