"""How much of a drawing is in a photo: right for the photo that was drawn, less for any other."""

import numpy as np
import pytest
from scipy import ndimage

from limner import images
from limner.errors import UsageError
from limner.faces import DlibDetector, Preprocessing, find
from limner.metrics.faithfulness.strokes import STROKES, Strokes, lines, strokes
from limner.metrics.resampling import Resampling
from limner.sketching import sketch


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, find(photo, DlibDetector())[0]).image


@pytest.fixture(scope="module")
def drawing(crop):
    return as_rgb(sketch(crop, "pencil"))


def as_rgb(grey):
    return grey[..., None].repeat(3, axis=2)


def rounded(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def both(found):
    return np.array([found.recall, found.precision])


def sheet(*marks, side=128):
    """White paper with black marks: `(rows, columns)` each."""
    paper = np.full((side, side, 3), 255, np.uint8)
    for rows, columns in marks:
        paper[rows, columns] = 0
    return paper


UPRIGHT = (slice(30, 90), slice(64, 66))
LEVEL = (slice(60, 62), slice(40, 90))


def test_a_line_is_found_where_it_is_and_as_it_runs():
    found = lines(sheet(UPRIGHT))
    rows, columns = np.nonzero(found)
    assert set(columns[(rows > 32) & (rows < 87)]) <= {64, 65}
    assert len(set(rows)) >= 56
    assert (found[35:85].max(axis=1) == 1 + 4).all()  # a quarter turn is four eighths of a half
    across = lines(sheet(LEVEL))[:, 45:85].max(axis=0)
    assert (across == 1).all()


def test_recall_is_of_the_sketch_and_precision_of_the_photo():
    one, two = sheet(UPRIGHT), sheet(UPRIGHT, LEVEL)
    added = strokes(one, two)
    assert added.recall > 0.95
    assert 0.45 < added.precision < 0.75  # 60 of 110 px
    excluded = strokes(two, one)
    assert both(excluded) == pytest.approx(both(added)[::-1])
    assert added.f1 == pytest.approx(2 / (1 / added.recall + 1 / added.precision))
    assert both(strokes(sheet(UPRIGHT), sheet(LEVEL))).max() < 0.1  # they cross, and that is all


@pytest.mark.parametrize("side", [128, 256])
def test_a_line_may_be_a_fiftieth_away(side):
    def moved(share):
        scale = side // 128
        start = 60 * scale + round(share * side)
        return sheet((slice(25 * scale, 95 * scale), slice(start, start + 2 * scale)), side=side)

    assert strokes(moved(0), moved(0.016)).recall > 0.9
    assert strokes(moved(0), moved(0.024)).recall < 0.15  # 0.125 with other SIMD instructions


def test_what_is_outside_the_face_does_not_count():
    clothes = (slice(118, 128), slice(0, 128, 4))
    wall = (slice(0, 128, 4), slice(0, 10))
    assert both(strokes(sheet(UPRIGHT), sheet(UPRIGHT, clothes, wall))).min() > 0.95


@pytest.mark.parametrize("style", ["pencil", "dodge", "line", "charcoal", "xdog"])
def test_the_photo_that_was_drawn_has_most_of_the_drawing(crop, style):
    drawn = as_rgb(sketch(crop, style))
    assert both(strokes(drawn, crop)).min() > 0.75


def test_it_falls_the_farther_the_photo_is_shifted(crop, drawing):
    for axis in (0, 1):
        found = [both(strokes(drawing, np.roll(crop, by, axis))) for by in (0, 2, 3, 5, 8, 12)]
        assert np.diff(found, axis=0).max() < 0
        assert found[-1].max() < 0.6 * found[0].min()


def test_it_falls_the_more_the_photo_is_warped(crop, drawing):
    rng = np.random.default_rng(0)
    field = ndimage.zoom(rng.standard_normal((2, 5, 5)), (1, 25.6, 25.6), order=3)
    places = np.indices((128, 128))

    def warped(by):
        channels = [
            ndimage.map_coordinates(crop[..., c], places + by * field, order=1, mode="nearest")
            for c in range(3)
        ]
        return np.stack(channels, axis=-1)

    found = [both(strokes(drawing, warped(by))) for by in (0, 2, 4, 7)]
    assert np.diff(found, axis=0).max() < -0.03


def test_recall_falls_when_the_photo_goes_soft(crop, drawing):
    softer = [
        rounded(ndimage.gaussian_filter(crop.astype(float), (sigma, sigma, 0)))
        for sigma in (0, 2, 3, 5)
    ]
    recalls = [strokes(drawing, photo).recall for photo in softer]
    assert np.diff(recalls).max() < -0.05
    assert recalls[-1] < 0.3


def test_colour_light_and_grain_matter_little(crop, drawing):
    before = both(strokes(drawing, crop))
    grain = np.random.default_rng(0).normal(0, 6, crop.shape)
    for photo in (crop * [1.0, 0.7, 0.85], crop * 0.8, crop + grain, 255 * (crop / 255) ** 0.8):
        assert np.abs(both(strokes(drawing, rounded(photo))) - before).max() < 0.06


def test_hatching_all_over_is_not_the_drawing(drawing):
    hatched = as_rgb((np.indices((128, 128)).sum(axis=0) % 6 < 2) * np.uint8(255))
    assert both(strokes(drawing, hatched)).max() < 0.5


@pytest.mark.parametrize("side", [64, 200, 512])
def test_any_side_finds_about_the_same(crop, drawing, side):
    found = strokes(images.resize(drawing, side), images.resize(crop, side))
    assert both(found) == pytest.approx(both(strokes(drawing, crop)), abs=0.05)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_a_blank_sheet_has_no_lines_and_scores_0(crop, drawing, tone):
    blank = np.full_like(crop, tone)
    assert not lines(blank).any()
    for found in (strokes(drawing, blank), strokes(blank, crop)):
        assert (found.recall, found.precision, found.f1) == (0, 0, 0)
    assert strokes(blank, crop).drawn == 0 < strokes(blank, crop).shown <= 0.081


def test_the_scores_are_means_of_the_pairs_and_name_the_blank(crop, drawing):
    photos = [crop, np.roll(crop, 4, axis=0), np.full_like(crop, 200)]
    pairs = np.stack([STROKES.start()(drawing, photo) for photo in photos])
    assert pairs.dtype == np.float32
    found = {f.name: f for f in Strokes().scores({"pair": pairs}, Resampling(resamples=20))}
    scores = [strokes(drawing, photo) for photo in photos]
    for name in ("recall", "precision", "f1"):
        score = found.pop(f"strokes.{name}")
        mean = np.mean([getattr(score, name) for score in scores])
        assert score.estimate.value == pytest.approx(mean)
        assert np.argmax(score.losses) == 2
        assert score.warnings == (
            "1 of 3 generated photos have no line on the face and count as 0",
        )
    assert not found
    [first, *_] = Strokes().scores({"pair": pairs[:2]}, Resampling(resamples=20))
    assert first.warnings == ()
    assert {needed.roles for needed in Strokes().inputs.values()} == {("sketch", "generated")}


@pytest.mark.parametrize("shape", [(64, 64), (64, 48, 3), (64, 64, 4)])
def test_other_shapes_are_refused(crop, shape):
    with pytest.raises(UsageError, match=r"expected \[S, S, 3\]"):
        strokes(crop, np.zeros(shape, np.uint8))


def test_it_tells_the_person_drawn_by_hand_from_others(data):
    folder = data / "research" / "cufs_cuhk_train"
    detector, cut = DlibDetector(), Preprocessing()
    drawn, true = (
        [
            cut.align(picture, find(picture, detector)[0]).image
            for path in sorted((folder / kind).iterdir())[:24]
            for picture in [images.read(path)]
        ]
        for kind in ("sketches", "photos")
    )
    own = np.array([both(strokes(*pair)) for pair in zip(drawn, true, strict=True)])
    others = np.array(
        [both(strokes(drawn[i], true[(i + step) % 24])) for i in range(24) for step in (5, 11)]
    )
    area = (own[:, None] > others).mean(axis=(0, 1))
    assert area.min() > 0.95  # 0.99 on all 88
