"""Strokes on the skin: found where they were copied, hardly where a person is just alike."""

import numpy as np
import pytest
from scipy import ndimage

from limner import images
from limner.errors import UsageError
from limner.faces import DlibDetector, Preprocessing, find
from limner.metrics.faithfulness.hatching import HATCHING, SKIN, Hatching, hatching
from limner.metrics.resampling import Resampling
from limner.sketching.rough import hatching as strokes_of


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, find(photo, DlibDetector())[0]).image


@pytest.fixture(scope="module")
def drawing():
    """Nothing but hatching."""
    page = 1 - 0.5 * strokes_of((128, 128), np.random.default_rng(3))
    return as_rgb(rounded(255 * page))


def as_rgb(grey):
    return grey[..., None].repeat(3, axis=2)


def rounded(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def overlaid(photo, drawing, strength):
    return rounded(photo + strength * (drawing.astype(float) - drawing.mean()))


def test_a_photo_of_somebody_has_none_of_strokes_that_mean_nothing(crop, drawing):
    found = hatching(drawing, crop)
    assert abs(found.kept) < 0.03
    assert abs(found.texture) < 0.1
    assert found.hatched == 1


def test_it_is_the_share_of_contrast_that_shows_through(crop, drawing):
    flat = np.full_like(crop, 128)
    for strength in (-0.3, 0.2, 0.5, 1):
        assert hatching(drawing, overlaid(flat, drawing, strength)).kept == pytest.approx(
            strength, abs=0.02
        )
    on_skin = [hatching(drawing, overlaid(crop, drawing, by)) for by in (0, 0.2, 0.4, 0.8)]
    assert [one.kept for one in on_skin] == pytest.approx([0, 0.2, 0.4, 0.8], abs=0.06)
    assert np.diff([one.texture for one in on_skin]).min() > 0.02


def test_faint_strokes_on_a_smooth_skin_are_all_of_its_texture(drawing):
    found = hatching(drawing, overlaid(np.full_like(drawing, 160), drawing, 0.1))
    assert found.kept == pytest.approx(0.1, abs=0.02)
    assert found.texture > 0.9


def test_strokes_that_moved_by_two_pixels_are_others(crop, drawing):
    copied = overlaid(crop, drawing, 0.6)
    for axis in (0, 1):
        assert hatching(np.roll(drawing, 2, axis), copied).kept < 0.35
    assert hatching(drawing, copied).kept > 0.5


def test_only_skin_counts(crop, drawing):
    """Features may be as they were drawn: that is what `strokes` asks for."""
    copied = overlaid(crop, drawing, 1)
    for top, bottom, left, right in SKIN.values():
        # with what the blur of their rims reaches
        rows = slice(round(128 * top) - 4, round(128 * bottom) + 4)
        columns = slice(round(128 * left) - 4, round(128 * right) + 4)
        copied[rows, columns] = crop[rows, columns]
    assert (copied != crop).any()
    assert hatching(drawing, copied) == hatching(drawing, crop)


def test_hair_on_the_forehead_does_not_decide(crop, drawing):
    hair = np.zeros((128, 128, 1))
    hair[5:22, 40:90:3] = 120
    found = hatching(rounded(drawing - hair), rounded(crop.astype(float) - hair))
    assert abs(found.kept) < 0.1


def test_colour_light_and_grain_matter_little(crop, drawing):
    copied = overlaid(crop, drawing, 0.4).astype(float)
    before = hatching(drawing, rounded(copied)).kept
    grain = np.random.default_rng(0).normal(0, 4, crop.shape)
    slope = ndimage.gaussian_filter(grain * 40, (20, 20, 0))
    for changed in (
        copied + grain,
        copied * 0.9,
        copied[..., [2, 1, 0]] * [1, 1, 1],
        copied + slope,
    ):
        assert hatching(drawing, rounded(changed)).kept == pytest.approx(before, abs=0.09)


@pytest.mark.parametrize("side", [256, 512])
def test_larger_pictures_are_measured_at_128(crop, drawing, side):
    copied = overlaid(crop, drawing, 0.5)
    found = hatching(images.resize(drawing, side), images.resize(copied, side))
    assert found.kept == pytest.approx(hatching(drawing, copied).kept, abs=0.05)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_a_bare_sheet_has_nothing_to_keep(crop, drawing, tone):
    blank = np.full_like(crop, tone)
    found = hatching(blank, crop)
    assert (found.kept, found.texture, found.hatched) == (0, 0, 0)
    assert hatching(drawing, blank).kept == pytest.approx(0, abs=1e-6)


def test_the_scores_are_means_of_the_pairs_and_name_the_bare(crop, drawing):
    sketches = [drawing, drawing, np.full_like(drawing, 255)]
    photos = [crop, overlaid(crop, drawing, 0.5), crop]
    pairs = np.stack([HATCHING.start()(*pair) for pair in zip(sketches, photos, strict=True)])
    assert (pairs.shape, pairs.dtype) == ((3, 3), np.float32)
    kept, texture = Hatching().scores({"pair": pairs}, Resampling(resamples=20))
    assert (kept.name, texture.name) == ("hatching.kept", "hatching.texture")
    scores = [hatching(*pair) for pair in zip(sketches, photos, strict=True)]
    assert kept.estimate.value == pytest.approx(np.mean([one.kept for one in scores]))
    assert texture.estimate.value == pytest.approx(np.mean([one.texture for one in scores]))
    for score in (kept, texture):
        assert score.estimate.low <= score.estimate.value <= score.estimate.high
        assert score.estimate.n == 3
        assert np.argmax(score.losses) == 1
        assert score.warnings == ("1 of 3 sketches have no strokes on the skin and count as 0",)
    [first, _] = Hatching().scores({"pair": pairs[:2]}, Resampling(resamples=20))
    assert first.warnings == ()
    assert {needed.roles for needed in Hatching().inputs.values()} == {("sketch", "generated")}


@pytest.mark.parametrize("shape", [(64, 64), (64, 48, 3), (64, 64, 4)])
def test_other_shapes_are_refused(crop, shape):
    with pytest.raises(UsageError, match=r"expected \[S, S, 3\]"):
        hatching(crop, np.zeros(shape, np.uint8))


@pytest.mark.parametrize("source", ["cufs_ar", "cufs_cuhk_train"])
def test_true_photos_have_little_of_strokes_drawn_by_hand(data, source):
    folder = data / "research" / source
    detector, cut = DlibDetector(), Preprocessing()
    drawn, true = (
        [
            cut.align(picture, find(picture, detector)[0]).image
            for path in sorted((folder / kind).iterdir())[:24]
            for picture in [images.read(path)]
        ]
        for kind in ("sketches", "photos")
    )
    own = [hatching(*pair).kept for pair in zip(drawn, true, strict=True)]
    others = [
        hatching(*pair).kept
        for by in (5, 7, 11)
        for pair in zip(drawn, true[by:] + true[:by], strict=True)
    ]
    assert np.mean(own) < 0.12
    assert abs(np.mean(others)) < 0.04
