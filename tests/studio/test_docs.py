"""What `docs/studio.md` shows, works."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.studio.problems import TYPES
from limner.studio.settings import Settings

from .conftest import Server

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "studio.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8017/"


def shown(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def desk(hinted_model, portrait_drawing, photo, tmp_path_factory):
    """A folder with all files that are named, and a server."""
    place = tmp_path_factory.mktemp("desk")
    for name in ("drawing.jpg", "page.png"):
        images.write(place / name, portrait_drawing)
    images.write(place / "portrait.jpg", photo)
    height, width = portrait_drawing.shape
    painted = np.zeros((height, width, 4), np.uint8)
    painted[:, : width // 2] = (150, 60, 40, 255)
    Image.fromarray(painted).save(place / "strokes.png")
    server = Server("--model", str(hinted_model))
    yield place, server.address
    assert server.stop() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_commands_of_curl(desk):
    place, address = desk
    for block in shown("sh"):
        for command in block.strip().split("\n\n"):
            done = subprocess.run(
                ["sh", "-c", command.replace(ADDRESS, address)], cwd=place, capture_output=True
            )
            assert done.returncode == 0, (command, done.stderr)
    assert images.read(place / "photo.png").shape == (256, 256, 3)
    assert images.read(place / "sketch.webp").shape == (512, 512, 3)
    with zipfile.ZipFile(place / "photos.zip") as archive:
        assert archive.namelist() == ["drawing.png", "page.png"]
    assert len(json.loads((place / "faces.json").read_text())["faces"]) == 1
    assert len((place / "variants.jsonl").read_text().splitlines()) == 3


def test_the_client_in_python(desk):
    place, address = desk
    [client] = shown("py")
    code = client.replace(ADDRESS.rstrip("/"), address.rstrip("/"))
    subprocess.run([sys.executable, "-c", code], cwd=place, check=True)
    assert images.read(place / "from-python.png").shape == (256, 256, 3)
    wrong = code.replace("size=256", "size=1")
    done = subprocess.run([sys.executable, "-c", wrong], cwd=place, capture_output=True, text=True)
    assert "ValueError: size is '1'" in done.stderr


def test_the_client_in_python_is_typed(tmp_path):
    (tmp_path / "client.py").write_text(shown("py")[0])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "client.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_all_kinds_of_problems_are_listed():
    table = TEXT[TEXT.index("## Errors") : TEXT.index("## Limits")]
    for status, kind in TYPES.items():
        assert str(status) in table
        assert f"`{kind}`" in table


def test_limits_are_those_of_the_settings():
    settings = Settings()
    section = TEXT[TEXT.index("## Limits") : TEXT.index("## Security")]
    for words in (
        f"a queue of {settings.queue} ",
        f"up to {settings.batch} faces",
        f"{settings.max_body // 10**6} MB each and {settings.max_bodies // 10**6} MB together",
        f"have {settings.max_pixels // 10**6} million pixels",
        f"{settings.pixels_at_once // 10**6} million pixels are decoded",
        f"{settings.connections} connections",
        f"no request for {settings.silence:g} s",
        f"its answer for {settings.timeout:g} s",
    ):
        assert words in section, words
