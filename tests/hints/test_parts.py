import numpy as np
import pytest

from limner.hints import PARTS, colours_of, place
from limner.hints.parts import pixels

COLOURS = {
    "skin": (200, 140, 120),
    "hair": (60, 40, 30),
    "eyes": (60, 80, 100),
    "lips": (170, 60, 60),
    "background": (120, 130, 220),
}


@pytest.mark.parametrize("size", [16, 32, 128, 256])
def test_every_part_has_pixels_of_its_own(size):
    taken = np.concatenate([place for part in PARTS for place in pixels(part, size)])
    assert len(taken) == len(np.unique(taken)) or size == 16
    assert taken.min() >= 0
    assert taken.max() < size * size
    assert all(len(place) for part in PARTS for place in pixels(part, size))


@pytest.mark.parametrize("size", [64, 128])
def test_colours_come_back_from_where_they_are_put(size):
    photo = place(COLOURS, size)[..., :3]
    assert colours_of(photo) == COLOURS
    assert colours_of(photo, ["lips"]) == {"lips": COLOURS["lips"]}


def test_hair_is_what_looks_neither_like_skin_nor_like_the_wall():
    photo = place(COLOURS, 128)[..., :3].reshape(-1, 3)
    for number in (1, 2, 3):  # all the hair's places but one
        photo[pixels("hair", 128)[number]] = COLOURS["background"]
    assert colours_of(photo.reshape(128, 128, 3))["hair"] == COLOURS["hair"]
    bald = place(COLOURS | {"hair": COLOURS["skin"]}, 128)[..., :3]
    assert colours_of(bald)["hair"] == COLOURS["skin"]


def test_lips_are_not_teeth_and_irises_not_pupils():
    photo = place(COLOURS, 128)[..., :3].reshape(-1, 3)
    [lips] = pixels("lips", 128)
    photo[lips[: len(lips) // 2 - 1]] = (235, 232, 225)
    for eye in pixels("eyes", 128):
        photo[eye[: len(eye) // 4]] = (5, 5, 5)
        photo[eye[-len(eye) // 8 :]] = (250, 250, 250)
    found = colours_of(photo.reshape(128, 128, 3))
    assert (found["lips"], found["eyes"]) == (COLOURS["lips"], COLOURS["eyes"])


def test_a_wall_of_two_colours_has_none():
    photo = place(COLOURS, 128)[..., :3].reshape(-1, 3)
    photo[pixels("background", 128)[0]] = (0, 0, 0)
    found = colours_of(photo.reshape(128, 128, 3))
    assert found.keys() == set(PARTS) - {"background"}


def test_places_lie_within_the_parts_of_a_face(photo):
    """Of the astronaut: brown hair, light skin, red lips, eyes darker than the skin."""
    from limner.faces import DlibDetector, Preprocessing

    [face] = DlibDetector()(photo)
    found = colours_of(Preprocessing(size=128).align(photo, face).image)
    light = {part: sum(colour) / 3 for part, colour in found.items()}
    assert light["skin"] > 150
    assert light["hair"] < light["skin"] - 50
    assert light["eyes"] < light["skin"] - 60
    red, green, _ = found["lips"]
    assert red - green > found["skin"][0] - found["skin"][1]
