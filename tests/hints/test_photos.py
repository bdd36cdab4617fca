"""From what a user says to a photo: the translator, `limner.photo` and `limner photo`."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import limner
from limner import batch, images
from limner.engines import LocalEngine
from limner.errors import ImageError, UsageError
from limner.hints import Hints, colours_of
from limner.makers import Photos
from limner.translator import Translator

BLOND = (180, 149, 107)


@pytest.fixture(scope="module")
def translator(hinted_model):
    return Translator(hinted_model)


@pytest.fixture(scope="module")
def page(portrait_drawing, tmp_path_factory):
    """The drawing on its head, and a layer with a red nose painted over it."""
    folder = tmp_path_factory.mktemp("page")
    turned = np.ascontiguousarray(portrait_drawing[::-1, ::-1])
    images.write(folder / "page.png", turned)
    return folder / "page.png"


def run(*arguments, cwd):
    command = [sys.executable, "-m", "limner", "photo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, cwd=cwd, text=True)


def test_colours_arrive_in_the_photo(translator, portrait_drawing):
    plain = translator(portrait_drawing)
    told = translator(portrait_drawing, hints={"hair": "blond", "lips": "#aa0000"})
    found = colours_of(told, ["hair", "lips"])
    assert np.abs(np.subtract(found["hair"], BLOND)).max() <= 1
    assert np.abs(np.subtract(found["lips"], (170, 0, 0))).max() <= 1
    assert 0.01 < (plain != told).any(axis=-1).mean() < 0.1
    assert np.array_equal(translator(portrait_drawing, hints={}), plain)


def test_strokes_turn_with_the_page(translator, page, portrait_drawing):
    """A dot between the eyes of a face that stands on its head."""
    [aligned] = translator.align(page)
    assert "turned by 180°" in aligned.notes
    x, y = aligned.face.eyes.mean(axis=0)
    height, width = portrait_drawing.shape
    painted = np.zeros((height, width, 4), np.uint8)
    rows, columns = np.ogrid[:height, :width]
    painted[(columns - x) ** 2 + (rows - y) ** 2 < 15**2] = (255, 0, 0, 255)
    hints = Hints.of(strokes=painted)
    made = translator(page, hints=hints).astype(int)
    red = np.argwhere(made[..., 0] - made[..., 1] > 200)
    assert red.mean(axis=0) / 64 == pytest.approx((0.3, 0.5), abs=0.02)
    back = translator(page, hints=hints, in_place=True).astype(int)
    red = np.argwhere(back[..., 0] - back[..., 1] > 200)
    assert red.mean(axis=0) == pytest.approx((y, x), abs=4)


def test_variants_differ_in_colour_and_in_nothing_else(translator, portrait_drawing):
    made = translator.translate(portrait_drawing, hints={"hair": "blond"}, variants=4)
    assert len(made) == 4
    found = [colours_of(one.image, ["skin", "hair"]) for one in made]
    assert len({one["skin"] for one in found}) > 1
    assert all(np.abs(np.subtract(one["hair"], BLOND)).max() <= 1 for one in found)
    changed = np.ptp([one.image for one in made], axis=0).any(axis=-1)
    assert changed.mean() < 0.1
    with pytest.raises(UsageError, match="variants works on one face"):
        translator.translate(portrait_drawing, variants=2, every_face=True)


def test_a_model_that_takes_no_hints_is_named(tiny_model, portrait_drawing):
    translator = Translator(tiny_model)
    for wanted in ({"hints": {"hair": "red"}}, {"variants": 2}):
        with pytest.raises(UsageError, match="model tiny was trained without colour hints"):
            translator.translate(portrait_drawing, **wanted)
    with pytest.raises(UsageError, match="model tiny was trained without colour hints"):
        translator.batch([np.zeros((32, 32), np.uint8)], hints=[np.zeros((32, 32, 4), np.uint8)])
    assert np.array_equal(
        translator(portrait_drawing, hints={}), translator(portrait_drawing, hints=None)
    )


def test_a_layer_that_does_not_fit_is_named(translator, portrait_drawing):
    painted = np.zeros((50, 50, 4), np.uint8)
    painted[25, 25] = 255
    with pytest.raises(ImageError, match="50x50 px and page 7 500x600"):
        translator(portrait_drawing, hints=Hints.of(strokes=painted), name="page 7")


def test_the_command_line_takes_words_and_pictures(hinted_model, page, tmp_path):
    painted = np.zeros((600, 500, 4), np.uint8)
    painted[:, :150] = (0, 0, 255, 255)
    Image.fromarray(painted).save(tmp_path / "strokes.png")
    colours = ["--hair", "blond", "--eye-colour", "#00ff00", "--hints", "strokes.png"]
    done = run(page, "-o", "a.png", "--model", hinted_model, *colours, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, f"{page}: turned by 180°\n")
    made = images.read(tmp_path / "a.png")
    told = Hints.of({"hair": "blond", "eyes": (0, 255, 0)}, strokes=tmp_path / "strokes.png")
    assert np.array_equal(made, limner.photo(page, model=hinted_model, hints=told))
    blue = (made == (0, 0, 255)).all(axis=-1)
    assert blue[:, 60:].any()  # the page is turned
    assert not blue[:, :32].any()
    assert colours_of(made, ["eyes"])["eyes"] == (0, 255, 0)


def test_variants_are_files_of_their_own(hinted_model, page, tmp_path):
    options = ["--model", hinted_model, "--variants", "3", "--background", "blue"]
    assert run(page, "-o", "out", *options, cwd=tmp_path).returncode == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["page-1.png", "page-2.png", "page-3.png"]
    made = [images.read(tmp_path / "out" / name) for name in names]
    walls = {colours_of(one, ["background"])["background"] for one in made}
    assert walls == {(104, 134, 154)}
    assert not np.array_equal(made[0], made[1])
    assert b"trainedAlgorithmicMedia" in (tmp_path / "out" / names[1]).read_bytes()
    done = run(page, "-o", "one.png", *options, "--paste-back", cwd=tmp_path)
    assert done.returncode == 0
    assert images.read(tmp_path / "one-2.png").shape == (600, 500, 3)


def test_workers_take_hints_too(hinted_model, page, tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(page.read_bytes())
    start = Photos(model=str(hinted_model), hints=Hints.of({"hair": "red"}), variants=2)
    work = batch.jobs([str(tmp_path / "?.png")], str(tmp_path / "out"))
    outcome = batch.run(work, start, engine=LocalEngine(workers=2))
    assert (outcome.done, outcome.failures, outcome.stopped) == (2, [], None)
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert written.keys() == {"0-1.png", "0-2.png", "1-1.png", "1-2.png"}
    assert written["0-1.png"] == written["1-1.png"] != written["0-2.png"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hair", "blak"], "unknown hair colour 'blak' (did you mean 'black'?); choose from"),
        (["--eye-colour", "#12"], "unknown eye colour '#12'"),
        (["--variants", "0"], "variants"),
        (["--variants", "2", "--face", "all"], "--variants works on one face"),
        (["--model", "PLAIN", "--hair", "red"], "was trained without colour hints"),
        (["--model", "PLAIN", "--variants", "2"], "was trained without colour hints"),
    ],
)
def test_wrong_usage_ends_with_two(options, said, page, tiny_model, tmp_path):
    options = [str(tiny_model) if one == "PLAIN" else one for one in options]
    done = run(page, "-o", "out", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_strokes_are_for_one_picture(page, hinted_model, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(page.read_bytes())
    done = run("a.png", "b.png", "-o", "out", "--hints", "s.png", cwd=tmp_path)
    assert done.returncode == 2
    assert "--hints is for one picture, not 2" in done.stderr
    done = run("a.png", "-o", "out", "--hints", "b.png", "--model", hinted_model, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("limner: b.png has no transparent part")
