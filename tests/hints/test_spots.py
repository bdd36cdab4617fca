import numpy as np
import pytest
from skimage.filters import gaussian

from limner.hints import Hints, over, place, without_spots
from limner.hints.parts import radii
from limner.translator import Translator

SKIN = (150, 110, 90)
TOLD = (141, 85, 36)


def face(size, *, hint=None):
    """Skin with light from the left, grain and a line; spots with soft edges where it was told."""
    flat = np.full((size, size, 3), SKIN, np.float64)
    if hint is not None:
        flat[hint[..., 3] > 0] = TOLD
    flat = gaussian(flat, 1, channel_axis=-1)
    flat += np.linspace(10, -10, size)[None, :, None]
    flat += np.random.default_rng(0).normal(0, 2, (size, size, 1))
    flat[int(0.46 * size), int(0.26 * size) : int(0.36 * size)] -= 20  # a wrinkle through a cheek
    return np.rint(flat).clip(0, 255).astype(np.uint8)


def contrast(photo):
    """The largest difference in a channel between a place of the skin and the skin around it."""
    return max(
        np.abs(
            np.median(photo[radius < 1], axis=0)
            - np.median(photo[(radius > 1.5) & (radius < 2.2)], axis=0)
        ).max()
        for radius in radii("skin", len(photo))
    )


@pytest.mark.parametrize("size", [64, 128, 256])
def test_spots_take_the_colour_of_the_skin_around(size):
    hint = place({"skin": TOLD}, size)
    spotted, even = face(size, hint=hint), face(size)
    assert contrast(spotted) > 30
    mended = without_spots(spotted, hint)
    assert mended.dtype == np.uint8
    assert contrast(mended) <= 3
    # Of the edge, of the grain and of the wrinkle nothing is lost that was there without a spot.
    assert (
        np.abs(mended.astype(int) - even).mean() < 0.2 * np.abs(spotted.astype(int) - even).mean()
    )
    row, columns = int(0.46 * size), slice(int(0.28 * size), int(0.34 * size))
    line = mended[row, columns].astype(int) - mended[row + 2, columns].astype(int)
    assert line.mean() < -15


def test_nothing_changes_far_from_the_places():
    hint = place({"skin": TOLD, "hair": (20, 20, 20)}, 128)
    spotted = face(128, hint=hint)
    far = np.min(radii("skin", 128), axis=0) > 1.7
    assert np.array_equal(without_spots(spotted, hint)[far], spotted[far])


@pytest.mark.parametrize(
    "above",
    [
        pytest.param((slice(50, 66), slice(0, 128)), id="a stroke over the cheeks"),
        pytest.param((slice(54, 56), slice(36, 39)), id="a dot on a cheek"),
    ],
)
def test_what_the_user_painted_stays(above):
    painted = np.zeros((128, 128, 4), np.uint8)
    painted[above] = (200, 30, 30, 255)
    hint = over(place({"skin": TOLD}, 128), painted)
    spotted = face(128, hint=hint)
    cheek = radii("skin", 128)[0] < 1
    assert np.array_equal(without_spots(spotted, hint)[cheek], spotted[cheek])


@pytest.mark.parametrize("colours", [{}, {"hair": (20, 20, 20), "lips": (150, 40, 40)}])
def test_without_a_colour_of_the_skin_the_photo_is_the_same(colours):
    photo = face(128)
    assert without_spots(photo, place(colours, 128)) is photo


def test_crops_too_small_for_spots_are_left():
    hint = place({"skin": TOLD}, 16)
    assert without_spots(face(16, hint=hint), hint).shape == (16, 16, 3)


def test_the_shipped_model_makes_even_skin_of_any_colour(portrait_drawing):
    translate = Translator()
    for colour in ("very light", TOLD, "very dark"):
        photo = translate(portrait_drawing, hints=Hints.of({"skin": colour}))
        assert contrast(photo) < 12, colour
