"""Tiny training runs that really go wrong: the monitors warn."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from limner import images
from limner.data.schema import FACES
from limner.data.writer import Writer
from limner.faces import Preprocessing
from limner.training import loop
from limner.training.run import read_jsonl
from limner.training.watching import monitors

SIDE = 32
PICTURES = 16


def prepared_set(path, photos, sketches=()):
    rows = [
        {
            "image": {"bytes": images.encode(picture), "path": f"{kind}-{number}.png"},
            "source": "painted",
            "kind": kind,
            "identity": f"{kind}-{number}",
            "split": "train",
            "checksum": f"{kind}-{number}",
        }
        for kind, pictures in (("photo", photos), ("sketch", sketches))
        for number, picture in enumerate(pictures)
    ]
    about = {"preprocessing": Preprocessing(size=SIDE).to_dict(), "sources": {}}
    with Writer(path, about) as writer:
        writer.add("faces", pa.Table.from_pylist(rows, schema=FACES))
        writer.commit()
    return path


def flat(colour):
    return np.broadcast_to(np.asarray(colour), (SIDE, SIDE, 3)).astype(np.uint8)


@pytest.fixture
def said_of(tiny, tmp_path, monkeypatch):
    """Warnings of the monitors for a run on these images, with some settings changed.

    They wait for a fifth of the usual number of images, as these networks learn quickly.
    """
    monkeypatch.setattr(monitors, "LONG", monitors.LONG // 5)
    monkeypatch.setattr(loop, "STATS_EVERY", loop.STATS_EVERY // 5)

    def said(pictures, *settings, count):
        config = dataclasses.replace(
            tiny,
            data=str(prepared_set(tmp_path / "set", *pictures)),
            images=count,
            batch=8,
            lr=2e-3,
            save_every=200,
            snapshot_every=count,
            ema_half_life=40.0,
            decay_from=1.0,
            image_pool=0,
            eval_images=0,
        )
        loop.train(config.with_settings(list(settings)), tmp_path / "run")
        lines = read_jsonl(tmp_path / "run" / "warnings.jsonl")
        return {(line["monitor"], line["about"]) for line in lines}

    return said


def test_discriminators_win_where_generators_do_not_listen(said_of):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    photos, sketches = [], []
    for _ in range(PICTURES):
        away = np.hypot(*(np.stack([x, y]).T - rng.uniform(10, 22, 2)).T)[..., None] - 8
        photos.append(np.where(away < 0, *rng.integers(0, 256, (2, 3))).astype(np.uint8))
        sketches.append(np.where(np.abs(away) < 1, flat([30] * 3), flat([255] * 3)))
    said = said_of(
        (photos, sketches),
        "objective=cyclegan",
        "lr=5e-3",
        "weights.adversarial=1e-6",
        "label_noise=0",
        "label_flips=0",
        count=1500,
    )
    assert ("discriminator won", "photo") in said
    assert "discriminator blind" not in {monitor for monitor, _ in said}


def test_a_discriminator_is_blind_where_its_labels_mean_nothing(said_of):
    grey = [flat([90] * 3)] * PICTURES
    said = said_of((grey,), "label_noise=0", "label_flips=0.5", count=2000)
    assert ("discriminator blind", "") in said
    assert ("discriminator won", "") not in said


def test_photos_that_no_sketch_tells_apart_become_one(said_of):
    red, blue = np.random.default_rng(0).uniform(0, 220, (2, PICTURES))
    green = np.clip((100 - 0.299 * red - 0.114 * blue) / 0.587, 0, 255)  # all of one grey
    photos = [flat(colour) for colour in np.stack([red, green, blue], axis=1)]
    assert ("collapse", "photo") in said_of((photos,), count=1200)
