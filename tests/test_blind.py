"""`benchmarks/blind.py`: sheets whose sides are shuffled, and what is counted from choices."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from limner import images

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "blind.py"
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def blind():
    spec = importlib.util.spec_from_file_location("blind", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sheets_show_both_photos_on_the_sides_that_the_key_names(
    blind, tiny_model, hinted_model, tmp_path, monkeypatch
):
    models = [str(tiny_model), str(hinted_model)]
    drawings = [EXAMPLES / "man-short-hair.png"] * 4
    tossed = iter((1, 0, 0, 1))
    monkeypatch.setattr(blind.secrets, "randbelow", lambda _: next(tossed))
    blind.make(tmp_path / "sheets", models, drawings)
    key = json.loads((tmp_path / "sheets" / "key.json").read_text())
    assert len(key) == 4
    assert {tuple(sides.items()) for sides in key.values()} == {
        (("left", models[0]), ("right", models[1])),
        (("left", models[1]), ("right", models[0])),
    }
    expected = {}
    for model in models:
        [made] = blind.Translator(model).translate(drawings[0])
        expected[model] = images.resize(made.image, blind.SIDE)
    for number, sides in key.items():
        sheet = images.read(tmp_path / "sheets" / f"{number}.png")
        for place, side in enumerate(("left", "right"), 1):
            left = 8 + place * (blind.SIDE + 8)
            shown = sheet[8 : 8 + blind.SIDE, left : left + blind.SIDE]
            assert np.array_equal(shown, expected[sides[side]])


def test_folders_give_equal_shares(blind, tmp_path):
    for folder in ("a", "b"):
        for number in range(9):
            images.write(tmp_path / folder / f"{number}.png", np.zeros((2, 2), np.uint8))
    single = tmp_path / "a" / "4.png"
    found = blind.chosen([tmp_path / "a", single, tmp_path / "b"], 7)
    assert [f"{path.parent.name}{path.stem}" for path in found] == [
        *("a4", "a0", "a5", "a8", "b0", "b4", "b8")
    ]


def test_choices_are_counted(blind, tmp_path):
    key = {f"{n:02}": {"left": "old", "right": "new"} for n in range(1, 8)}
    (tmp_path / "key.json").write_text(json.dumps(key))
    choices = "1 right finer hair\n2 right\n3 right\n4 right\n5 right\n6 left\n\n7 same\n"
    said = blind.count(tmp_path, choices).splitlines()
    assert said[0] == "01 new"
    assert said[-1] == "new 5, old 1, same 1; p = 0.22"  # 14 of 64 outcomes are so uneven
    for wrong, words in (
        ("1 up", "'1 up'"),
        ("8 left", "'8 left'"),
        ("1 left\n1 left", "'1 left'"),
        ("1 left", "no choice for 02, 03"),
    ):
        with pytest.raises(SystemExit, match=words):
            blind.count(tmp_path, wrong)


def test_the_sign_test(blind):
    assert blind.sign_test(3, 3) == 1
    assert blind.sign_test(0, 0) == 1
    assert blind.sign_test(0, 5) == blind.sign_test(5, 0) == 2 / 32
