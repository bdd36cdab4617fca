"""The effects of hand, paper and scanner, and the erased background."""

import numpy as np
import pytest

from limner.sketching import hand, random_sketch
from limner.sketching.background import erase_background

EFFECTS = [
    hand.wobble,
    hand.pressure,
    hand.darkness,
    hand.drop_lines,
    hand.remove_tone,
    hand.paper,
    hand.speckle,
    hand.focus,
    hand.fade_to_paper,
]


@pytest.fixture
def drawing():
    """A disc of tone and a grid of lines on white."""
    y, x = np.mgrid[:128, :96].astype(np.float32)
    grid = np.where((x % 16 < 1) | (y % 16 < 1), 0.1, 1.0)
    disc = np.where(np.hypot(x - 48, y - 64) < 30, 0.5, 1.0)
    return (grid * disc).astype(np.float32)


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_are_pure_and_in_range(drawing, effect):
    before = drawing.copy()
    changed = effect(drawing, np.random.default_rng(1))
    assert changed.shape == drawing.shape
    assert changed.dtype == np.float32
    assert 0 <= changed.min() <= changed.max() <= 1
    assert np.array_equal(drawing, before)
    assert not np.array_equal(changed, drawing)
    assert np.array_equal(changed, effect(drawing, np.random.default_rng(1)))


@pytest.mark.parametrize("effect", [hand.wobble, hand.pressure, hand.darkness, hand.drop_lines])
def test_the_hand_leaves_no_mark_on_empty_paper(effect):
    paper = np.ones((128, 128), np.float32)
    assert effect(paper, np.random.default_rng(2)).min() == pytest.approx(1, abs=1e-5)


def test_wobble_moves_lines_a_little():
    """A dot ends no farther than the amplitude from where it was, and some dot does move."""
    moved = []
    for seed in range(20):
        sheet = np.ones((128, 128), np.float32)
        sheet[50:53, 70:73] = 0
        ink = 1 - hand.wobble(sheet, np.random.default_rng(seed), amplitude=1.2)
        y, x = np.mgrid[:128, :128]
        at = np.array([(ink * y).sum(), (ink * x).sum()]) / ink.sum()
        moved.append(np.abs(at - [51, 71]).max())
    assert max(moved) < 1.4
    assert max(moved) > 0.4


def test_removed_tone_leaves_the_lines(drawing):
    changed = hand.remove_tone(drawing, np.random.default_rng(0))
    assert changed[72, 56] > drawing[72, 56] + 0.05  # inside the disc, between lines
    assert changed[64, 56] < 0.5  # on a line


def test_a_drawing_fades_to_paper_around_the_head():
    grey = np.full((128, 128), 0.4, np.float32)
    for seed in range(10):
        faded = hand.fade_to_paper(grey, np.random.default_rng(seed))
        assert faded[64, 64] == pytest.approx(0.4, abs=0.01)
        assert faded[0, 0] > 0.8


def test_an_even_background_is_erased_and_the_head_is_not():
    photo = np.full((128, 128, 3), (0.1, 0.4, 0.8), np.float32)
    y, x = np.mgrid[:128, :128]
    head = np.hypot((x - 64) / 40, (y - 60) / 52) < 1
    photo[head] = (0.7, 0.5, 0.4)
    photo[115:] = (0.3, 0.05, 0.05)  # clothes
    erased = erase_background(photo)
    assert erased.dtype == np.float32
    assert erased[:40, :6].min() > 0.97
    assert erased[:40, -6:].min() > 0.97
    inside = np.hypot((x - 64) / 32, (y - 60) / 45) < 1
    assert np.abs(erased - photo)[inside].max() < 0.02
    assert np.abs(erased - photo)[122:].max() < 0.1


def test_the_darker_a_face_the_likelier_its_skin_is_shaded(person):
    photo = person(0)[40:168, 60:188].astype(np.float32) / 255
    shares = [hand.shading_share(photo**gamma) for gamma in (0.01, 0.4, 0.7, 1, 1.6, 9)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.03)
    assert shares[-1] == pytest.approx(0.97)
    assert len(set(shares)) > 3


def test_the_skin_of_dark_faces_is_darker_in_sketches_than_that_of_light_ones(person):
    face, medians = person(0)[40:168, 60:188], []
    for gamma in (0.4, 2.0):
        photo = (255 * (face / 255) ** gamma).astype(np.uint8)
        drawn = [random_sketch(photo, np.random.default_rng(seed)) for seed in range(60)]
        medians.append(np.mean([np.median(one[32:96, 32:96]) for one in drawn]))
    assert medians[0] > medians[1] + 28  # 23 if both were shaded alike often
