import numpy as np
import torch

from limner.training.config import Augmentation
from limner.training.pairs import SelfMadePairs, jitter, to_images, to_tensor

STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)


def pairs_of(count, seed=0):
    photos = np.random.default_rng(1).integers(0, 255, (count, 40, 40, 3), dtype=np.uint8)
    return SelfMadePairs(photos, size=32, seed=seed, augmentation=Augmentation())


def test_an_image_depends_on_its_number_alone():
    first, second = pairs_of(5), pairs_of(5)
    second.batch(0, 3)
    assert all(
        torch.equal(a, b) for a, b in zip(first.batch(7, 4), second.batch(7, 4), strict=True)
    )
    assert not torch.equal(first.batch(7, 1)[1], pairs_of(5, seed=1).batch(7, 1)[1])


def test_each_epoch_shows_every_photo_once_and_draws_it_anew():
    photos = np.stack([np.full((40, 40, 3), 20 * n, np.uint8) for n in range(10)])
    pairs = SelfMadePairs(photos, size=32, seed=0, augmentation=STILL)
    epochs = [[int(pairs.pair(10 * e + n)[1].mean()) for n in range(10)] for e in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(0, 200, 20))
    assert epochs[0] != epochs[1]


def test_shapes_and_ranges():
    sketch, photo = pairs_of(3).batch(0, 2)
    assert sketch.shape == (2, 1, 32, 32)
    assert photo.shape == (2, 3, 32, 32)
    assert -1 <= sketch.min() <= sketch.max() <= 1
    assert torch.equal(photo, to_tensor(to_images(photo)))


def test_without_augmentation_the_view_is_the_photo():
    photo = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(jitter(photo, 32, STILL, np.random.default_rng(0)), photo)


def test_geometry_stays_within_its_bounds():
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[28:36, 28:36] = 255  # a spot in the middle
    places = []
    for seed in range(200):
        settings = Augmentation(mirror=True, rotation=10, scale=0.1, shift=0.1)
        view = jitter(photo, 64, settings, np.random.default_rng(seed))[..., 0] > 127
        places.append(np.argwhere(view).mean(axis=0) + 0.5 - 32)
    furthest = np.abs(places).max()
    assert 5 < furthest < 6.9  # a tenth of the side is 6.4 px
    assert np.abs(np.mean(places, axis=0)).max() < 1


def test_beyond_the_photo_its_edge_goes_on():
    photo = np.full((32, 32, 3), 200, np.uint8)
    settings = Augmentation(mirror=False, rotation=10, scale=0, shift=0.1)
    views = [jitter(photo, 32, settings, np.random.default_rng(seed)) for seed in range(20)]
    assert np.min(views) == 200
