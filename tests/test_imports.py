"""Heavy imports: a fast start and machines without torch depend on their absence."""

import subprocess
import sys

import pytest

HEAVY = {
    *("torch", "lightning_fabric", "pyarrow", "onnx", "scipy", "jinja2", "matplotlib", "ray"),
    "pi_heif",
}


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("limner", HEAVY | {"numpy", "PIL", "onnxruntime", "dlib"}),
        ("limner.cli", HEAVY | {"numpy", "PIL", "onnxruntime", "dlib", "rich"}),
        ("limner.batch", HEAVY | {"onnxruntime", "dlib", "rich"}),
        ("limner.faces", HEAVY | {"onnxruntime", "dlib"}),
        ("limner.translator", HEAVY | {"rich", "limner.hints"}),
        ("limner.hints", HEAVY | {"onnxruntime", "dlib", "rich"}),
        ("limner.experiments", HEAVY | {"numpy"}),
        ("limner.training.loop", {"dlib", "onnxruntime", "onnx"}),
    ],
)
def test_heavy_modules_are_imported_only_when_needed(module, banned):
    code = f"import sys, {module}; print(*sorted({banned!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("missing", ["torch", "pyarrow"])
def test_a_missing_extra_names_the_command_that_installs_it(missing, tmp_path):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from limner.cli import main;"
        "sys.argv = ['limner', *sys.argv[1:]]; main()"
    )
    arguments = {
        "torch": ["train", "pix2pix", "run", "--set", "data=set"],
        "pyarrow": ["prepare", ".", "set"],
    }[missing]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert b"pip install 'limner[train]'" in done.stderr
    assert done.stderr.count(b"\n") == 1
