"""What the README, the pages in `docs/` and docstrings show, works."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.sketching import sketch

ROOT = Path(__file__).parents[1]
NAMES = (
    *("README.md", "docs/data.md", "docs/hints.md", "docs/measuring.md", "docs/sketching.md"),
    "docs/study.md",
)
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
TEXT = "".join(PAGES.values())
CONSOLE = "".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^(limner [a-z].*?)(?:\s+#.*)?$", CONSOLE, re.MULTILINE)
QUICK = {
    "init_from": "",  # has another shape
    "smiling": 1,  # the test's photos were not judged
    "size": 32,
    "images": 4,
    "batch": 2,
    "weights.identity": 0,
    "generator.width": 2,
    "generator.depth": 2,
    "discriminator.width": 2,
    "discriminator.strides": 1,
}
"""What makes the README's training one of seconds."""
QUICK_STUDY = [
    *("--only", "balanced", "--seeds", "1", "--size", "32", "--images", "4", "--workers", "1"),
    *("--set", "batch=2", "--set", "generator.width=2", "--set", "generator.depth=2"),
    *("--set", "discriminator.width=2", "--set", "eval_images=0"),
]


def snippets():
    """Every Python example of the project, with the file that shows it."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    shown = [(page, page.read_text(encoding="utf-8")) for page in pages]
    for module in sorted((ROOT / "src").rglob("*.py")):
        nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        texts = (ast.get_docstring(node) for node in nodes if isinstance(node, kinds))
        shown += [(module, text) for text in texts if text]
    for path, text in shown:
        for code in re.findall(r"^( *)```python\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE):
            yield pytest.param(textwrap.dedent(code[1]), id=path.relative_to(ROOT).as_posix())


SNIPPETS = list(snippets())


@pytest.fixture
def desk(
    photo,
    person,
    prepared_set,
    finished_run,
    finished_run_of,
    tiny_model,
    tiny_sketcher,
    hinted_model,
    tmp_path,
):
    """A folder that contains every file that the README names as an input."""
    drawing = sketch(photo)
    for name in ("drawing.jpg", "page.png", "drawings/one.png"):
        images.write(tmp_path / name, drawing)
    for name in ("portrait.jpg", "photos/one.jpg"):
        images.write(tmp_path / name, photo)
    images.write(tmp_path / "drawings" / "two.png", drawing[:, ::-1].copy())
    images.write(tmp_path / "photos" / "two.jpg", photo[:, ::-1].copy())
    for number, name in enumerate(("one", "two")):
        images.write(tmp_path / "results" / f"{name}.png", person(number)[:128, :128])
    shutil.copytree(prepared_set, tmp_path / "sets" / "mine")
    reports = shutil.ignore_patterns("*.html")  # other tests may have plotted it already
    shutil.copytree(finished_run, tmp_path / "runs" / "mine", ignore=reports)
    shutil.copytree(finished_run_of("draughtsman"), tmp_path / "runs" / "drawer")
    (tmp_path / "mine.onnx").write_bytes(tiny_model.read_bytes())
    (tmp_path / "colours.onnx").write_bytes(hinted_model.read_bytes())
    painted = np.zeros((512, 512, 4), np.uint8)
    painted[:, :256] = (150, 60, 40, 255)
    Image.fromarray(painted).save(tmp_path / "strokes.png")
    (tmp_path / "drawer.onnx").write_bytes(tiny_sketcher.read_bytes())
    (tmp_path / "inception-2015-12-05.pt").touch()  # is not read before it is needed
    return tmp_path


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_commands(command, desk, request):
    arguments = shlex.split(command)[1:]
    if arguments[0] in ("prepare", "train", "export") and (desk / arguments[2]).exists():
        # It exists for the other commands; this one must make it.
        shutil.move(desk / arguments[2], desk / "before")
    if arguments[0] == "train":
        arguments += [
            part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")
        ]
    if arguments[0] == "study":
        arguments += QUICK_STUDY
        shutil.copytree(request.getfixturevalue("study_sources"), desk / "sources")
    before = set(desk.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "limner", *arguments], cwd=desk, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert set(desk.rglob("*")) - before


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets(snippet, desk):
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(desk / "cache")}
    subprocess.run([sys.executable, "-c", snippet], cwd=desk, env=offline, check=True)
    for name in re.findall(r'images.write\("(.*?)"', snippet):
        made = images.read(desk / name)
        side = {"photo.png": 256, "face.png": 128}.get(name, 512)  # a model's own, or the picture's
        assert made.shape == (side, side, 3)


def test_examples_were_found():
    shown = {command.split()[1] for command in COMMANDS}
    assert shown >= {"photo", "sketch", "prepare", "data", "train", "export", "measure", "compare"}
    assert "study" in shown
    homes = {snippet.id for snippet in SNIPPETS}
    assert homes >= {"README.md", "docs/data.md", "docs/hints.md", "docs/measuring.md"}
    assert homes >= {
        f"src/limner/{name}.py" for name in ("translator", "functions", "images/loading")
    }


def heading_anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda p: p.stem,
)
def test_links(page):
    for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in heading_anchors(target), link


def test_the_recipe_in_the_docs_is_valid(tmp_path):
    from limner.data.recipe import load, shipped_recipes

    [shown] = re.findall(r"```toml\n(.*?)```", PAGES["docs/data.md"], re.DOTALL)
    (tmp_path / "shown.toml").write_text(shown)
    assert load(tmp_path / "shown.toml").parts == load(shipped_recipes()["set1"]).parts
