"""A model of 256 px grown from a shipped one: exported, and used from the command line."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limner import Translator, images
from limner.export import export
from limner.hints import Hints
from limner.networks.config import PatchGANConfig, UNetConfig
from limner.shipped import shipped_models
from limner.training.config import Weights
from limner.training.loop import train

DRAWING = Path(__file__).parents[1] / "examples" / "man-short-hair.png"


@pytest.fixture(scope="module")
def grown_model(tiny, tmp_path_factory):
    """After a step of training that is too small to matter."""
    folder = tmp_path_factory.mktemp("grown")
    config = dataclasses.replace(
        tiny,
        size=256,
        init_from=str(shipped_models()["lifelike"]),
        generator=UNetConfig(width=12, depth=5, literal=True, hints=True),
        discriminator=PatchGANConfig(width=2, strides=2),
        weights=Weights(features=0),
        images=2,
        batch=2,
        lr=1e-8,
        eval_images=0,
        threads=2,
    )
    train(config, folder / "run")
    export(folder / "run", folder / "grown.onnx")
    return folder / "grown.onnx"


def photo_of(model, *options, out):
    command = [sys.executable, "-m", "limner", "photo", str(DRAWING), "-o", str(out)]
    done = subprocess.run(
        [*command, "--model", str(model), *map(str, options)], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return images.read(out)


def test_it_generates_the_photos_of_the_smaller_model_at_a_larger_size(grown_model):
    large, small = Translator(grown_model), Translator("lifelike")
    assert large.card.preprocessing.size == 256
    page = images.read(DRAWING, grey=True)
    made = large(page)
    assert made.shape == (256, 256, 3)
    halved = np.asarray(Image.fromarray(made).resize((128, 128), Image.Resampling.BOX))
    apart = np.abs(halved.astype(float) - small(page))[1:-1, 1:-1]
    assert apart.mean() < 6  # grey levels: its drawing is cropped at 256 px, and then halved


def test_the_command_line_uses_its_size(grown_model, tmp_path):
    plain = photo_of(grown_model, out=tmp_path / "a.png")
    assert plain.shape == (256, 256, 3)
    back = photo_of(grown_model, "--paste-back", out=tmp_path / "b.png")
    assert back.shape == (*images.read(DRAWING).shape[:2], 3)
    hinted = photo_of(
        grown_model, "--skin", "brown", "--lips", "red", "--faithful", 0.5, out=tmp_path / "c.png"
    )
    assert hinted.shape == plain.shape
    assert np.abs(hinted.astype(int) - plain).mean() > 0.3  # as the model from which it grew


def test_hints_have_the_same_places_as_in_a_smaller_crop(grown_model):
    places = []
    for model, side in ((grown_model, 256), ("lifelike", 128)):
        aligned = Translator(model).align(DRAWING)
        [hint] = Hints.of({"lips": "red"}).drawn(aligned, images.read(DRAWING).shape, name="it")
        assert hint.shape == (side, side, 4)
        places.append(np.argwhere(hint[..., 3] > 127).mean(axis=0) / side)
    assert places[0] == pytest.approx(places[1], abs=0.01)
