"""The tutorial works as it is written, from the first command to the last, but for its length."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import QUICK

from limner import images

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("limner ")]


@pytest.fixture(scope="module")
def desk(person, tmp_path_factory):
    """The two folders of photos, after all commands, and what each of these said."""
    place = tmp_path_factory.mktemp("tutorial")
    for number in range(16):
        folder = "photos" if number < 12 else "others"
        images.write(place / folder / f"{number}.jpg", person(number))
    said = {}
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
        said[command] = done.stdout + done.stderr
    return place, said


def test_every_command_leads_to_the_next(desk):
    place, said = desk
    assert [command.split()[1] for command in said] == [
        *("prepare", "data", "train", "plot", "export", "sketch", "photo", "measure", "compare")
    ]
    assert len(list((place / "drawings").iterdir())) == 4
    assert len(list((place / "results").iterdir())) == 4
    assert images.read(place / "results" / "12.png").shape == (32, 32, 3)


def test_every_file_that_the_tutorial_speaks_of_is_there(desk):
    place, _ = desk
    text = PAGE.read_text(encoding="utf-8")
    spoken_of = set(re.findall(r"`([a-z/]+\.(?:html|onnx))`", text))
    assert len(spoken_of) == 5
    assert all((place / name).is_file() for name in spoken_of)
    assert "data:image" in (place / "quality.html").read_text(encoding="utf-8")
