"""Images cached on the device: the same ones, in the same order, with the same views."""

import dataclasses
import os
import signal
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from limner import images
from limner.errors import Interrupted, UsageError
from limner.training.config import Augmentation
from limner.training.devices import caches_on_device
from limner.training.feeding.batch import Part
from limner.training.feeding.device_cache import DeviceCache
from limner.training.feeding.pictures import TrainingImages
from limner.training.loop import train
from limner.training.objectives.cyclegan import CycleGAN
from limner.training.run import RunFolder

STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def faces(person):
    return np.stack([person(number)[40:168, 60:188] for number in range(5)])


def source(faces, *, size, augmentation, seed=3):
    drawn = np.stack([images.to_grey(face) for face in faces[:3]])
    return TrainingImages(
        faces, drawn, size=size, seed=seed, augmentation=augmentation, pairs=False
    )


def resident(shown, *cuts):
    def parts():
        for first, last in pairwise(cuts):
            yield Part(first=first, count=last - first)

    with DeviceCache(shown, parts, CPU) as drawn:
        found = [next(drawn) for _ in range(len(cuts) - 1)]
    return {name: torch.cat([one[name] for _, one in found]) for name in found[0][1]}


@pytest.mark.parametrize("exposure", [0, 0.5])
def test_without_geometry_pixels_are_the_same(faces, exposure):
    still = dataclasses.replace(STILL, exposure=exposure)
    shown = source(faces, size=128, augmentation=still)
    ours, theirs = resident(shown, 0, 12), shown.draw(0, 12)
    assert ours.keys() == theirs.keys() == {"photo", "sketch"}
    for name in ours:
        assert ours[name].dtype == torch.uint8
        assert torch.equal(ours[name], theirs[name])


@pytest.mark.parametrize("size", [128, 96, 64])
def test_views_are_those_of_the_cpu_but_for_the_kernel(faces, size):
    strong = Augmentation(rotation=25, scale=0.2, shift=0.1)
    shown = source(faces, size=size, augmentation=strong)
    ours, theirs = resident(shown, 0, 8), shown.draw(0, 8)
    other = source(faces, size=size, augmentation=strong, seed=4).draw(0, 8)
    for name in ours:
        assert ours[name].shape == theirs[name].shape
        apart = (ours[name].float() - theirs[name].float()).abs().mean()
        chance = (other[name].float() - theirs[name].float()).abs().mean()
        assert apart < 1.5  # grey levels
        assert chance > 20 * apart


def test_an_image_depends_on_its_number_alone(faces):
    shown = source(faces, size=64, augmentation=Augmentation())
    whole, pieces = resident(shown, 0, 11), resident(shown, 0, 1, 4, 9, 11)
    later = resident(shown, 6, 11)
    for name in whole:
        assert torch.equal(whole[name], pieces[name])
        assert torch.equal(whole[name][6:], later[name])


def test_a_run_that_is_resident_is_resumed_exactly(tiny_of, tmp_path, monkeypatch):
    config = dataclasses.replace(tiny_of["cyclegan"], cache_on_device="on", images=16)
    train(config, tmp_path / "whole")
    step, steps = CycleGAN.step, []

    def step_then_interrupt(self, *args, **kwargs):
        steps.append(step(self, *args, **kwargs))
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return steps[-1]

    monkeypatch.setattr(CycleGAN, "step", step_then_interrupt)
    with pytest.raises(Interrupted):
        train(config, tmp_path / "run")
    train(config, tmp_path / "run")
    files = ["snapshot-000000016.safetensors", "grids/000000016.png"]
    for file in files:
        assert (tmp_path / "run" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_going_on_without_it_is_said(tiny_of, tmp_path):
    config = dataclasses.replace(tiny_of["cyclegan"], images=8, cache_on_device="on")
    train(config, tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state()["how"]["resident"] == "on"
    said = []
    train(
        dataclasses.replace(config, images=12, cache_on_device="off"),
        tmp_path / "run",
        say=said.append,
    )
    assert any("cache_on_device off (it was on)" in line for line in said)
    assert not any("resident" in line for line in said)


def test_where_pictures_are_kept(tiny_of, monkeypatch):
    gpu = SimpleNamespace(device=torch.device("cuda"))
    here = SimpleNamespace(device=CPU)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4000, 9000))
    config = tiny_of["cyclegan"]
    assert caches_on_device(config, gpu, size=1000, sketched=False)
    assert not caches_on_device(config, gpu, size=1001, sketched=False)  # too large
    assert not caches_on_device(config, gpu, size=10, sketched=True)
    assert not caches_on_device(config, here, size=10, sketched=False)
    on = dataclasses.replace(config, cache_on_device="on")
    assert caches_on_device(on, here, size=10**9, sketched=False)
    off = dataclasses.replace(config, cache_on_device="off")
    assert not caches_on_device(off, gpu, size=10, sketched=False)


def test_it_cannot_be_had_with_sketches_of_the_photos(tiny_of):
    with pytest.raises(UsageError, match="makes sketches of its photos"):
        dataclasses.replace(tiny_of["hybrid"], cache_on_device="on")
