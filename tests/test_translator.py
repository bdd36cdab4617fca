import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from limner import images
from limner.drawings import estimate_literal
from limner.errors import ImageError, ModelError, NoFaceError, UsageError
from limner.export import export
from limner.faces import face_from_eyes
from limner.sketching import sketch
from limner.training.loop import train
from limner.translator import Translator


@pytest.fixture(scope="module")
def translator(tiny_model):
    return Translator(tiny_model)


def test_a_picture_becomes_a_face_of_the_models_size(translator, photo):
    made = translator(photo)
    assert made.shape == (32, 32, 3)
    assert made.dtype == np.uint8


def test_grey_and_colour_drawings_give_the_same(translator, photo):
    drawing = sketch(photo)
    in_colour = np.repeat(drawing[..., None], 3, axis=2)
    difference = translator(drawing).astype(int) - translator(in_colour)
    assert np.abs(difference).max() <= 1


def test_a_batch_gives_the_same_as_its_pictures_one_by_one(translator):
    crops = list(np.random.default_rng(0).integers(0, 255, (5, 32, 32), dtype=np.uint8))
    together = translator.batch(crops)
    alone = np.concatenate([translator.batch([crop]) for crop in crops])
    assert np.abs(together.astype(int) - alone).max() <= 1
    assert together.std() > 0
    assert translator.batch([]).shape == (0, 32, 32, 3)


def test_a_crop_of_another_size_is_refused(translator):
    with pytest.raises(UsageError, match="crops have 48x32 px, but this model takes 32x32"):
        translator.batch([np.zeros((32, 48), np.uint8)])


def test_as_is_needs_no_face(translator):
    blank = np.full((50, 70, 3), 255, np.uint8)
    assert translator(blank, as_is=True).shape == (32, 32, 3)
    with pytest.raises(NoFaceError, match="the whole picture is the face"):
        translator(blank)


def test_in_place_changes_the_face_and_nothing_else(translator, photo):
    made = translator(photo, in_place=True)
    changed = np.argwhere((made != photo).any(axis=2))
    face = translator.detector(photo)[0]
    assert made.shape == photo.shape
    left, top, right, bottom = face.box
    margin = face.eye_distance  # the crop reaches about an eye distance beyond the box
    assert changed[:, 0].min() > top - margin
    assert changed[:, 0].max() < bottom + margin
    assert left - margin < changed[:, 1].min() < left
    assert right < changed[:, 1].max() < right + margin


def test_every_face_is_translated_when_asked(translator, photo):
    two = np.concatenate([photo, photo[:, ::-1]], axis=1)
    assert len(translator.translate(two)) == 1
    assert len(translator.translate(two, every_face=True)) == 2


def test_a_model_of_the_other_direction_makes_sketches(tiny_sketcher, photo):
    sketcher = Translator(tiny_sketcher)
    made = sketcher(photo)
    assert made.shape == (32, 32)
    assert made.dtype == np.uint8
    put = sketcher(photo, in_place=True)
    assert put.shape == photo.shape
    changed = (put != photo).any(axis=2)
    assert 0.01 < changed.mean() < 0.3
    assert sketcher.batch([]).shape == (0, 32, 32)


def test_a_sketcher_sees_colours_and_takes_grey(tiny_sketcher):
    sketcher = Translator(tiny_sketcher)
    crops = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
    crops[1] = crops[0][..., ::-1]
    made = sketcher.batch(list(crops)).astype(int)
    assert np.abs(made[0] - made[1]).max() > 1
    grey = crops[0][..., 0]
    alike = sketcher.batch([grey, np.stack([grey] * 3, axis=-1)]).astype(int)
    assert np.abs(alike[0] - alike[1]).max() <= 1


def test_the_message_about_a_missing_model_lists_the_shipped_ones(tmp_path):
    with pytest.raises(ModelError, match="there is no model 'nosuch'; shipped with limner"):
        Translator("nosuch")


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(5000)])
def test_a_file_that_is_not_a_model_is_refused(content, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.onnx is"):
        Translator(path)


def test_a_truncated_model_is_refused(tiny_model, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(tiny_model.read_bytes()[:-2000])
    with pytest.raises(ModelError, match=r"m\.onnx is"):
        Translator(path)


def test_a_model_that_limner_did_not_export_is_refused(tmp_path):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [value],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    path = tmp_path / "foreign.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="was not exported by limner"):
        Translator(path)


def test_the_message_about_another_format_names_the_version_that_wrote_it(tiny_model, tmp_path):
    model = onnx.load(tiny_model)
    [entry] = model.metadata_props
    entry.value = entry.value.replace('"format": 1', '"format": 9')
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="format 9"):
        Translator(path)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"size": 32', '"size": 64', r"\[1, 32, 32\].* metadata say .*sketch.: \[1, 64, 64\]"),
        (
            '"sketch-to-photo"',
            '"photo-to-sketch"',
            r"\[1, 32, 32\].* metadata say .*photo.: \[3, 32, 32\]",
        ),
        ('"sketch-to-photo"', '"upside-down"', "has the direction 'upside-down'"),
        ('"format": 1', '"format": 1, "more": 2', "damaged metadata"),
        ('{"name"', '[{"name"', "damaged metadata"),
    ],
)
def test_a_model_that_contradicts_its_card_is_refused(tiny_model, tmp_path, old, new, found):
    model = onnx.load(tiny_model)
    [entry] = model.metadata_props
    assert old in entry.value
    entry.value = entry.value.replace(old, new)
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=found):
        Translator(path)


def test_threads_may_share_a_translator(tiny_model, photo):
    translator = Translator(tiny_model)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(translator, [photo] * 8))
    assert all(np.array_equal(made[0], other) for other in made[1:])


def test_translating_needs_no_torch(tiny_model, photo, tmp_path):
    images.write(tmp_path / "a.png", photo)
    code = (
        "import sys; import limner; from limner import images;"
        f"t = limner.Translator({str(tiny_model)!r});"
        f"t(images.read({str(tmp_path / 'a.png')!r}));"
        "assert not {'torch', 'pyarrow', 'onnx', 'lightning_fabric', 'scipy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_picture_may_come_in_any_form(translator, photo, tmp_path):
    path = tmp_path / "a.png"
    images.write(path, photo)
    expected = translator(photo)
    clear = np.full((*photo.shape[:2], 1), 255, np.uint8)
    forms = [
        *(path, str(path), path.read_bytes(), Image.fromarray(photo)),
        *(np.dstack([photo, clear]), photo / 255, photo[::-1][::-1], torch.from_numpy(photo)),
    ]
    for form in forms:
        assert np.array_equal(translator(form), expected)
    [whole] = translator.translate(path, as_is=True)
    assert np.array_equal(whole.image, translator(photo, as_is=True))
    [aligned] = translator.align(photo / 255)
    assert np.array_equal(aligned.image, translator.align(photo)[0].image)
    assert translator(path, in_place=True).shape == photo.shape
    grey = photo[..., :1] / np.float32(255)
    assert np.array_equal(translator(grey), translator(photo[..., 0]))


def test_error_messages_name_the_path(translator, tmp_path):
    path = tmp_path / "blank.png"
    images.write(path, np.full((50, 70, 3), 255, np.uint8))
    with pytest.raises(NoFaceError, match=r"blank\.png"):
        translator(path)
    with pytest.raises(NoFaceError, match="page 7"):
        translator(path, name="page 7")
    with pytest.raises(ImageError, match=r"\[3, 64, 64\]"):
        translator(np.zeros((3, 64, 64)))


def test_a_page_is_cleaned_and_turned_with_notes(translator, portrait_drawing):
    drawing = portrait_drawing
    page = np.ascontiguousarray(255 - np.rot90(drawing))
    [made] = translator.translate(page)
    assert made.notes == ("turned by 90° clockwise", "inverted")
    assert np.abs(made.image.astype(int) - translator(drawing)).mean() < 3
    [left] = translator.translate(page, clean="off")
    assert "inverted" not in left.notes


def test_a_turned_face_goes_back_to_where_it_was(translator, portrait_drawing):
    page = np.ascontiguousarray(portrait_drawing[::-1, ::-1])
    made = translator(page, in_place=True)
    changed = np.argwhere((made != page[..., None]).any(axis=2))
    [aligned] = translator.align(page)
    left, top, right, bottom = aligned.face.box
    assert (top + bottom) / 2 == pytest.approx(changed[:, 0].mean(), abs=40)
    assert (left + right) / 2 == pytest.approx(changed[:, 1].mean(), abs=25)


def test_photos_are_not_cleaned(tiny_sketcher, photo):
    """A photo may be dark and have a shadow."""
    dark = np.ascontiguousarray(photo[::-1, ::-1] // 4)
    dark[:, :200] //= 2
    [aligned] = Translator(tiny_sketcher).align(dark)
    assert aligned.notes == ("turned by 180°",)
    assert aligned.image.max() <= photo.max() // 4 + 1


def test_given_eye_corners_replace_detection(translator):
    page = np.full((200, 300), 250, np.uint8)
    page[90:96, 100:110] = page[90:96, 190:200] = 20
    with pytest.raises(NoFaceError):
        translator(page)
    [aligned] = translator.align(page, eyes=(100, 93, 200, 93))
    side = aligned.image.shape[0]
    dark = np.argwhere(aligned.image < 200)
    assert dark[:, 1].min() / side == pytest.approx(0.3, abs=0.03)
    assert dark[:, 1].max() / side == pytest.approx(0.7, abs=0.04)
    assert translator(page, eyes=(100, 93, 200, 93)).shape == (32, 32, 3)


@pytest.mark.parametrize(("turns", "notes"), [(0, ()), (2, ("turned by 180°",))])
def test_eyes_in_their_order_make_a_face_upright(translator, photo, turns, notes):
    [found] = translator.align(photo, clean="off")
    (x1, y1), (x2, y2) = found.face.eyes.tolist()
    height, width = photo.shape[:2]
    eyes = (width - x1, height - y1, width - x2, height - y2) if turns else (x1, y1, x2, y2)
    page = np.ascontiguousarray(np.rot90(photo, turns))
    [given] = translator.align(page, eyes=eyes, clean="off")
    assert given.notes == notes
    assert np.abs(given.image.astype(int) - found.image).mean() < 5


@pytest.mark.parametrize("others", [{"as_is": True}, {"every_face": True}])
def test_eyes_mark_one_face(translator, photo, others):
    with pytest.raises(UsageError, match="eyes marks one face"):
        translator.translate(photo, eyes=(1, 2, 3, 4), **others)


def test_eyes_that_are_too_close_together_are_refused(translator, photo):
    with pytest.raises(NoFaceError, match="10 px apart"):
        translator(photo, eyes=(100, 100, 110, 100))


@pytest.fixture(scope="module")
def told(tiny, tmp_path_factory):
    """A model that takes how literally a drawing is meant, and colours."""
    folder = tmp_path_factory.mktemp("told")
    config = tiny.with_settings(["generator.literal=true", "generator.hints=true", "images=8"])
    train(config, folder / "run")
    export(folder / "run", folder / "told.onnx")
    return Translator(folder / "told.onnx")


def test_how_literally_a_drawing_is_meant_changes_the_result(told, photo):
    drawing = sketch(photo)
    made = [told(drawing, faithful=level) for level in (0.0, 1.0)]
    assert not np.array_equal(*made)
    crop = told.align(drawing)[0].image
    by_look = told.batch([crop], literal=[estimate_literal(images.to_grey(crop))])[0]
    assert np.array_equal(told(drawing), by_look)
    with pytest.raises(UsageError, match=r"faithful is 1\.5; it must be between 0 and 1"):
        told(drawing, faithful=1.5)


def test_hints_change_only_the_picture_that_they_are_given_for(told):
    crops = list(np.random.default_rng(0).integers(0, 255, (2, 32, 32), dtype=np.uint8))
    hint = np.zeros((32, 32, 4), np.uint8)
    hint[8:16, 8:16] = 200, 30, 30, 255
    plain, hinted = told.batch(crops), told.batch(crops, hints=[np.zeros_like(hint), hint])
    assert np.array_equal(plain[0], hinted[0])
    assert not np.array_equal(plain[1], hinted[1])


def test_a_model_refuses_inputs_that_it_does_not_take(translator, photo):
    with pytest.raises(UsageError, match="tiny was trained without a setting for how literally"):
        translator(photo, faithful=0.5)
    crop = np.zeros((32, 32), np.uint8)
    with pytest.raises(UsageError, match="tiny was trained without colour hints"):
        translator.batch([crop], hints=[np.zeros((32, 32, 4), np.uint8)])


class Fixed:
    """Finds the same faces in every picture."""

    def __init__(self, *faces):
        self.faces = list(faces)

    def __call__(self, image, **_):
        return self.faces


def test_a_tiny_face_does_not_cost_the_others(tiny_model, photo):
    shape = photo.shape
    large, tiny = (
        face_from_eyes((200, 120, 290, 120), shape),
        face_from_eyes((20, 20, 30, 20), shape),
    )
    crowd = Translator(tiny_model, detector=Fixed(large, tiny))
    assert len(crowd.translate(photo, every_face=True)) == 1
    alone = Translator(tiny_model, detector=Fixed(tiny))
    with pytest.raises(NoFaceError, match="10 px apart"):
        alone.translate(photo, every_face=True)
