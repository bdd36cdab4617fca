"""Views of photos that are larger than frozen networks were made for."""

import dataclasses
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from limner.data.prepared import PreparedSet
from limner.data.writer import Writer
from limner.training.config import Config, DiscriminatorAugmentation, Fine, Weights
from limner.training.feeding.batch import Batch, Part
from limner.training.feeding.detail import sharp_photos
from limner.training.feeding.device_cache import DeviceCache
from limner.training.loop import train
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.objectives.hybrid import Hybrid
from limner.training.objectives.losses import perceptual
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.objectives.views import downscaled, multiscale, views
from limner.training.run import RunFolder

FABRIC = Fabric(accelerator="cpu", devices=1)
NOTHING = Weights(adversarial=0, l1=0, features=0)
FINE = Config(experiment="x", size=64, fine=Fine(crop=32))
IMAGES = torch.rand(6, 4, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_an_image_is_shown_whole_and_in_a_crop():
    shrunk, crops = views(FINE, IMAGES, 0)
    assert shrunk.shape == crops.shape == (6, 4, 32, 32)
    assert torch.equal(shrunk, F.avg_pool2d(IMAGES, 2))
    assert torch.equal(downscaled(FINE, IMAGES), shrunk)
    for image, crop in zip(IMAGES, crops, strict=True):
        windows = image.unfold(1, 32, 1).unfold(2, 32, 1)
        assert (windows == crop[:, None, None]).all(dim=(0, 3, 4)).sum() == 1
    first, *others = crops - IMAGES[:, :, :32, :32]
    assert any(one.abs().max() > 0 for one in (first, *others))


def test_where_depends_on_seed_and_number_alone():
    _, crops = views(FINE, IMAGES, 4)
    _, again = views(FINE, IMAGES[2:], 6)
    assert torch.equal(crops[2:], again)
    _, elsewhere = views(dataclasses.replace(FINE, seed=1), IMAGES, 4)
    assert not torch.equal(crops, elsewhere)


def test_crops_lie_anywhere():
    """Crops of an image whose pixel values encode their positions."""
    rows = torch.arange(64.0)[:, None].expand(64, 64)
    places = torch.stack([rows, rows.T]).expand(400, 2, 64, 64)
    _, crops = views(FINE, places, 0)
    corners = crops[:, :, 0, 0]
    assert corners.min() == 0
    assert corners.max() == 32
    assert torch.allclose(corners.mean(dim=0), torch.tensor(16.0), atol=2)


def test_without_crops_images_are_shown_as_they_are():
    [shown] = views(Config(experiment="x"), IMAGES, 0)
    assert shown is IMAGES
    assert downscaled(Config(experiment="x"), IMAGES) is IMAGES


def made(tiny_of, weights=NOTHING, kind=Pix2Pix, **changes):
    torch.manual_seed(0)
    changes = {"size": 64, "fine": Fine(crop=32)} | changes
    objectives = {Pix2Pix: "pix2pix", Hybrid: "hybrid", CycleGAN: "cyclegan"}
    config = dataclasses.replace(
        tiny_of["projected"],
        objective=objectives[kind],
        weights=weights,
        discriminator_augmentation=DiscriminatorAugmentation(),
        warm_up=0,
        **changes,
    )
    return kind(config, FABRIC)


def batch_of(sharp=None):
    source = torch.Generator().manual_seed(0)
    channels = {"photo": 3, "sketched": 1, "sketch": 1}
    images = {n: 2 * torch.rand(2, c, 64, 64, generator=source) - 1 for n, c in channels.items()}
    return Batch(first=0, images=images, sharp=None if sharp is None else torch.tensor(sharp))


def test_a_projected_discriminator_judges_both(tiny_of):
    judge = made(tiny_of).discriminator
    images = IMAGES.clone().requires_grad_()
    judgement = judge.judge(images, 0, learning=False)
    sides = [one.shape[-1] for one in judgement.scores]
    assert sides == 2 * [8, 4, 2, 1, 8]  # of the shrunk image of 32 px, and of the crop of 32 px
    coarse, fine = judgement.scores[:5], judgement.scores[5:]
    torch.stack([one.sum() for one in fine]).sum().backward(retain_graph=True)
    touched = (images.grad != 0).any(dim=1).flatten(1).float().mean(dim=1)
    assert (touched <= 0.25).all()  # a crop of half the side
    images.grad = None
    torch.stack([one.sum() for one in coarse]).sum().backward()
    assert (images.grad != 0).any(dim=1).float().mean() > 0.9


def test_a_patchgan_judges_pixels_at_full_size_as_ever(tiny_of):
    plain = made(tiny_of, discriminator=tiny_of["pix2pix"].discriminator, gan="least-squares")
    [scores] = plain.discriminator.judge(IMAGES, 0).scores
    without = made(
        tiny_of,
        discriminator=tiny_of["pix2pix"].discriminator,
        gan="least-squares",
        fine=Fine(),
    )
    assert torch.equal(scores, without.discriminator.judge(IMAGES, 0).scores[0])


@pytest.mark.parametrize("kind", ["patchgan", "projected"])
def test_the_perceptual_term_is_the_mean_of_both_looks(tiny_of, kind):
    config = tiny_of["pix2pix"] if kind == "patchgan" else tiny_of["projected"]
    objective = made(
        tiny_of, dataclasses.replace(NOTHING, perceptual=1.0), discriminator=config.discriminator
    )
    batch = batch_of()
    generated = objective.generator(batch["sketched"])
    see = objective.frozen.features
    terms = [
        perceptual(see(ours), see(theirs)).item()
        for ours, theirs in zip(
            views(objective.config, generated, 0),
            views(objective.config, batch["photo"], 0),
            strict=True,
        )
    ]
    assert objective.predict(batch).terms["perceptual"].item() == pytest.approx(
        np.mean(terms), rel=1e-4
    )


def test_the_descriptor_is_shown_the_photo_shrunk(tiny_of):
    objective = made(tiny_of, dataclasses.replace(NOTHING, face=1.0, identity=1.0))
    shown = []
    recognise = objective.frozen.recognise
    objective.frozen.recognise = lambda crops: shown.append(crops) or recognise(crops)
    objective.predict(batch_of())
    assert [one.shape for one in shown] == 2 * [(2, 3, 32, 32)]


TERMS = ("perceptual", "features", "adversarial")


@pytest.mark.parametrize("term", TERMS)
def test_crops_of_photos_without_detail_do_not_count(tiny_of, term):
    objective = made(tiny_of, dataclasses.replace(NOTHING, **{term: 1.0}))
    objective.discriminator.network.eval()  # or its power iteration would continue between passes

    def value(*sharp):
        return objective.predict(batch_of(list(sharp) or None)).terms[term].item()

    none, first, second, both = value(0.0, 0.0), value(1.0, 0.0), value(0.0, 1.0), value()
    assert both != none
    assert value(1.0, 1.0) == pytest.approx(both)
    assert first - none == pytest.approx(both - second, rel=1e-3, abs=1e-6)  # what the first adds
    assert none != pytest.approx(0, abs=1e-7)  # the shrunk photo still counts


def test_the_discriminator_does_not_learn_from_them(tiny_of):
    judge = made(tiny_of).discriminator
    real, fake = IMAGES[:2], -IMAGES[:2]
    before = {name: value.clone() for name, value in judge.network.named_parameters()}
    judge.learn(judge.judge(real, 0).scores, fake, 0, 1e-2, sharp=torch.zeros(2))
    moved = {
        name
        for name, value in judge.network.named_parameters()
        if not torch.equal(before[name], value)
    }
    assert moved
    assert all("coarse." in name for name in moved)
    judge.learn(judge.judge(real, 0).scores, fake, 0, 1e-2, sharp=torch.tensor([1.0, 0.0]))
    assert any(
        not torch.equal(before[name], value)
        for name, value in judge.network.named_parameters()
        if "fine." in name
    )


@pytest.mark.parametrize("kind", [Hybrid, CycleGAN])
def test_every_objective_takes_crops(tiny_of, kind):
    objective = made(tiny_of, Weights(), kind)
    terms = objective.step(batch_of([1.0, 0.0]), 1e-3)
    assert all(torch.isfinite(term) for term in terms.values())


def test_both_weights_count_together():
    stages = [torch.ones(2, 1, 1, 1), 3 * torch.ones(2, 1, 1, 1)]
    nothing = [torch.zeros(2, 1, 1, 1)] * 2

    def term(made, truth, *, weight):
        ones = torch.ones(2) if weight is None else weight
        return ((made[0] - truth[0]).flatten() * ones).mean()

    weight, sharp = torch.tensor([0.5, 1.0]), torch.tensor([0.0, 1.0])
    values = [
        multiscale(term, stages, nothing, crops=True, weight=w, sharp=s).item()
        for w in (None, weight)
        for s in (None, sharp)
    ]
    assert values == pytest.approx([2, 1.25, 1.5, 0.75 / 2 + 1.5 / 2])
    alone = multiscale(term, stages[1:], nothing[1:], crops=False, weight=weight, sharp=sharp)
    assert alone.item() == pytest.approx(term(stages[1:], nothing[1:], weight=weight).item())


@pytest.fixture(scope="module")
def measured_set(mixed_set, tmp_path_factory):
    """`mixed_set` with eyes 20, 25, 30, ... px apart, and one face without a distance."""
    table = pq.read_table(mixed_set / "faces.parquet")
    distances = [20.0 + 5 * number for number in range(len(table))]
    distances[4] = None
    place = table.schema.get_field_index("eye_distance")
    column = pa.array(distances, pa.float32())
    path = tmp_path_factory.mktemp("fine") / "measured"
    with Writer(path, PreparedSet(mixed_set).about) as writer:
        writer.add("faces", table.set_column(place, "eye_distance", column))
        writer.commit()
    return path


def test_photos_that_were_enlarged_have_no_detail(measured_set):
    """90 px at 256 are 11.25 at 32, and so on; unknown distances count."""
    faces = PreparedSet(measured_set)
    distances = faces.column("eye_distance", "train", "photo")
    config = Config(experiment="x", size=64, fine=Fine(crop=32, eye_distance=160))
    sharp = sharp_photos(config, faces)
    assert sharp.tolist() == [one is None or one >= 40 for one in distances]
    assert 0 < sharp.sum() < len(sharp)
    assert sharp_photos(Config(experiment="x"), faces) is None


def test_of_an_older_set_nothing_is_known(prepared_set):
    assert sharp_photos(FINE, PreparedSet(prepared_set)).all()


def of_set(tiny_of, measured_set, kind="projected"):
    return dataclasses.replace(
        tiny_of[kind],
        data=str(measured_set),
        size=64,
        images=8,
        save_every=4,
        eval_images=0,
        fine=Fine(crop=32, eye_distance=160),
    )


def test_batches_say_which_photos_have_detail(tiny_of, measured_set):
    config = of_set(tiny_of, measured_set)
    faces = PreparedSet(measured_set)
    images = Pix2Pix.images(config, faces)
    batch = images.batch(0, 10)
    expected = [float(images.sharp[images.photos.place(number)]) for number in range(10)]
    assert batch.sharp.tolist() == expected
    assert 0 < sum(expected) < 10
    unpaired = CycleGAN.images(
        dataclasses.replace(config, objective="cyclegan", weights=Weights()), faces
    )

    def parts():
        for first, last in pairwise((0, 4, 10)):
            yield Part(first=first, count=last - first)

    with DeviceCache(unpaired, parts, torch.device("cpu")) as drawn:
        found = torch.cat([next(drawn)[1]["sharp"] for _ in range(2)])
    assert found.tolist() == unpaired.draw(0, 10)["sharp"].tolist()


def test_a_run_says_how_many_and_resumes_exactly(tiny_of, measured_set, tmp_path):
    config = dataclasses.replace(of_set(tiny_of, measured_set), decay_from=1.0)
    said = []
    train(config, tmp_path / "whole", say=said.append)
    assert any("count for 8 of 10 photos" in line and "40 px apart" in line for line in said)
    train(dataclasses.replace(config, images=4), tmp_path / "parts")
    train(config, tmp_path / "parts")
    whole_run, parts = (RunFolder(tmp_path / name).load_state() for name in ("whole", "parts"))
    for name, learner in whole_run["objective"].items():
        other = parts["objective"][name]["network"]
        assert all(torch.equal(value, other[key]) for key, value in learner["network"].items())
