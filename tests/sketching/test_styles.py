"""The styles: what goes in, what comes out, and what each is known for."""

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from limner.errors import UsageError
from limner.sketching import STYLES, check_style, random_sketch, sketch, steady_drawing


@pytest.fixture(scope="module")
def photo():
    """A face of 128x128 in about the aligned geometry."""
    face = Image.fromarray(skimage.data.astronaut()).crop((144, 30, 304, 190))
    return np.asarray(face.resize((128, 128), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("size", [(128, 128), (97, 141), (300, 256)])
@pytest.mark.parametrize("style", STYLES)
def test_every_style_draws_at_every_size(photo, style, size):
    resized = np.asarray(Image.fromarray(photo).resize(size[::-1]))
    before = resized.copy()
    drawing = sketch(resized, style)
    assert drawing.shape == size
    assert drawing.dtype == np.uint8
    assert drawing.std() > 2
    assert np.array_equal(resized, before)


@pytest.mark.parametrize("style", STYLES)
def test_styles_stay_in_range(photo, style):
    drawing = STYLES[style](photo.astype(np.float32) / 255, np.random.default_rng(5))
    assert drawing.dtype == np.float32
    assert drawing.min() >= 0
    assert drawing.max() <= 1


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_picture_is_no_trouble(style, value):
    drawing = sketch(np.full((64, 64, 3), value, np.uint8), style)
    # A rough hand shades black skin, and leaves the paper around the head.
    assert drawing.std() < (100 if style == "rough" else 70)


@pytest.mark.parametrize("style", STYLES)
def test_the_seed_decides(photo, style):
    assert np.array_equal(sketch(photo, style, 3), sketch(photo, style, 3))
    assert not np.array_equal(sketch(photo, style, 3), sketch(photo, style, 4))


def test_styles_are_distinct(photo):
    drawings = [sketch(photo, style).astype(float) for style in STYLES]
    for i, one in enumerate(drawings):
        for other in drawings[:i]:
            assert np.abs(one - other).mean() > 3


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"crude"}))  # see test_crude.py
def test_a_larger_picture_is_drawn_alike(photo, style):
    """Strokes scale: a drawing of the enlarged photo, reduced, resembles that of the photo."""
    large = np.asarray(Image.fromarray(photo).resize((512, 512), Image.Resampling.BICUBIC))
    reduced = Image.fromarray(sketch(large, style)).resize((128, 128), Image.Resampling.BOX)
    soft = [
        np.asarray(Image.fromarray(drawing).resize((32, 32), Image.Resampling.BOX), float).ravel()
        for drawing in (np.asarray(reduced), sketch(photo, style))
    ]
    assert np.corrcoef(soft)[0, 1] > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (20_000, 3)])
@pytest.mark.parametrize("style", STYLES)
def test_the_oddest_shapes_are_drawn(style, shape):
    drawing = sketch(np.full((*shape, 3), 90, np.uint8), style)
    assert drawing.shape == shape


def test_a_huge_picture_keeps_its_size(photo):
    huge = np.asarray(Image.fromarray(photo).resize((900, 1001)))
    assert sketch(huge, "dodge").shape == (1001, 900)


def test_study_is_the_filter_of_the_appendix(photo):
    """Some blur, brightness and contrast within the study's ranges give the same with Pillow."""
    grey = photo @ [0.299, 0.587, 0.114]

    class Fixed:
        def uniform(self, low, high):
            return (low + high) / 2

    from scipy.ndimage import gaussian_filter

    blended = 0.5 * grey + 0.5 * (255 - gaussian_filter(grey, 1.15, mode="nearest"))
    expected = Image.fromarray(np.rint(blended).astype(np.uint8))
    expected = ImageEnhance.Brightness(expected).enhance(1.75)
    expected = np.asarray(ImageEnhance.Contrast(expected).enhance(2.25), float)
    drawn = 255 * STYLES["study"](photo.astype(np.float32) / 255, Fixed())
    assert np.abs(drawn - expected).mean() < 3  # Pillow rounds to bytes between the steps


def test_skin_is_left_white_whatever_its_tone(photo):
    """Half the light, or less: the drawing is nearly the same."""
    dark = (photo * 0.45).astype(np.uint8)
    middle = np.s_[60:84, 40:88]
    for style in ("pencil", "dodge", "line"):
        bright, dim = (sketch(p, style)[middle].mean() for p in (photo, dark))
        assert dim > 0.93 * bright


def test_a_steady_hand_leaves_nothing_to_chance(photo):
    drawn = steady_drawing(photo)
    assert np.array_equal(drawn, steady_drawing(photo.copy()))
    others = np.stack([sketch(photo, "pencil", seed) for seed in range(4)]).astype(float)
    assert np.abs(others - drawn).mean() < 25  # it is a pencil, too
    blank = steady_drawing(np.full((64, 64, 3), 230, np.uint8))
    assert blank.min() > 250  # and no paper shows


def test_lines_alone_have_no_tone(photo):
    assert (sketch(photo, "line") > 250).mean() > 0.6
    assert (sketch(photo, "outline") > 250).mean() > (sketch(photo, "line") > 250).mean() - 0.1


def test_an_unknown_style_is_named_with_its_neighbour(photo):
    with pytest.raises(UsageError, match=r"'pensil'.*charcoal.*did you mean 'pencil'"):
        sketch(photo, "pensil")
    with pytest.raises(UsageError, match="choose from pencil") as caught:
        check_style("0")
    assert "did you mean" not in str(caught.value)


def test_random_sketches_vary_and_repeat(photo):
    rng = np.random.default_rng(0)
    drawings = [random_sketch(photo, rng) for _ in range(40)]
    assert len({drawing.tobytes() for drawing in drawings}) == 40
    assert all(d.shape == (128, 128) and d.dtype == np.uint8 for d in drawings)
    again = np.random.default_rng(0)
    assert all(np.array_equal(random_sketch(photo, again), drawing) for drawing in drawings)
    # Drawings, not photos: mostly paper.
    assert np.mean([np.median(drawing) for drawing in drawings]) > 200
