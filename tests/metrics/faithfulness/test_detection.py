import numpy as np
import pytest

from limner import images
from limner.faces import DlibDetector, Face, Preprocessing
from limner.metrics.faithfulness.detection import DETECTION, FaceDetection, found
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, DlibDetector()(photo)[0]).image


def scores(features):
    some = FaceDetection().scores({"generated": np.float32(features)}, Resampling(resamples=20))
    return {one.name: one for one in some}


def face(*eyes, score=1.0):
    """With outer eye corners at these places, in px."""
    points = np.zeros((5, 2), np.float32)
    points[[2, 0]] = eyes
    return Face(box=(0, 0, 1, 1), score=score, points=points)


@pytest.mark.parametrize("side", [64, 128, 512])
def test_a_framed_face_is_found_in_its_place(crop, side):
    there, score, off = DETECTION.start()(images.resize(crop, side))
    assert there == 1
    assert score > 0.5
    assert off < 0.05


def test_a_scrambled_one_is_not(crop):
    parts = corrupted(crop[None], "scrambled", 1, others=crop[None])[0]
    assert DETECTION.start()(parts).tolist() == [0, -1, 1]
    assert DETECTION.start()(np.full_like(crop, 255)).tolist() == [0, -1, 1]


def test_a_face_elsewhere_is_found_out_of_place(crop):
    moved = np.roll(crop, 20, axis=0)
    there, _, off = DETECTION.start()(moved)
    assert there == 1
    assert off == pytest.approx(20 / 128 / 0.4, abs=0.05)
    values = {name: one.estimate.value for name, one in scores([[there, 1, off]]).items()}
    assert values == {"detection.rate": 1, "detection.in_place": 0}


def test_distances_are_over_that_of_the_eyes_and_the_face_in_place_counts():
    blank = np.zeros((100, 100, 3), np.uint8)
    near, far = face((30, 34), (70, 30), score=0.4), face((30, 95), (70, 95), score=2)
    for faces in ([near, far], [far, near]):
        assert found(blank, lambda _, faces=faces: faces) == pytest.approx([1, 0.4, 0.05])
    assert found(blank, lambda _: [far]).tolist() == [1, 2, 1]  # no farther than that


def test_shares_of_photos():
    some = scores([[1, 2, 0.01], [1, 0.5, 0.19], [1, 1, 0.3], [0, -1, 1]])
    assert some["detection.rate"].estimate.value == 0.75
    assert some["detection.in_place"].estimate.value == 0.5
    assert some["detection.in_place"].losses.argmax() == 3
    assert some["detection.rate"].losses.argmax() == 3


def test_corruption_that_leaves_a_face_leaves_it_found(crop):
    look = DETECTION.start()
    for name in ("blur", "noise", "jpeg", "grey", "cast", "dark", "smile", "eyes", "grid"):
        there, _, off = look(corrupted(crop[None], name, 0.5, others=crop[None])[0])
        assert there == 1, name
        assert off < 0.2, name
