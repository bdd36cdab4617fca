import numpy as np
import pytest
import torch

from limner.errors import UsageError
from limner.training.config import Augmentation, Hands
from limner.training.feeding.pictures import TrainingImages, jitter

STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)


def images_of(photos, sketches=0, seed=0):
    rng = np.random.default_rng(1)
    return TrainingImages(
        rng.integers(0, 255, (photos, 40, 40, 3), dtype=np.uint8),
        rng.integers(0, 255, (sketches, 40, 40), dtype=np.uint8) if sketches else None,
        size=32,
        seed=seed,
        augmentation=Augmentation(),
    )


def of_hands(hands):
    photos = np.random.default_rng(1).integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)
    return TrainingImages(photos, size=32, seed=0, augmentation=Augmentation(), hands=hands)


def test_an_image_depends_on_its_number_alone():
    first, second = images_of(5, 3), images_of(5, 3)
    second.batch(0, 3)
    second.batch(30, 2)
    ours, theirs, other = first.batch(7, 4), second.batch(7, 4), images_of(5, 3, seed=1).batch(7, 4)
    assert ours.images.keys() == {"photo", "sketched", "sketch"}
    for name in ours.images:
        assert torch.equal(ours[name], theirs[name])
        assert not torch.equal(ours[name], other[name])


def test_each_epoch_shows_every_photo_once_and_draws_it_anew():
    photos = np.stack([np.full((40, 40, 3), 20 * n, np.uint8) for n in range(10)])
    training = TrainingImages(photos, size=32, seed=0, augmentation=STILL)
    epochs = [[int(training[10 * e + n]["photo"].mean()) for n in range(10)] for e in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(0, 200, 20))
    assert epochs[0] != epochs[1]
    assert training.epoch == 10


@pytest.mark.parametrize(("sketches", "photos"), [(3, 12), (12, 3)])
def test_the_smaller_domain_comes_round_more_often(sketches, photos):
    drawn = np.stack([np.full((32, 32), 10 * n, np.uint8) for n in range(sketches)])
    taken = np.stack([np.full((32, 32, 3), 10 * n, np.uint8) for n in range(photos)])
    training = TrainingImages(taken, drawn, size=32, seed=0, augmentation=STILL, pairs=False)
    seen = [training[number] for number in range(12)]
    for name, count in (("sketch", sketches), ("photo", photos)):
        places = [int(image[name].mean()) // 10 for image in seen]
        assert sorted(places) == sorted(list(range(count)) * (12 // count))
    assert training.epoch == photos
    together = [(image["sketch"].mean(), image["photo"].mean()) for image in seen]
    later = [training[12 + n] for n in range(12)]
    assert together != [(image["sketch"].mean(), image["photo"].mean()) for image in later]


def test_a_sketch_that_comes_round_again_is_seen_anew():
    training = images_of(photos=3, sketches=1)
    views = [training[number]["sketch"] for number in range(4)]
    assert all(not np.array_equal(views[0], view) for view in views[1:])


def test_shapes_and_ranges():
    batch = images_of(3, 2).batch(5, 2)
    assert batch.first == 5
    assert batch["photo"].shape == (2, 3, 32, 32)
    for name in ("sketched", "sketch"):
        assert batch[name].shape == (2, 1, 32, 32)
        assert -1 <= batch[name].min() < batch[name].max() <= 1


def test_only_what_is_asked_for_is_made():
    photos = np.zeros((2, 32, 32, 3), np.uint8)
    alone = TrainingImages(photos, size=32, seed=0, augmentation=STILL, pairs=False)
    assert alone.batch(0, 1).images.keys() == {"photo"}


def test_without_augmentation_the_view_is_the_photo():
    photo = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    assert np.array_equal(jitter(photo, 32, STILL, np.random.default_rng(0)), photo)


def test_grey_moves_as_colour_does():
    grey = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    views = [
        jitter(picture, 32, Augmentation(), np.random.default_rng(3))
        for picture in (grey, np.stack([grey] * 3, axis=-1))
    ]
    assert np.array_equal(views[0], views[1][..., 1])


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


def test_hands_say_how_literally_they_mean_it():
    hands = Hands(crude=0.4, rough=0.4)
    shown = of_hands(hands)
    batch = shown.batch(0, 40)
    assert batch.literal.shape == (40,)
    assert ((batch.literal > 0) & (batch.literal <= 1)).all()
    assert 0 < (batch.literal == 1).sum() < 25
    again = of_hands(hands).batch(20, 20)
    assert torch.equal(again.literal, batch.literal[20:])
    assert torch.equal(again["sketched"], batch["sketched"][20:])
    # The photo of a pair does not depend on the drawing style.
    assert torch.equal(batch["photo"], of_hands(None).batch(0, 40)["photo"])


def test_traced_sketches_are_those_of_before_and_meant_literally():
    traced = of_hands(Hands()).batch(0, 8)
    assert traced.literal is None
    assert torch.equal(traced["sketched"], of_hands(None).batch(0, 8)["sketched"])
    drawn = of_hands(Hands(crude=1)).batch(0, 8)
    assert (drawn.literal < 1).all()
    assert not torch.equal(traced["sketched"], drawn["sketched"])


@pytest.mark.parametrize(
    ("hands", "found"), [({"crude": -0.1}, "at least 0"), ({"crude": 0.6, "rough": 0.6}, "at most")]
)
def test_impossible_hands_are_refused(hands, found):
    with pytest.raises(UsageError, match=found):
        Hands(**hands)


def test_colours_of_the_photo_are_told_as_often_as_asked():
    photos = np.random.default_rng(1).integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)

    def told(hinted):
        training = TrainingImages(
            photos, size=32, seed=0, augmentation=Augmentation(), hinted=hinted
        )
        return [training[n] for n in range(40)]

    assert "hints" not in told(None)[0]
    never, half, always = (
        [image["hints"][..., 3].any() for image in told(share)] for share in (0.0, 0.5, 1.0)
    )
    assert not any(never)
    assert 8 < sum(half) < 32
    assert all(always)
    # Hints change nothing else.
    for image, plain in zip(told(1.0), told(None), strict=True):
        assert np.array_equal(image["sketched"], plain["sketched"])


def test_photos_are_shown_lighter_by_chance_and_drawings_by_hand_are_not():
    photos = np.full((4, 32, 32, 3), 120, np.uint8)
    drawn = np.full((4, 32, 32), 120, np.uint8)
    lit = Augmentation(mirror=False, rotation=0, scale=0, shift=0, exposure=0.5)
    ours = TrainingImages(photos, drawn, size=32, seed=0, augmentation=lit)
    seen = [ours[number] for number in range(200)]
    assert all((one["sketch"] == 120).all() for one in seen)
    levels = np.array([one["photo"].mean() for one in seen])
    assert levels.min() == 120
    lightest = 255 * (120 / 255) ** 0.5
    assert lightest - 8 < levels.max() <= lightest + 0.5
    assert np.median(levels) < 0.5 * (levels.min() + levels.max())  # mostly close to 1
    again = TrainingImages(photos, drawn, size=32, seed=0, augmentation=lit)
    assert (again[7]["photo"] == seen[7]["photo"]).all()
    with pytest.raises(UsageError, match=r"augmentation.exposure is 1; it must be 0 to 0\.9"):
        Augmentation(exposure=1)


def test_photos_with_hints_are_recoloured_after_they_were_sketched():
    photos = np.random.default_rng(1).integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)

    def shown(recoloured):
        training = TrainingImages(
            photos,
            size=32,
            seed=0,
            augmentation=Augmentation(),
            hinted=0.5,
            recoloured=recoloured,
        )
        return [training[n] for n in range(40)]

    plain, recoloured = shown(0.0), shown(1.0)
    for before, after in zip(plain, recoloured, strict=True):
        assert np.array_equal(before["sketched"], after["sketched"])
        hinted = before["hints"][..., 3].any()
        assert hinted == after["hints"][..., 3].any()
        assert np.array_equal(before["photo"], after["photo"]) != hinted
    lighter = [
        after["photo"].mean() > before["photo"].mean()
        for before, after in zip(plain, recoloured, strict=True)
        if before["hints"][..., 3].any()
    ]
    assert 3 < sum(lighter) < len(lighter) - 3
    # The hints are colours of the photo that is shown.
    for image in recoloured:
        given = image["hints"][..., 3] > 0
        if given.any():
            apart = image["photo"][given].mean() - image["hints"][given, :3].mean()
            assert abs(apart) < 40
