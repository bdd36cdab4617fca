"""Faces as with a mouse: few strokes, near where they belong, every feature there."""

import numpy as np
import pytest
import skimage.data
from PIL import Image
from scipy import ndimage

from limner.sketching import sketch
from limner.sketching.crude import crude_drawing
from limner.sketching.symbols import SYMBOLS, ink

SEEDS = range(24)


@pytest.fixture(scope="module")
def photo():
    """Eyes at (0.3, 0.3) and (0.7, 0.3)."""
    face = Image.fromarray(skimage.data.astronaut()).crop((160, 68, 290, 198))
    return np.asarray(face.resize((128, 128), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def drawings(photo):
    picture = photo.astype(np.float32) / 255
    return [crude_drawing(picture, np.random.default_rng(seed)) for seed in SEEDS]


def rounded(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def test_it_is_a_few_strokes_of_one_pen_on_white(drawings):
    for drawing, _ in drawings:
        assert (drawing == 1).mean() > 0.7
        assert 0.005 < (drawing < 0.7).mean() < 0.2
        assert drawing.min() < 0.35
        # No stroke is wider than a pupil is.
        assert ndimage.distance_transform_edt(drawing < 0.7).max() < 6


def test_it_is_meant_less_literally_than_what_is_traced(drawings):
    literal = [one for _, one in drawings]
    assert 0.02 < min(literal) < 0.25
    assert max(literal) < 0.8
    assert 0.15 < np.median(literal) < 0.5


def test_eyes_and_mouth_are_hardly_ever_missing(drawings):
    for y, x, tall, wide in (
        (0.29, 0.36, 0.1, 0.14),
        (0.29, 0.64, 0.1, 0.14),
        (0.61, 0.5, 0.1, 0.15),
    ):
        rows, columns = (
            slice(round(128 * (at - by)), round(128 * (at + by)))
            for at, by in ((y, tall), (x, wide))
        )
        there = [(drawing[rows, columns] < 0.8).sum() > 8 for drawing, _ in drawings]
        assert np.mean(there) > 0.85


def test_nothing_is_drawn_of_what_shows_nothing():
    blank = np.ones((64, 64, 3), np.float32)
    assert all((crude_drawing(blank, np.random.default_rng(n))[0] == 1).all() for n in range(5))


def test_symbols_are_for_faces_that_are_aligned():
    """Elsewhere a bar is no eye, and nothing is drawn that the picture has not."""
    bar = np.ones((128, 128, 3), np.float32)
    bar[35:39, 36:60] = 0  # where an eye would be
    bar[76:80, 50:80] = 0  # and a mouth
    for seed in range(8):
        style = sketch(rounded(255 * bar), "crude", seed) < 200
        assert not style[100:].any()
        assert not style[:12].any()
    drawn = [crude_drawing(bar, np.random.default_rng(seed))[0] for seed in range(8)]
    jaws = [(one[90:] < 0.8).any() for one in drawn]
    assert np.mean(jaws) > 0.5


def test_an_enlarged_photo_is_drawn_with_the_same_strokes(photo):
    large = np.asarray(Image.fromarray(photo).resize((512, 512), Image.Resampling.BICUBIC))
    alike = []
    for seed in range(10):
        small, reduced = sketch(photo, "crude", seed), sketch(large, "crude", seed)
        soft = [
            np.asarray(Image.fromarray(one).resize((32, 32), Image.Resampling.BOX), float).ravel()
            for one in (small, reduced)
        ]
        alike.append(np.corrcoef(soft)[0, 1])
    assert np.median(alike) > 0.8


def test_the_pen_is_as_wide_and_the_rims_are_sharp_at_every_size(photo):
    shares = []
    for side in (64, 128, 512):
        resized = np.asarray(Image.fromarray(photo).resize((side, side), Image.Resampling.BICUBIC))
        drawn = [sketch(resized, "crude", seed) / 255 for seed in range(8)]
        shares.append(np.mean([(1 - one).mean() for one in drawn]))
        grey = np.mean([((one > 0.4) & (one < 0.95)).mean() / (one < 0.95).mean() for one in drawn])
    assert max(shares) < 1.35 * min(shares)
    # Ink, paper and the rims of strokes between them: at 512 px there is no shading to see.
    shaded = sketch(resized, "pencil") / 255
    assert grey < 0.45 < ((shaded > 0.4) & (shaded < 0.95)).mean() / (shaded < 0.95).mean()


@pytest.mark.parametrize("name", SYMBOLS)
def test_a_symbol_lies_where_its_feature_does(name):
    places = {
        "left eye": (0.295, 0.365),
        "right eye": (0.295, 0.635),
        "left brow": (0.2, 0.365),
        "right brow": (0.2, 0.635),
        "nose": (0.44, 0.5),
        "mouth": (0.61, 0.5),
        "jaw": (0.6, 0.5),
    }
    sheets = np.stack([ink(SYMBOLS[name](np.random.default_rng(n)), (128, 128)) for n in SEEDS])
    assert len({sheet.tobytes() for sheet in sheets}) == len(sheets)
    rows, columns = np.nonzero(sheets.any(axis=0))
    assert (rows.min() + rows.max()) / 256 == pytest.approx(places[name][0], abs=0.05)
    assert (columns.min() + columns.max()) / 256 == pytest.approx(places[name][1], abs=0.03)
    assert sheets.sum(axis=(1, 2)).min() > 8


def test_a_symbol_neither_smiles_nor_sulks():
    """A smile that the photo has not would be learnt."""
    for seed in SEEDS:
        between, *_ = SYMBOLS["mouth"](np.random.default_rng(seed))
        assert abs(between[24, 0] - between[0, 0]) < 0.006


def test_a_symbol_reaches_the_rim_of_small_sheets_and_no_farther():
    assert ink([np.array([[-1.0, 0.5], [2.0, 0.5]])], (9, 9)).sum() == 9
    assert ink([np.array([[0.5, 0.5]])], (9, 9)).sum() == 1
