import json
import math

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from limner import images
from limner.data.schema import FACES
from limner.data.writer import Writer
from limner.errors import DataError
from limner.face_training.smile import Settings, figures, fit, lightness, thirds, train
from limner.faces import Preprocessing
from limner.faces.smile import FEATURES, SmileScore

QUICK = Settings(photos_each=1, blurred_each=1, sketches_each=1, folds=3)


def face(number: int, *, smiling: bool) -> np.ndarray:
    """A disc with eyes and a mouth that bends up or down, [64, 64, 3]; varies with the number."""
    rng = np.random.default_rng(number)
    picture = Image.new("RGB", (64, 64), (200, 200, 210))
    pen = ImageDraw.Draw(picture)
    skin = tuple(int(level) for level in rng.integers(90, 220) * np.array([1, 0.8, 0.7]))
    pen.ellipse((8, 0, 56, 60), fill=skin)
    for x in (22, 42):
        pen.ellipse((x - 3, 18, x + 3, 22), fill=(30, 30, 30))
    x, y = rng.integers(-2, 3, 2)
    box = (20 + x, 28 + y, 44 + x, 42 + y) if smiling else (20 + x, 38 + y, 44 + x, 52 + y)
    pen.arc(box, *((30, 150) if smiling else (210, 330)), fill=(90, 30, 30), width=2)
    noise = rng.normal(0, 4, (64, 64, 3))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)


def write_set(path, rows) -> None:
    """A dataset of (person, split, kind, smile label or None, image)."""
    table = [
        {
            "image": {"bytes": images.encode(picture), "path": f"{i}.png"},
            "source": "discs",
            "kind": kind,
            "identity": person,
            "split": split,
            "smile": smile,
            "labelled": smile is not None,
            "checksum": f"{i:064x}",
        }
        for i, (person, split, kind, smile, picture) in enumerate(rows)
    ]
    about = {"preprocessing": Preprocessing(size=64).to_dict(), "sources": {}}
    with Writer(path, about) as writer:
        writer.add("faces", pa.Table.from_pylist(table, schema=FACES))
        writer.commit()


@pytest.fixture(scope="module")
def discs(tmp_path_factory):
    """20 people for training and 4 for testing, with both faces each; 12 without labels.

    A wrongly labelled sketch is among them: sketches are not learnt from.
    """
    rows = []
    for number in range(24):
        split = "test" if number < 4 else "train"
        for smiling in (True, False):
            picture = face(number, smiling=smiling)
            rows.append((f"person {number}", split, "photo", float(smiling), picture))
            rows.append((f"person {number}", split, "sketch", float(not smiling), picture))
    for number in range(100, 112):
        picture = face(number, smiling=number % 2 == 0)
        rows.append((f"person {number}", "train", "photo", None, picture))
    path = tmp_path_factory.mktemp("sets") / "discs"
    write_set(path, rows)
    return path


@pytest.fixture(scope="module")
def trained(discs, tmp_path_factory):
    out = tmp_path_factory.mktemp("weights") / "smile.npy"
    return out, train(discs, out, QUICK)


def test_it_learns_who_smiles(trained):
    score = SmileScore(trained[0])
    faces = [face(n, smiling=n % 2 == 0) for n in range(200, 220)]
    right = (score.batch(faces) > 0.5) == (np.arange(20) % 2 == 0)
    assert right.mean() > 0.9


def test_it_reports_on_people_it_did_not_see(trained):
    out, report = trained
    assert json.loads(out.with_suffix(".json").read_text()) == json.loads(json.dumps(report))
    assert report["photos"] == {"labelled": 40, "others": 12}
    assert report["bytes"] == out.stat().st_size
    assert report["cross_validated"]["people"] == 20
    assert report["cross_validated"]["photo"]["accuracy"] > 0.9
    assert report["test"]["people"] == 4
    assert report["test"]["pencil"]["faces"] == 8
    thirds_of = [
        report["cross_validated"][f"photo, {n} third"] for n in ("dark", "middle", "light")
    ]
    assert sum(third["faces"] for third in thirds_of) == 40


def test_who_is_measured_was_not_learnt_from(tmp_path):
    """Random labels can be memorised, but not predicted for other people."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        label = float(rng.random() < 0.5)
        picture = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
        rows += [(f"person {number}", "train", "photo", label, picture)] * 2
    write_set(tmp_path / "set", rows)
    settings = Settings(photos_each=1, blurred_each=0, sketches_each=0, penalty=1e-6)
    report = train(tmp_path / "set", tmp_path / "smile.npy", settings)
    score = SmileScore(tmp_path / "smile.npy")
    by_heart = (score.batch([row[4] for row in rows]) > 0.5) == [row[3] > 0.5 for row in rows]
    assert by_heart.mean() > 0.8
    assert report["cross_validated"]["photo"]["accuracy"] < 0.75
    assert report["test"] is None


def test_the_same_set_gives_the_same_bytes(discs, trained, tmp_path):
    train(discs, tmp_path / "again.npy", QUICK)
    assert (tmp_path / "again.npy").read_bytes() == trained[0].read_bytes()


def test_photos_without_a_label_are_learnt_from(discs, trained, tmp_path):
    train(discs, tmp_path / "labels.npy", Settings(**{**QUICK.__dict__, "rounds": 0}))
    assert (tmp_path / "labels.npy").read_bytes() != trained[0].read_bytes()


def test_a_set_without_both_faces_is_refused(prepared_set, tmp_path):
    with pytest.raises(DataError, match=r"0 photos .* smiling = 'yes'"):
        train(prepared_set, tmp_path / "smile.npy", QUICK)
    assert not (tmp_path / "smile.npy").exists()


def test_fit_finds_the_weights_that_made_the_labels():
    rng = np.random.default_rng(0)
    described = rng.normal(3, 1, (20000, 1, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(described[:, 0] @ [2.0, -1.0] - 2.5)))
    smile = (rng.random(20000) < chance).astype(float)
    weights = fit(described, smile, np.ones(20000), penalty=0)
    assert weights == pytest.approx([2.0, -1.0, -2.5], abs=0.15)
    ignored = np.where(smile == 1, 1.0, 0.5)  # as if half of the others were missing
    lighter = fit(described, smile, ignored, penalty=0)
    assert lighter[2] - weights[2] == pytest.approx(math.log(2), abs=0.05)


def test_figures_of_a_hand_worked_case():
    found = figures(np.array([0.9, 0.4, 0.6, 0.1]), np.array([True, True, False, False]))
    assert found == {
        "faces": 4,
        "smiling": 0.5,
        "accuracy": 0.5,
        "roc_area": 0.75,  # of the four pairs, only 0.4 against 0.6 is the wrong way round
        "missed": 0.5,
        "false": 0.5,
    }
    assert figures(np.array([0.9]), np.array([True]))["roc_area"] is None


def test_lightness_is_that_of_the_cheeks():
    crop = np.zeros((128, 128, 3), np.uint8)
    crop[58:66, 38:90] = 119  # mid-grey: L* 50
    assert lightness(crop) == pytest.approx(50, abs=0.2)
    assert lightness(images.resize(crop, 64)) == pytest.approx(50, abs=3)


def test_thirds_hold_each_face_once():
    parts = thirds(np.array([10.0, 60.0, 20.0, 50.0, 30.0, 40.0]))
    assert [parts[f"{n} third"].nonzero()[0].tolist() for n in ("dark", "middle", "light")] == [
        [0, 2],
        [4, 5],
        [1, 3],
    ]


def test_weights_have_one_number_a_feature_and_the_bias(trained):
    assert np.load(trained[0]).shape == (FEATURES + 1,)
