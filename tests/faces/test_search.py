from pathlib import Path

import numpy as np
import pytest

from limner import images
from limner.errors import NoFaceError, UsageError
from limner.faces import DlibDetector, Face, Preprocessing, face_from_eyes, find
from limner.faces.search import BEYOND_DOUBT, CONVINCING, find_any_way

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def detector():
    return DlibDetector()


@pytest.fixture(scope="module")
def drawing():
    return images.read(EXAMPLES / "man-short-hair.png", grey=True)


class Counting:
    """A detector that counts how often it is asked."""

    def __init__(self, detector):
        self.detector, self.asked = detector, 0

    def __call__(self, image, **how):
        self.asked += 1
        return self.detector(image, **how)


class Scripted:
    """Finds one face in each direction, with the scores given: upright, then turned 1, 2, 3."""

    def __init__(self, page, scores):
        self.pages = [np.rot90(page, turns) for turns in range(4)]
        self.scores = scores

    def __call__(self, image, *, thorough=False, until=-np.inf):
        for page, score in zip(self.pages, self.scores, strict=True):
            if image.shape == page.shape and np.array_equal(image, page) and score is not None:
                return [Face(box=(10, 20, 50, 60), score=score, points=POINTS)]
        return []


POINTS = np.array([[40, 30], [34, 30], [20, 30], [26, 30], [30, 42]], np.float32)


@pytest.fixture
def page():
    """Different in each direction, with something drawn all over it."""
    return np.random.default_rng(0).integers(0, 256, (90, 120), dtype=np.uint8)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.png")), ids=lambda file: file.stem)
def test_an_upright_face_costs_one_look(file, detector):
    counting = Counting(detector)
    picture = images.read(file)
    found = find_any_way(picture, counting)
    if detector(picture)[0].score < CONVINCING:
        assert file.stem in ("astronaut-line", "woman-curly-hair")
        assert found[0].turned == 0
    else:
        assert counting.asked == 1
        assert np.array_equal(found[0].points, detector(picture)[0].points)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("name", ["man-short-hair", "woman-long-hair", "boy-glasses"])
def test_a_turned_page_gives_the_crop_of_the_upright_one(name, turns, detector):
    upright = images.read(EXAMPLES / f"{name}.png")
    page = np.ascontiguousarray(np.rot90(upright, -turns))
    [face] = find(page, detector, any_way=True)
    assert face.turned == 90 * turns
    assert abs((face.angle - 90 * turns + 180) % 360 - 180) < 25
    preprocessing = Preprocessing()
    [expected] = find(upright, detector)
    crops = [
        preprocessing.align(picture, one).image.astype(int)
        for picture, one in ((page, face), (upright, expected))
    ]
    # The boy's head is tilted, and other ways to look find it a little off.
    assert np.abs(crops[0] - crops[1]).mean() < (14 if name == "boy-glasses" else 6)
    left, top, right, bottom = face.box
    assert left < face.points[:, 0].min() < face.points[:, 0].max() < right
    assert top < face.points[:, 1].min() < face.points[:, 1].max() < bottom


@pytest.mark.parametrize(
    ("scores", "turned"),
    [
        ((0.9, 2.5, 2.5, 2.5), 0),  # convincing: nothing else is looked at
        ((0.7, 0.8, 0.9, 0.9), 0),  # better, but not by enough
        ((0.3, None, 0.9, None), 180),
        ((0.3, 0.9, 1.1, 1.3), 270),
        ((None, 0.4, None, None), None),  # too weak to turn a page for
        ((None, 0.9, None, None), 90),
        ((0.1, None, None, None), 0),
    ],
)
def test_a_weaker_face_of_a_turned_page_does_not_win(scores, turned, page):
    found = find_any_way(page, Scripted(page, scores))
    assert [face.turned for face in found] == ([] if turned is None else [turned])


def test_a_face_beyond_doubt_ends_the_search(page):
    counting = Counting(Scripted(page, (None, 9.0, BEYOND_DOUBT, 9.0)))
    [face] = find_any_way(page, counting)
    assert face.turned == 180
    assert counting.asked == 3  # upright, the upright part, upside down


@pytest.mark.parametrize("turns", range(4))
def test_a_small_drawing_on_a_large_sheet_is_found(turns, drawing, detector):
    sheet = np.full((7000, 5600), 252, np.uint8)
    sheet[2600 : 2600 + 600, 300 : 300 + 500] = drawing
    sheet = np.ascontiguousarray(np.rot90(sheet, -turns))
    assert not detector(sheet)
    [face] = find(sheet, detector, any_way=True)
    assert face.turned == 90 * turns
    [expected] = detector(drawing)
    assert face.eye_distance == pytest.approx(expected.eye_distance, rel=0.05)
    crop = Preprocessing().align(sheet, face).image.astype(int)
    assert np.abs(crop - Preprocessing().align(drawing, expected).image).mean() < 12


def test_all_faces_of_a_turned_page_are_found(drawing, detector):
    two = np.concatenate([drawing, drawing[:, ::-1]], axis=1)
    page = np.ascontiguousarray(two[::-1, ::-1])
    faces = find(page, detector, which="all", any_way=True)
    assert [face.turned for face in faces] == [180, 180]


def test_where_nothing_is_found_it_says_what_was_tried(detector):
    with pytest.raises(NoFaceError) as caught:
        find(np.full((300, 200), 250, np.uint8), detector, any_way=True, name="blank.png")
    message = str(caught.value)
    assert message.startswith("no face found in blank.png, upright or turned by 90°, 180° and 270°")
    assert "outer eye corners" in message
    assert "--" not in message


def test_eyes_by_hand_give_nearly_the_crop_of_the_detector(drawing, detector):
    [found] = detector(drawing)
    by_hand = face_from_eyes(found.eyes.ravel().tolist(), drawing.shape)
    preprocessing = Preprocessing()
    assert np.array_equal(
        preprocessing.align(drawing, by_hand).image, preprocessing.align(drawing, found).image
    )
    assert np.abs(by_hand.points - found.points).max() < 0.2 * found.eye_distance
    overlap = [
        min(by_hand.box[2], found.box[2]) - max(by_hand.box[0], found.box[0]),
        min(by_hand.box[3], found.box[3]) - max(by_hand.box[1], found.box[1]),
    ]
    assert min(overlap) > 0.7 * (found.box[2] - found.box[0])


@pytest.mark.parametrize(
    ("eyes", "turned", "tilt"),
    [
        ((20, 30, 60, 34), 0, 5.7),
        ((60, 34, 20, 30), 180, 5.7),
        ((40, 20, 42, 60), 90, -2.9),
        ((40, 60, 42, 20), 270, 2.9),
    ],
)
def test_the_order_of_the_eyes_tells_which_way_up_the_face_is(eyes, turned, tilt):
    face = face_from_eyes(eyes, (90, 120))
    assert np.array_equal(face.eyes.ravel(), eyes)
    assert face.turned == turned
    assert face.tilt == pytest.approx(tilt, abs=0.1)


@pytest.mark.parametrize(
    ("eyes", "found"),
    [
        ((1, 2, 3), "four numbers"),
        ("abcd", "four numbers"),
        ((1, 2, 3, None), "four numbers"),
        ((1, 2, 300, 2), "eyes are 1, 2, 300, 2; expected .* x from 0 to 120 and y from 0 to 90"),
        ((-1, 2, 30, 2), "positions in the picture"),
        ((float("nan"), 2, 30, 2), "positions in the picture"),
        ((30, 40, 30, 40), "both eyes are at the same position"),
    ],
)
def test_impossible_eyes_are_refused(eyes, found):
    with pytest.raises(UsageError, match=found):
        face_from_eyes(eyes, (90, 120))
