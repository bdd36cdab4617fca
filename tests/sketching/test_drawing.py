"""Photos drawn by a random hand: in the shares asked for, and said how literally."""

import numpy as np
import pytest
import skimage.data
from PIL import Image

from limner.errors import UsageError
from limner.sketching import drawing as module
from limner.sketching import random_drawing, random_sketch


@pytest.fixture(scope="module")
def photo():
    face = Image.fromarray(skimage.data.astronaut()).crop((160, 68, 290, 198))
    return np.asarray(face.resize((128, 128), Image.Resampling.LANCZOS))


def drawn(photo, count, **shares):
    return [random_drawing(photo, np.random.default_rng(n), **shares) for n in range(count)]


def test_drawings_vary_and_repeat(photo):
    before = photo.copy()
    rng, again = np.random.default_rng(1), np.random.default_rng(1)
    some = [random_drawing(photo, rng) for _ in range(40)]
    for one in some:
        other = random_drawing(photo, again)
        assert np.array_equal(one.image, other.image)
        assert one.literal == other.literal
        assert (one.image.shape, one.image.dtype) == ((128, 128), np.uint8)
        assert 0 < one.literal <= 1
        assert one.image.std() > 2
    assert len({one.image.tobytes() for one in some}) == 40
    assert len({one.literal for one in some}) > 20
    assert np.array_equal(photo, before)


def test_hands_come_in_the_shares_asked_for(photo, monkeypatch):
    came = []

    def noting(hand, function):
        return lambda picture, rng: (came.append(hand), function(picture, rng))[1]

    monkeypatch.setattr(module, "crude_drawing", noting("crude", module.crude_drawing))
    monkeypatch.setattr(module, "rough_drawing", noting("rough", module.rough_drawing))
    drawn(photo, 200, crude=0.5, rough=0.2)
    assert came.count("crude") / 200 == pytest.approx(0.5, abs=0.1)
    assert came.count("rough") / 200 == pytest.approx(0.2, abs=0.08)
    came.clear()
    drawn(photo, 10, crude=1, rough=0)
    assert came == ["crude"] * 10


def test_what_is_traced_is_a_random_sketch_and_meant_literally(photo):
    for seed in range(8):
        one = random_drawing(photo, np.random.default_rng(seed), crude=0, rough=0)
        rng = np.random.default_rng(seed)
        rng.random()  # which hand
        assert np.array_equal(one.image, random_sketch(photo, rng))
        assert one.literal == 1


def test_crude_is_meant_least_literally_and_rough_in_between(photo):
    crude, rough = (
        [one.literal for one in drawn(photo, 60, crude=share, rough=1 - share)] for share in (1, 0)
    )
    assert np.mean(crude) < 0.45 < 0.5 < np.mean(rough) < 0.9
    assert max(rough) == 1  # some are hatched, and nothing moved


def test_literalness_falls_as_strokes_go_farther(photo, monkeypatch):
    """Every seed draws the same, but for how far it is bent."""
    before = None
    for far in (0, 1, 3, 6):
        monkeypatch.setattr(module, "_MOVED", 0)
        monkeypatch.setattr(module, "_BENT", 1)
        bend = module.bend

        def bent(shape, rng, amplitude, cells, far=far, bend=bend):
            return bend(shape, rng, far, cells)

        with monkeypatch.context() as patch:
            patch.setattr(module, "bend", bent)
            literal = np.array([one.literal for one in drawn(photo, 12, crude=0, rough=1)])
        assert before is None or (literal < before).all()
        assert far or (literal == 1).all()
        before = literal


@pytest.mark.parametrize("side", [32, 65, 200])
def test_any_size_is_drawn(photo, side):
    resized = np.asarray(Image.fromarray(photo).resize((side, side)))
    for seed in range(12):
        one = random_drawing(resized, np.random.default_rng(seed))
        assert one.image.shape == (side, side)
        assert one.image.std() > 2


def test_drawings_of_anything_are_drawings(photo):
    """No hole and no warning (which is an error), whatever is shown and however it is drawn."""
    rng = np.random.default_rng(0)
    for seed in range(60):
        tone = rng.uniform(0, 255, (6, 6, 3)).astype(np.uint8)
        picture = np.asarray(Image.fromarray(tone).resize((96, 96)))
        drawing, literal = module.rough_drawing(
            picture.astype(np.float32) / 255, np.random.default_rng(seed)
        )
        assert np.isfinite(drawing).all()
        assert 0 <= drawing.min() <= drawing.max() <= 1
        assert 0 < literal <= 1


@pytest.mark.parametrize("shares", [(-0.1, 0.5), (0.5, -0.1), (0.7, 0.4)])
def test_shares_that_cannot_be_are_refused(photo, shares):
    crude, rough = shares
    with pytest.raises(UsageError, match="at most 1 together"):
        random_drawing(photo, np.random.default_rng(0), crude=crude, rough=rough)
