import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from limner import images
from limner.data.prepared import PreparedSet
from limner.data.schema import FACES
from limner.data.writer import Writer
from limner.errors import DataError, UsageError
from limner.training.config import Augmentation, Config
from limner.training.feeding.batch import to_images
from limner.training.feeding.exposure import lift
from limner.training.feeding.pictures import TrainingImages
from limner.training.feeding.sampling import absent_sources, photo_weights, weighted_order
from limner.training.watching.grid import SampleGrid
from limner.training.watching.scores import HeldOut

STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)


@pytest.fixture(scope="module")
def balanced_set(prepared_set, tmp_path_factory):
    """`prepared_set` with ten training photos, from sources a and b.c, of which five smile."""
    table = pq.read_table(prepared_set / "faces.parquet")
    rows = table.to_pylist()
    faces = PreparedSet(prepared_set).images()
    for number, row in enumerate(rows):
        if number in (1, 5):
            row["image"]["bytes"] = images.encode(faces[number] // 2)
        row["source"] = "a" if number % 3 else "b.c"
        row["smile"] = [0.9, 0.2][number % 2] if number < 11 else None
    path = tmp_path_factory.mktemp("sets") / "balanced"
    with Writer(path, PreparedSet(prepared_set).about) as writer:
        writer.add("faces", pa.Table.from_pylist(rows, schema=FACES))
        writer.commit()
    return PreparedSet(path)


def test_every_source_has_its_weight_and_so_has_a_smile(tiny, balanced_set):
    assert photo_weights(tiny, balanced_set) is None
    config = tiny.with_settings(["sampling.b.c=0.5", "smiling=0.1"])
    assert config.sampling == {"b.c": 0.5}
    # Numbers 2 to 11: the first two are held out. The last has no smile score.
    expected = [0.1, 0.5, 0.1, 1, 0.05, 1, 0.1, 0.5, 0.1, 1]
    assert photo_weights(config, balanced_set) == pytest.approx(expected)
    assert photo_weights(tiny.with_settings(["sampling.a=1"]), balanced_set).tolist() == [1] * 10


def test_sources_that_a_set_lacks_have_no_effect_and_are_named(tiny, balanced_set):
    config = tiny.with_settings(["sampling.d=0.5", "sampling.b.c=0.5", "sampling.celeba=0"])
    known = tiny.with_settings(["sampling.b.c=0.5"])
    assert (photo_weights(config, balanced_set) == photo_weights(known, balanced_set)).all()
    assert absent_sources(known, balanced_set) == absent_sources(tiny, balanced_set) == ""
    assert absent_sources(config, balanced_set) == (
        f"sampling has no effect for celeba, d: {balanced_set.path} has photos of a, b.c in its "
        "split 'train'"
    )


def test_some_photos_must_be_shown(tiny, balanced_set):
    with pytest.raises(UsageError, match="all photos the weight 0"):
        photo_weights(tiny.with_settings(["sampling.a=0", "sampling.b.c=0"]), balanced_set)


def test_smiles_that_nobody_judged_have_no_weight(tiny, prepared_set):
    with pytest.raises(DataError, match=r"smiling is 0\.5, and no photo .* has a smile score"):
        photo_weights(tiny.with_settings(["smiling=0.5"]), PreparedSet(prepared_set))


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("sampling.a=-1", r"sampling\.a is -1\.0; it must be at least 0"),
        ("sampling.a=much", "a number"),
        ("sampling.a=[1]", r"sampling\.a is \[1\]; it must be a number"),
        ("sampling=0.5", r"'sampling' is not a setting.*sampling\.NAME"),
        ("smiling=-1", "at least 0"),
        ("lift=1", "true or false"),
    ],
)
def test_wrong_settings_say_what_is_wrong(setting, found):
    with pytest.raises(UsageError, match=found):
        Config(experiment="x").with_settings([setting])


def test_weights_survive_json_and_are_no_settings_of_a_run_without(tiny):
    config = tiny.with_settings(["sampling.a=0.5", "sampling.b.c=2"])
    assert Config.from_dict(config.to_dict()) == config
    assert config.with_settings(["sampling.a=1"]).sampling == {"a": 1.0, "b.c": 2.0}
    with pytest.raises(UsageError, match="it must be a table"):
        Config.from_dict(tiny.to_dict() | {"sampling": 3})


def test_an_epoch_shows_each_picture_as_often_as_it_is_due():
    weights = np.array([0.0, 1.0, 1.0, 2.0, 0.25, 0.25, 3.5] * 10)
    due = weights * len(weights) / weights.sum()
    counts = []
    for epoch in range(200):
        order = weighted_order(weights, np.random.default_rng(epoch))
        assert len(order) == len(weights)
        counts.append(np.bincount(order, minlength=len(weights)))
        assert (np.abs(counts[-1] - due) < 1).all()
    assert np.mean(counts, axis=0) == pytest.approx(due, abs=0.12)
    assert not np.array_equal(counts[0], counts[1])
    order = weighted_order(weights, np.random.default_rng(0))
    assert (np.diff(order) == 0).mean() < 0.2  # those shown twice are not shown in a row


def test_equal_weights_show_every_picture_once():
    order = weighted_order(np.full(9, 0.3), np.random.default_rng(0))
    assert sorted(order) == list(range(9)) != list(order)


def test_a_shown_photo_depends_on_its_number_alone():
    photos = np.stack([np.full((32, 32, 3), 20 * n, np.uint8) for n in range(6)])
    weights = np.array([0, 1, 1, 1, 1, 4.0])

    def shown(numbers, seed=0):
        training = TrainingImages(
            photos, size=32, seed=seed, augmentation=STILL, pairs=False, weights=weights
        )
        return [int(training[number]["photo"].mean()) // 20 for number in numbers]

    whole = shown(range(60))
    assert shown(reversed(range(60))) == whole[::-1]
    assert shown(range(37, 60)) == whole[37:]
    assert shown(range(60), seed=1) != whole
    counts = np.bincount(whole, minlength=6)
    assert counts[0] == 0
    assert 26 <= counts[5] <= 34  # half of all


def test_a_training_takes_them_from_its_config(tiny, balanced_set):
    config = dataclasses.replace(
        tiny, data=str(balanced_set.path), sampling={"a": 0.0}, augmentation=STILL, size=48
    )
    photos = balanced_set.images("train", "photo")
    names = balanced_set.column("source", "train", "photo")
    training = TrainingImages.of(config, balanced_set, sketches=False, pairs=False)
    for number in range(20):
        [place] = np.flatnonzero((photos == training[number]["photo"]).all(axis=(1, 2, 3)))
        assert names[place] == "b.c"
    lifted = TrainingImages.of(
        dataclasses.replace(config, lift=True), balanced_set, sketches=False, pairs=False
    )
    assert np.array_equal(training.photos.held, photos)
    assert np.array_equal(lifted.photos.held[3], lift(photos[3]))
    brighter = lifted.photos.held.numpy().mean(axis=(1, 2, 3)) > photos.mean(axis=(1, 2, 3)) + 5
    assert brighter[3]
    assert not brighter[[0, 1, 2]].any()


def test_results_are_compared_with_photos_that_are_lifted_too(tiny, balanced_set):
    changes = {"size": 48, "generator": tiny.generator}
    device = torch.device("cpu")
    plain, lifted = (dataclasses.replace(tiny, lift=on, **changes) for on in (False, True))
    for found in (
        [SampleGrid(config, balanced_set).shown[0].truths[1] for config in (plain, lifted)],
        [
            to_images(HeldOut(config, balanced_set, device).crowds["photo"].pictures)[1]
            for config in (plain, lifted)
        ],
    ):
        assert np.array_equal(found[0], balanced_set.images("test")[1])
        assert np.array_equal(found[1], lift(found[0]))
        assert found[1].mean() > found[0].mean() + 5
