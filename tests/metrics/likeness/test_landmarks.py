import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.faces import DlibDetector, Preprocessing
from limner.metrics.likeness.landmarks import (
    FaceLandmarks,
    Landmarks,
    LandmarksFeature,
    landmark_errors,
)
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted
from limner.sketching import sketch

TEMPLATE = np.array([(0.7, 0.3), (0.58, 0.3), (0.3, 0.3), (0.42, 0.3), (0.5, 0.5)])


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, DlibDetector()(photo)[0]).image


def scores(metric, sketches, generated):
    find = metric.inputs["generated"].feature.start()
    features = {
        "sketch": np.stack([find(one) for one in sketches]),
        "generated": np.stack([find(one) for one in generated]),
    }
    return {one.name: one for one in metric.scores(features, Resampling(resamples=20))}


def test_an_error_is_a_distance_over_that_of_the_eyes():
    drawn = TEMPLATE[None].copy()
    generated = drawn.copy()
    generated[0, 4] += (0.03, 0.04)  # 0.05 of the side; the eyes are 0.4 apart
    assert landmark_errors(drawn, generated)[0] == pytest.approx([0, 0, 0, 0, 0.125])
    small = 0.5 + (drawn - 0.5) * 0.75
    assert landmark_errors(small, np.add(small, [0, 0.03]))[0] == pytest.approx([0.1] * 5)


def test_without_eyes_half_the_template_counts():
    nothing = np.full((1, 5, 2), 0.5)
    assert landmark_errors(nothing, np.add(nothing, [0.1, 0])) == pytest.approx(0.5)


@pytest.mark.parametrize("shapes", [((2, 5, 2), (3, 5, 2)), ((2, 10), (2, 10)), ((1, 6, 2),) * 2])
def test_other_shapes_are_refused(shapes):
    with pytest.raises(UsageError, match="expected the same"):
        landmark_errors(*(np.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("count", [5, 68])
@pytest.mark.parametrize("side", [64, 128, 512])
def test_points_lie_on_the_template_whatever_the_side(crop, count, side):
    points = FaceLandmarks(count)(images.resize(crop, side))
    outer = points[[2, 0]] if count == 5 else points[[36, 45]]
    assert outer == pytest.approx(np.array([(0.3, 0.3), (0.7, 0.3)]), abs=0.015)
    if count == 68:  # the chin's tip is below the mouth's middle, and that below the nose
        assert 0.5 < points[33, 1] < points[62, 1] < points[8, 1] < 1


def test_moved_features_are_found_moved(crop):
    metric = Landmarks()
    drawing = np.stack([sketch(crop, "pencil")] * 3, axis=-1)[None]
    errors = [
        scores(metric, drawing, corrupted(crop[None], "eyes", strength, others=crop[None]))
        for strength in (0, 0.3, 0.6, 1)
    ]
    eyes = [found["landmarks.eyes"].estimate.value for found in errors]
    assert eyes == sorted(eyes)
    assert eyes[0] < 0.03
    assert eyes[3] > 0.1  # moved by a fifth of the eye distance, less towards the corners
    noses = [found["landmarks.nose"].estimate.value for found in errors]
    assert max(noses[:3]) < 0.03
    assert noses[3] < eyes[3] / 2


def test_other_corruption_leaves_it_as_it_is(crop):
    metric = Landmarks()
    still = scores(metric, crop[None], crop[None])["landmarks.error"].estimate.value
    assert still == 0
    for name in ("blur", "noise", "jpeg", "grey", "cast", "dark", "grid"):
        changed = corrupted(crop[None], name, 0.3, others=crop[None])
        assert scores(metric, crop[None], changed)["landmarks.error"].estimate.value < 0.02, name


def test_a_blank_sheet_has_a_score_too(crop):
    blank = np.full((1, 128, 128, 3), 255, np.uint8)
    found = scores(Landmarks(), blank, crop[None])["landmarks.error"]
    assert np.isfinite(found.estimate.value)


def test_68_points_say_what_they_cost(crop):
    found = scores(Landmarks(count=68), crop[None], np.ascontiguousarray(crop[None, :, ::-1]))
    assert set(found) == {
        *("landmarks68.error", "landmarks68.eyes", "landmarks68.brows", "landmarks68.nose"),
        *("landmarks68.mouth", "landmarks68.jaw"),
    }
    assert "commercial use" in found["landmarks68.error"].warnings[0]
    five = scores(Landmarks(), crop[None], crop[None])
    assert not five["landmarks.error"].warnings


def test_another_count_is_refused():
    with pytest.raises(UsageError, match="it must be 5 or 68"):
        Landmarks(count=7)


def test_the_key_names_the_file():
    assert LandmarksFeature(5).key != LandmarksFeature(68).key
    assert "sha256:" in LandmarksFeature(5).model
