"""`limner.photo` and `limner.sketch` have all options of the classes and commands."""

import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import limner
from limner import functions, images, sketching
from limner.errors import ImageError, ModelError, NoFaceError, UsageError
from limner.translator import Translator


@pytest.fixture
def loads(monkeypatch):
    """The loaded models, in order."""
    loaded = []

    def load(model):
        loaded.append(str(model))
        return Translator(model)

    functions._loaded.cache_clear()
    monkeypatch.setattr(functions, "Translator", load)
    yield loaded
    functions._loaded.cache_clear()


def test_photo_gives_the_same_as_a_translator(tiny_model, photo, loads):
    translator = Translator(tiny_model)
    assert np.array_equal(limner.photo(photo, model=tiny_model), translator(photo))
    for option in ({"as_is": True}, {"in_place": True}):
        made = limner.photo(photo, model=str(tiny_model), **option)
        assert np.array_equal(made, translator(photo, **option))
    assert loads == [str(tiny_model)]


def test_photo_takes_every_option_of_a_translator():
    ours = inspect.signature(limner.photo).parameters
    theirs = inspect.signature(Translator.__call__).parameters
    assert ours.keys() - {"model"} == theirs.keys() - {"self"}
    for name in ours.keys() & theirs.keys():
        assert ours[name] == theirs[name]


def test_a_model_is_loaded_once_and_again_when_its_file_changes(tiny_model, photo, tmp_path, loads):
    path = tmp_path / "m.onnx"
    path.write_bytes(tiny_model.read_bytes())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: limner.photo(photo, model=path, as_is=True), range(8)))
    assert len(loads) == 1
    path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        limner.photo(photo, model=path)


def test_a_missing_model_is_named(photo):
    with pytest.raises(ModelError, match="no model 'nosuch'"):
        limner.photo(photo, model="nosuch")


def test_sketch_gives_the_same_as_the_command(photo, tmp_path):
    images.write(tmp_path / "a.png", photo)
    command = [sys.executable, "-m", "limner", "sketch", "a.png", "-o", "b.png"]
    subprocess.run([*command, "--style", "xdog", "--seed", "3"], cwd=tmp_path, check=True)
    drawn = limner.sketch(tmp_path / "a.png", "xdog", 3)
    assert np.array_equal(drawn, images.read(tmp_path / "b.png", grey=True))
    assert np.array_equal(limner.sketch(photo), sketching.sketch(photo, "pencil", 0))
    assert np.array_equal(limner.sketch(Image.fromarray(photo)), limner.sketch(photo / 255))


def test_a_model_draws_the_face(tiny_sketcher, photo, loads):
    translator = Translator(tiny_sketcher)
    drawn = limner.sketch(photo, "model", model=tiny_sketcher)
    assert drawn.shape == (32, 32)
    assert np.array_equal(drawn, translator(photo))
    whole = limner.sketch(photo, "model", model=str(tiny_sketcher), as_is=True)
    assert np.array_equal(whole, translator(photo, as_is=True))
    assert loads == [str(tiny_sketcher)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"style": "model", "seed": 3}, "seed is 3, but the style 'model' has no seed"),
        (
            {"style": "line", "model": "draughtsman"},
            "model is only for the style 'model', and the style is 'line'",
        ),
        (
            {"style": "line", "as_is": True},
            "as_is is only for the style 'model', and the style is 'line'",
        ),
        ({"style": "model", "model": "portrait"}, "is sketch-to-photo; name one that is"),
        ({"style": "modle"}, "did you mean 'model'"),
    ],
)
def test_settings_of_a_sketch_that_do_not_fit_together(photo, given, said):
    with pytest.raises(UsageError, match=said):
        limner.sketch(photo, **given)


def test_a_model_that_draws_makes_no_photos(photo):
    with pytest.raises(UsageError, match=r"'draughtsman' is photo-to-sketch; .* as portrait"):
        limner.photo(photo, model="draughtsman")


def test_a_model_needs_a_face(tiny_sketcher):
    wall = np.full((90, 90, 3), 120, np.uint8)
    with pytest.raises(NoFaceError, match="wall"):
        limner.sketch(wall, "model", model=tiny_sketcher, name="wall")


def test_sketch_takes_grey(photo):
    grey = photo[:64, :64, 0]
    assert np.array_equal(limner.sketch(grey), limner.sketch(np.stack([grey] * 3, axis=-1)))


def test_mistakes_raise_errors_of_limner(photo):
    with pytest.raises(UsageError, match="unknown sketch style 'no'"):
        limner.sketch("nosuch.png", "no")
    with pytest.raises(ImageError, match=r"nosuch\.png: no such file"):
        limner.sketch("nosuch.png")
    with pytest.raises(ImageError, match="page 7 is None"):
        limner.photo(None, name="page 7")


def test_all_public_names_exist():
    assert set(limner.__all__) <= set(dir(limner))
    assert all(hasattr(limner, name) for name in limner.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = limner.nosuch
