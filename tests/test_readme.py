"""What the README shows, works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from limner import images
from limner.sketching import sketch

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(limner (?:photo|sketch|prepare) .*?)(?:\s+#.*)?$", README, re.MULTILINE)
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def desk(photo, tiny_model, tmp_path):
    """A folder that holds every file that the README names as an input."""
    drawing = sketch(photo)
    for name in ("drawing.jpg", "page.png", "drawings/one.png"):
        images.write(tmp_path / name, drawing)
    for name in ("portrait.jpg", "photos/one.jpg"):
        images.write(tmp_path / name, photo)
    (tmp_path / "mine.onnx").write_bytes(tiny_model.read_bytes())
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, desk):
    before = set(desk.rglob("*"))
    arguments = shlex.split(command)[1:]
    done = subprocess.run(
        [sys.executable, "-m", "limner", *arguments], cwd=desk, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert set(desk.rglob("*")) - before


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets(snippet, desk):
    subprocess.run([sys.executable, "-c", snippet], cwd=desk, check=True)
    assert images.read(desk / "photo.png").shape == (128, 128, 3)


def test_something_was_found():
    assert len(COMMANDS) >= 5
    assert len(SNIPPETS) == 1
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (Path(__file__).parents[1] / link).exists(), link
