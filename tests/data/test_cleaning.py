import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.data.cleaning import Cleaning, fingerprint, sharpness, turn
from limner.errors import UsageError
from limner.faces import DlibDetector, Face, Preprocessing

EYES = np.array([(70, 40), (58, 40), (30, 40), (42, 40)], np.float32)


def face(*, nose=50.0, angle=0.0, scale=1.0):
    """A face with its outer eye corners 40 px apart, its nose at x = `nose`."""
    points = np.vstack([EYES, [(nose, 65)]]).astype(np.float32)
    turned = np.deg2rad(angle)
    rotation = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    return Face(box=(20, 20, 80, 80), score=1.0, points=(points * scale @ rotation))


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, DlibDetector()(photo)[0]).image


def blurred(crop, radius):
    small = Image.fromarray(crop).resize((128 // radius,) * 2, Image.Resampling.BOX)
    return np.asarray(small.resize((128, 128), Image.Resampling.BICUBIC))


def bits(a, b):
    return sum((x ^ y).bit_count() for x, y in zip(fingerprint(a), fingerprint(b), strict=True))


@pytest.mark.parametrize(
    ("shown", "reason", "detail"),
    [
        (face(scale=0.4), "face too small", "16.0 px apart; the minimum is 20"),
        (face(angle=50), "tilted", "roll 50°; the maximum is 45°"),
        (face(angle=-50), "tilted", "50°"),
        (face(nose=62), "turned", "yaw about 42°; the maximum is 30°"),
        (face(nose=38), "turned", "about 42°"),
    ],
)
def test_what_is_refused_says_why(shown, reason, detail):
    found, sentence = Cleaning().refuses(shown, 30.0)
    assert found == reason
    assert detail in sentence


def test_a_good_face_is_kept_and_a_blurred_one_is_not(crop):
    assert Cleaning().refuses(face(), sharpness(crop)) is None
    found, sentence = Cleaning().refuses(face(), sharpness(blurred(crop, 16)))
    assert found == "blurred"
    assert "at least 6" in sentence


def test_each_limit_can_be_lifted():
    keeps_all = Cleaning(min_eye_distance=1, max_yaw=90, max_roll=180, min_sharpness=0)
    for shown in (face(scale=0.4), face(angle=80), face(nose=80)):
        assert keeps_all.refuses(shown, 0.0) is None


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("min_eye_distance", 0, "above 0 px"),
        ("max_yaw", 91, "0 to 90 degrees"),
        ("max_roll", -1, "0 to 180 degrees"),
        ("max_roll", float("nan"), "0 to 180 degrees"),
        ("min_sharpness", -1, "at least 0"),
        ("max_hash_distance", 32, "0 to 31 of 256 bits"),
    ],
)
def test_limits_that_make_no_sense_are_refused(field, value, found):
    with pytest.raises(UsageError, match=found):
        Cleaning(**{field: value})


def test_the_turn_is_that_of_the_nose_whatever_the_size_and_the_tilt():
    assert turn(face().points) == pytest.approx(0, abs=1e-4)
    assert turn(face(nose=57).points) == pytest.approx(-turn(face(nose=43).points), abs=1e-4)
    assert 0 < turn(face(nose=55).points) < turn(face(nose=60).points) < 90
    assert turn(face(nose=57, angle=30, scale=3).points) == pytest.approx(
        turn(face(nose=57).points), abs=1e-3
    )
    assert turn(np.zeros((5, 2))) == 0


def test_a_mirrored_face_is_turned_the_other_way(photo):
    detector = DlibDetector()
    here, there = (turn(detector(p)[0].points) for p in (photo, photo[:, ::-1].copy()))
    assert here == pytest.approx(-there, abs=3)


def test_sharpness_falls_with_blur_and_hardly_depends_on_size(crop, photo):
    values = [sharpness(blurred(crop, radius)) for radius in (1, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 4 * values[-1]
    large = Preprocessing(size=256).align(photo, DlibDetector()(photo)[0]).image
    assert sharpness(large) == pytest.approx(values[0], rel=0.35)
    assert sharpness(images.to_grey(crop)) == pytest.approx(values[0], rel=0.01)
    assert sharpness(np.full((64, 64), 7, np.uint8)) == 0


def test_a_copy_has_nearly_the_same_fingerprint_and_another_picture_has_not(crop, person):
    assert len(fingerprint(crop)) == 32
    assert bits(crop, blurred(crop, 2)) <= 8
    darker = (crop * 0.8).astype(np.uint8)
    assert bits(crop, darker) <= 8
    other = Preprocessing().align(person(1), DlibDetector()(person(1))[0]).image
    assert bits(crop, other) > Cleaning().max_hash_distance


def test_the_same_person_otherwise_is_no_copy(data):
    """Of 40 people, at most one is shown so alike, neutral and smiling, that one is lost."""
    detector, preprocessing = DlibDetector(), Preprocessing()
    lost = 0
    for neutral in sorted((data / "open" / "london_neutral").iterdir())[:40]:
        smiling = neutral.parents[1] / "london_smiling" / neutral.name.replace("_03", "_08")
        pictures = [images.read(path) for path in (neutral, smiling)]
        crops = [preprocessing.align(p, detector(p)[0]).image for p in pictures]
        lost += bits(*crops) <= Cleaning().max_hash_distance
    assert lost <= 1
