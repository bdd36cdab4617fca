"""Pictures of all kinds in one frame."""

import numpy as np
import pytest

from limner.errors import NoFaceError
from limner.faces import DlibDetector, Preprocessing, find
from limner.features import framing
from limner.features.framing import Framer, Framing


@pytest.fixture(scope="module")
def framer():
    return Framer(size=96)


def test_a_photo_is_framed_by_its_face(framer, photo):
    framed, how = framer.frame(photo)
    face = find(photo, DlibDetector())[0]
    assert how == Framing.BY_ITS_FACE
    assert np.array_equal(framed, Preprocessing(size=96).align(photo, face).image)


def test_a_square_result_is_taken_as_it_is_and_brought_to_size(framer, photo):
    framed, how = framer.frame(photo, result=True)
    assert how == Framing.AS_IT_IS
    assert np.array_equal(framed, Preprocessing(size=96).as_is(photo).image)


def test_a_result_over_its_sketch_is_framed_like_it(framer, portrait_drawing):
    drawing = np.stack([portrait_drawing] * 3, axis=-1)
    result = np.zeros_like(drawing)
    result[::2] = 200  # no face in it
    framed, how = framer.frame(result, result=True, sketch=drawing)
    assert how == Framing.BY_ITS_SKETCH
    same, _ = framer.frame(drawing, result=True, sketch=drawing)
    by_face, _ = framer.frame(drawing, drawing=True)
    assert np.array_equal(same, by_face)
    assert framed.shape == (96, 96, 3)


def test_a_result_without_a_face_counts_and_a_photo_without_one_does_not(framer):
    nothing = np.full((120, 90, 3), 127, np.uint8)
    _, how = framer.frame(nothing, result=True)
    assert how == Framing.AS_IT_IS_WITHOUT_A_FACE
    with pytest.raises(NoFaceError, match="the wall"):
        framer.frame(nothing, name="the wall")


def test_faces_that_are_cut_out_already_are_left_alone(framer, photo):
    assert framer.frame(photo, framed=True)[1] == Framing.AS_IT_IS
    assert Framer(size=96, as_is=True).frame(photo)[1] == Framing.AS_IT_IS


def test_its_key_tells_settings_apart():
    keys = {Framer(size=96).key, Framer(size=128).key, Framer(size=96, as_is=True).key}
    assert len(keys) == 3


def test_another_detector_gives_another_key_where_faces_are_looked_for(monkeypatch):
    before = Framer(size=96).key, Framer(size=96, as_is=True).key
    monkeypatch.setattr(framing, "detector_model", lambda: "another")
    assert Framer(size=96).key != before[0]
    assert Framer(size=96, as_is=True).key == before[1]


def test_a_drawing_is_framed_as_a_model_gets_it(framer, portrait_drawing):
    drawing = portrait_drawing
    page = np.stack([255 - drawing[::-1, ::-1]] * 3, axis=-1)
    clean, _ = framer.frame(np.stack([drawing] * 3, axis=-1), drawing=True)
    framed, how = framer.frame(page, drawing=True)
    assert how == Framing.BY_ITS_FACE
    assert np.abs(framed.astype(int) - clean).mean() < 4
    result, how = framer.frame(page, result=True, sketch=page)
    assert how == Framing.BY_ITS_SKETCH
    assert np.abs(255 - result.astype(int) - clean).mean() < 4
