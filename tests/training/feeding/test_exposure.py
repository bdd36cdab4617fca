import numpy as np
import pytest
import torch
from skimage.color import rgb2hsv

from limner.images import to_grey
from limner.training.feeding.exposure import expose, expose_batch, lift, tint


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_hue_and_saturation_stay(rng):
    photo = rng.integers(20, 130, (32, 32, 3)).astype(np.uint8)
    lit = expose(photo, 0.7)
    wanted = 255 * (to_grey(photo) / 255) ** 0.7
    assert np.abs(to_grey(lit) - wanted).max() < 2
    kept = lit.max(axis=2) < 255
    assert kept.mean() > 0.8
    moved = np.abs(rgb2hsv(lit) - rgb2hsv(photo))[kept]
    assert np.minimum(moved[:, 0], 1 - moved[:, 0]).max() < 0.03
    assert moved[:, 1].max() < 0.03


def test_colours_brighter_than_white_become_paler_not_darker():
    skin = np.full((4, 4, 3), (240, 180, 150), np.uint8)
    lit = expose(skin, 0.4)
    assert abs(int(to_grey(lit)[0, 0]) - 255 * (to_grey(skin)[0, 0] / 255) ** 0.4) < 2
    assert lit[0, 0, 0] == 255
    assert 0 < np.ptp(lit[0, 0].astype(int)) < np.ptp(skin[0, 0].astype(int))


def test_black_white_and_a_gamma_of_one_change_nothing(rng):
    photo = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert np.array_equal(expose(photo, 1), photo)
    for level in (0, 255):
        flat = np.full((4, 4, 3), level, np.uint8)
        assert np.array_equal(expose(flat, 0.5), flat)


def test_a_batch_on_a_device_is_the_same_to_the_bit(rng):
    photos = rng.integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    gammas = [0.4, 0.7, 0.9, 1.0, 1.2]
    found = expose_batch(torch.from_numpy(photos).permute(0, 3, 1, 2).float(), gammas)
    wanted = np.stack([expose(*one) for one in zip(photos, gammas, strict=True)])
    assert np.array_equal(found.permute(0, 2, 3, 1).numpy(), wanted)


def test_dark_faces_are_lifted_halfway_and_others_left_alone(rng):
    for level, lifted in ((60, 105), (100, 125), (124, 137), (125, 125), (200, 200)):
        photo = np.clip(level + rng.integers(-20, 21, (64, 64, 3)), 0, 255).astype(np.uint8)
        photo[:16] = 255  # the surroundings of the face do not matter
        seen = lift(photo)
        middle = np.median(seen[16:48, 16:48].mean(axis=2))
        assert middle == pytest.approx(lifted, abs=2)
        assert (seen[:16] == 255).all()
    black = np.zeros((16, 16, 3), np.uint8)
    assert np.array_equal(lift(black), black)


def test_light_multiplies_each_colour():
    photo = np.array([[[100, 100, 100], [200, 10, 255]]], np.uint8)
    assert tint(photo, np.array([1.5, 1.0, 0.5])).tolist() == [[[150, 100, 50], [255, 10, 128]]]
