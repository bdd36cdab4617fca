import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from limner import images
from limner.errors import ModelError, UsageError
from limner.faces import DlibDetector, Preprocessing, find, smile
from limner.faces.smile import FEATURES, SMILING, SmileScore, features
from limner.sketching import sketch


@pytest.fixture(scope="module")
def score() -> SmileScore:
    return SmileScore()


@pytest.fixture(scope="module")
def crop(photo) -> np.ndarray:
    """A smiling face, [128, 128, 3]."""
    return Preprocessing().align(photo, DlibDetector()(photo)[0]).image


def test_a_smile_is_seen_and_no_other_part_of_the_face_is_taken_for_one(score, crop):
    assert score(crop) > 0.9
    upside_down = crop.copy()
    upside_down[64:92] = crop[64:92][::-1]  # the mouth alone, its corners now down
    assert score(upside_down) < SMILING


def test_a_mirrored_face_scores_the_same(score, crop):
    dented = crop.copy()
    dented[70:90, 30:64] //= 2  # so that it is not its own mirror image
    assert score(dented[:, ::-1]) == pytest.approx(score(dented), abs=1e-4)
    assert score(dented) != pytest.approx(score(crop), abs=1e-3)


def test_grey_counts_and_colour_does_not(score, crop):
    assert np.array_equal(features([images.to_grey(crop)]), features([crop]))
    tinted = (crop * [1.0, 0.5, 0.5]).astype(np.uint8)
    assert score(tinted) == pytest.approx(score(crop), abs=0.1)


@pytest.mark.parametrize("side", [32, 64, 400])
def test_any_side_will_do(score, crop, side):
    assert score(images.resize(crop, side)) == pytest.approx(score(crop), abs=0.15)


@pytest.mark.parametrize("style", ["pencil", "dodge", "line", "xdog"])
def test_a_drawn_smile_is_seen(score, crop, style):
    assert score(sketch(crop, style)) > SMILING


def test_light_and_contrast_matter_little(score, crop):
    dim = (crop * 0.4 + 60).astype(np.uint8)
    assert np.abs(features([dim]) - features([crop])).max() < 0.08


def test_what_is_finer_than_the_features_is_not_seen(crop):
    large = images.resize(crop, 512)
    weave = np.indices((512, 512)).sum(0) % 2 * 60 - 30  # of the paper, a pixel a thread
    woven = np.clip(large.astype(int) + weave[..., None], 0, 255).astype(np.uint8)
    assert np.abs(features([woven]) - features([large])).mean() < 0.01


def test_a_batch_scores_each_as_if_alone(score, crop):
    small = images.resize(crop, 50)
    together = score.batch([crop, small, images.to_grey(crop)])
    assert together.dtype == np.float32
    alone = [score(crop), score(small), score(images.to_grey(crop))]
    assert together.tolist() == pytest.approx(alone, abs=1e-5)
    assert score.batch([]).shape == (0,)


@pytest.mark.parametrize("grey", [0, 255])
def test_an_empty_sheet_has_a_score_too(score, grey):
    sheet = np.full((64, 64), grey, np.uint8)
    assert not features([sheet]).any()
    assert 0 < score(sheet) < 1


@pytest.mark.parametrize(
    ("shape", "kind"), [((64, 48), np.uint8), ((64, 64, 4), np.uint8), ((64, 64), np.float32)]
)
def test_what_is_no_crop_is_refused(score, shape, kind):
    with pytest.raises(UsageError, match=r"expected uint8 \[S, S\] or \[S, S, 3\]"):
        score(np.zeros(shape, kind))


def test_weights_of_another_kind_are_refused(tmp_path):
    np.save(tmp_path / "short.npy", np.zeros(FEATURES, np.float16))
    with pytest.raises(ModelError, match=f"expected {FEATURES + 1} weights"):
        SmileScore(tmp_path / "short.npy")
    (tmp_path / "text.npy").write_text("weights")
    with pytest.raises(ModelError, match="not the weights of a smile score"):
        SmileScore(tmp_path / "text.npy")
    np.save(tmp_path / "object.npy", np.array([{}]))  # a pickle, which could do anything
    with pytest.raises(ModelError, match="not the weights of a smile score"):
        SmileScore(tmp_path / "object.npy")


def test_it_needs_numpy_and_pillow_only():
    heavy = {"cv2", "dlib", "onnxruntime", "pyarrow", "scipy", "torch"}
    code = (
        "import sys, numpy; from limner.faces.smile import SmileScore;"
        "SmileScore()(numpy.zeros((64, 64), numpy.uint8));"
        f"print(*sorted({heavy!r} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == []


def test_the_figures_beside_the_weights_are_of_these_weights():
    folder = Path(smile.__file__).parent
    report = json.loads((folder / "smile.json").read_text())
    assert (folder / "smile.npy").stat().st_size == report["bytes"] < 4096
    assert report["cross_validated"]["photo"]["accuracy"] > 0.85


def test_it_agrees_with_celeba(score, data):
    folder = data / "research" / "celeba_half"
    _, head, *rows = (folder / "list_attr_celeba.txt").read_text().splitlines()
    place = 1 + head.split().index("Smiling")
    detector, crops, smiling = DlibDetector(), [], []
    for name, *values in (line.split() for line in rows[3000:3300]):
        picture = images.read(folder / "img_align_celeba" / name)
        if detector(picture):
            crops.append(Preprocessing().align(picture, find(picture, detector)[0]).image)
            smiling.append(values[place - 1] == "1")
    accuracy = ((score.batch(crops) > SMILING) == np.array(smiling)).mean()
    assert accuracy > 0.8  # 0.85 on all of them; half of them smile
