"""What a rough hand does to a drawing, and what it leaves alone."""

import numpy as np
import pytest
import skimage.data
from PIL import Image

from limner.sketching import rough
from limner.sketching.filters import blur, luminance
from limner.sketching.styles import TRACED

EFFECTS = [
    rough.double_contours,
    rough.leave_out,
    rough.outline_hair,
    rough.smudge,
    rough.toned_paper,
]
SEEDS = range(30)


@pytest.fixture(scope="module")
def photo():
    face = Image.fromarray(skimage.data.astronaut()).crop((150, 50, 300, 200))
    resized = face.resize((128, 128), Image.Resampling.LANCZOS)
    return np.asarray(resized, np.float32) / np.float32(255)


@pytest.fixture(scope="module")
def drawing(photo):
    return TRACED["pencil"](photo, np.random.default_rng(0))


@pytest.fixture(scope="module")
def page():
    return np.ones((128, 128), np.float32)


def fine(image):
    return image - blur(image, 2)


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_are_pure_and_in_range(drawing, effect):
    before = drawing.copy()
    for seed in (1, 2):
        changed = effect(drawing, np.random.default_rng(seed))
        assert (changed.shape, changed.dtype) == (drawing.shape, np.float32)
        assert 0 <= changed.min() <= changed.max() <= 1
        assert not np.array_equal(changed, drawing)
        assert np.array_equal(changed, effect(drawing, np.random.default_rng(seed)))
    assert np.array_equal(drawing, before)


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("side", [32, 257, 400])  # at 400 px a blur of 1 is a little more
def test_a_black_sheet_is_no_trouble(effect, side):
    for seed in range(4):
        changed = effect(np.zeros((side, side), np.float32), np.random.default_rng(seed))
        assert np.isfinite(changed).all()
        assert 0 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize(
    "effect", [rough.double_contours, rough.leave_out, rough.outline_hair, rough.smudge]
)
def test_nothing_comes_of_empty_paper(page, effect):
    assert effect(page, np.random.default_rng(2)).min() == pytest.approx(1, abs=1e-5)


def test_hatching_carries_no_detail_of_the_photo(photo, page):
    """Its strokes and the photo's fine detail have nothing to do with each other."""
    detail = fine(luminance(photo))
    found = []
    for seed in SEEDS:
        hatched = rough.hatch(page, photo, np.random.default_rng(seed))
        found.append(np.corrcoef(fine(hatched).ravel(), detail.ravel())[0, 1])
    assert np.abs(found).max() < 0.1
    assert abs(np.mean(found)) < 0.01
    # The same measure does notice a drawing of the photo.
    traced = TRACED["pencil"](photo, np.random.default_rng(0))
    assert np.corrcoef(fine(traced).ravel(), detail.ravel())[0, 1] > 0.3


def test_hatching_only_darkens_and_differs_in_place_and_density(photo, drawing):
    inked = []
    for seed in SEEDS:
        hatched = rough.hatch(drawing, photo, np.random.default_rng(seed))
        assert (hatched <= drawing + 1e-6).all()
        assert (hatched >= 0.05 * drawing).all()
        inked.append((drawing - hatched).mean())
    assert np.std(inked) > 0.2 * np.mean(inked) > 0.002


@pytest.mark.parametrize("angle", [0, 0.4, np.pi / 2, 2.5])
def test_strokes_run_as_they_are_told(angle):
    ink = rough.hatching((128, 128), np.random.default_rng(0), angle)
    dy, dx = np.gradient(ink)
    # Tangent by the structure tensor, in radians from across.
    across = 0.5 * np.arctan2(2 * (dx * dy).sum(), (dx * dx - dy * dy).sum())
    off = (across + np.pi / 2 - angle + np.pi / 2) % np.pi - np.pi / 2
    assert abs(off) < np.radians(20)  # the strokes are curved
    assert 0 <= ink.min() < 0.05
    assert 0.5 < ink.max() <= 1


def test_hatching_looks_alike_at_every_size():
    small, large = (
        rough.hatching((side, side), np.random.default_rng(4), 0.7) for side in (128, 256)
    )
    reduced = large.reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.85


def test_contours_come_twice_and_near_and_tone_once(page):
    sheet = page.copy()
    sheet[:, 60:62] = 0.1
    toned = np.full_like(page, 0.5)
    spread = []
    for seed in SEEDS:
        doubled = rough.double_contours(sheet, np.random.default_rng(seed))
        assert (doubled <= sheet).all()
        columns = np.nonzero((sheet - doubled).max(axis=0) > 0.1)[0]
        spread.append(np.abs(columns - 60.5).max(initial=0))
        assert rough.double_contours(toned, np.random.default_rng(seed)) == pytest.approx(
            toned, abs=1e-3
        )
    assert max(spread) < 6.5
    assert np.mean(spread) > 1.5


def test_parts_are_left_out_around_the_features():
    grey = np.full((128, 128), 0.3, np.float32)
    emptied = np.stack([rough.leave_out(grey, np.random.default_rng(n)) for n in SEEDS])
    assert (emptied >= grey - 1e-6).all()
    assert emptied[:, 30:90, 35:93] == pytest.approx(0.3, abs=1e-5)  # brows to mouth
    ear, neck, hair = emptied[:, 48, 8], emptied[:, 124, 64], emptied[:, 1, 64]
    for part in (ear, neck, hair):
        assert set(np.round(part, 3)) == {np.float32(0.3), np.float32(1)}
    assert ((ear == 1) | (neck == 1) | (hair == 1)).all()


def test_hair_becomes_its_outline(page):
    sheet = page.copy()
    sheet[:30] = 0.2  # hair
    sheet[80:84, 50:78] = 0.1  # a mouth
    for seed in SEEDS:
        outlined = rough.outline_hair(sheet, np.random.default_rng(seed))
        assert outlined[:20, :20].min() > 0.75
        assert outlined[26:34, :20].min() < 0.7  # its rim
        assert outlined[70:90, 40:88] == pytest.approx(sheet[70:90, 40:88], abs=0.01)


def test_a_finger_takes_contrast_away_in_patches(drawing):
    kept = []
    for seed in SEEDS:
        smudged = rough.smudge(drawing, np.random.default_rng(seed))
        kept.append(np.abs(fine(smudged)).mean() / np.abs(fine(drawing)).mean())
        same = np.abs(smudged - drawing) < 1e-4
        assert same.mean() > 0.2
    assert max(kept) < 1
    assert min(kept) < 0.9


def test_toned_paper_is_darker_than_the_sheet_and_ink_darker_still(drawing, page):
    tones = [rough.toned_paper(page, np.random.default_rng(seed)).mean() for seed in SEEDS]
    assert 0.42 < min(tones) < 0.6
    assert 0.75 < max(tones) < 0.92
    toned = rough.toned_paper(drawing, np.random.default_rng(0))
    assert np.corrcoef(toned.ravel(), drawing.ravel())[0, 1] > 0.95
