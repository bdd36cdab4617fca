import pickle

import numpy as np
import pytest
from PIL import Image

from limner.errors import ImageError, UsageError
from limner.faces import Preprocessing
from limner.hints import NAMES, Hints, place
from limner.hints.table import VARIED


@pytest.fixture
def strokes(tmp_path):
    """A layer of 50x40 px, green on the right."""
    painted = np.zeros((40, 50, 4), np.uint8)
    painted[:, 40:] = (10, 200, 30, 255)
    Image.fromarray(painted).save(tmp_path / "strokes.png")
    return tmp_path / "strokes.png"


def as_is(height=40, width=50):
    return Preprocessing(size=64).as_is(np.full((height, width), 255, np.uint8))


def test_colours_come_in_words_and_numbers():
    hints = Hints.of({"hair": "black", "skin": "#8d5524", "lips": (1, 2, 3), "eyes": [4, 5, 6]})
    assert hints.colours == {
        "hair": NAMES["hair"]["black"],
        "skin": (141, 85, 36),
        "lips": (1, 2, 3),
        "eyes": (4, 5, 6),
    }
    assert Hints.of(hints).colours == hints.colours
    assert hints
    assert not Hints.of({})
    assert not Hints.of(None)
    with pytest.raises(UsageError, match="expected red, green and blue"):
        Hints.of({"hair": (0.5, 0.3, 0.2)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nose": "red"}, "'nose' has no colour; choose from skin, hair, eyes, lips, background"),
        ({"hair": "blak"}, "did you mean 'black'"),
        ({"hair": (1, 2)}, r"the colour of hair is \(1, 2\)"),
        ({"hair": (1, 2, 256)}, "0..255"),
        ({"hair": 7}, "the colour of hair is 7"),
        ({"hair": None}, "the colour of hair is None"),
    ],
)
def test_what_cannot_be_a_hint_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        Hints.of(given)


def test_colours_are_placed_and_strokes_lie_on_top(strokes):
    hints = Hints.of({"background": "#ff0000"}, strokes=strokes)
    [drawn] = hints.drawn([as_is()], (40, 50))
    placed = place({"background": (255, 0, 0)}, 64)
    green = (np.abs(drawn.astype(int) - (10, 200, 30, 255)) <= 3).all(axis=-1)
    assert green[8:56, 52:63].all()  # the page is as wide as the frame, and less high
    assert not green[:, :50].any()
    assert np.array_equal(drawn[:, :50], placed[:, :50])


def test_every_face_of_a_drawing_has_its_own(strokes):
    faces = [as_is(), as_is()]
    assert len(Hints.of({"hair": "red"}, strokes=strokes).drawn(faces, (40, 50))) == 2


def test_strokes_beside_the_face_are_said_to_be(strokes):
    from limner.faces import face_from_eyes

    page = np.full((400, 500, 3), 255, np.uint8)
    face = face_from_eyes((60, 60, 100, 60), page.shape)
    aligned = Preprocessing(size=64).align(page, face)
    with pytest.raises(ImageError, match=r"none of the strokes of .*strokes\.png is on"):
        Hints.of(strokes=strokes).drawn([aligned], page.shape, name="page.jpg")


def test_variants_keep_what_is_given(strokes):
    hints = Hints.of({"eyes": "green", "lips": "wine"}, strokes=strokes)
    some = hints.varied(4, seed=1)
    assert len({one.colours["skin"] for one in some}) > 1
    for one in some:
        assert one.colours.keys() == {*VARIED, "lips"}
        assert one.colours["eyes"] == NAMES["eyes"]["green"]
        assert one.strokes is hints.strokes
    again, other = hints.varied(4, seed=1), hints.varied(4, seed=2)
    assert [one.colours for one in again] == [one.colours for one in some]
    assert [one.colours for one in other] != [one.colours for one in some]


def test_variants_of_nothing_are_refused():
    with pytest.raises(UsageError, match="0 variants"):
        Hints().varied(0)
    with pytest.raises(UsageError, match="leave one of them out"):
        Hints.of(dict.fromkeys(VARIED, "brown")).varied(2)


def test_workers_can_be_sent_hints(strokes):
    hints = Hints.of({"hair": "red"}, strokes=strokes)
    sent = pickle.loads(pickle.dumps(hints))
    assert sent.colours == hints.colours
    assert np.array_equal(sent.strokes.pixels, hints.strokes.pixels)
