"""`benchmarks/field.py`, and the exemplar method and the CycleGAN that it compares limner with."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from limner import images
from limner.networks.config import ResNetConfig
from limner.networks.resnet import ResNet
from limner.sketching import sketch

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MODULES = ("exemplar", "contenders", "field_scores", "field")


@pytest.fixture(scope="module")
def scripts():
    """The scripts, as modules by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        del sys.modules[name]


@pytest.fixture
def pairs():
    """Photos and sketches without blank areas, [6, 44, 44, 3] and [6, 44, 44]."""
    rng = np.random.default_rng(0)
    shape = (6, 44, 44)
    return rng.integers(0, 256, (*shape, 3), np.uint8), rng.integers(0, 256, shape, np.uint8)


def test_a_known_sketch_becomes_its_own_photo(scripts, pairs):
    photos, sketches = pairs
    make = scripts["exemplar"].Exemplar(photos, sketches)
    for photo, drawing in zip(photos, sketches, strict=True):
        assert np.array_equal(make(drawing), photo)


def test_a_pair_that_is_left_out_is_not_used(scripts, pairs):
    photos, sketches = pairs
    make = scripts["exemplar"].Exemplar(photos, sketches)
    others = scripts["exemplar"].Exemplar(
        *(np.delete(pictures, 2, axis=0) for pictures in (photos, sketches))
    )
    assert np.array_equal(make(sketches[2], without=2), others(sketches[2]))
    assert 2 not in make.candidates(sketches[2], without=2).pair


def test_the_same_sketch_gives_the_same_photo(scripts, pairs):
    photos, sketches = pairs
    drawing = np.random.default_rng(1).integers(0, 256, (44, 44), np.uint8)
    first, again = (scripts["exemplar"].Exemplar(photos, sketches)(drawing) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(("moved", "found"), [(0, True), (3, True), (-3, True), (4, False)])
def test_patches_come_from_within_the_window(scripts, pairs, moved, found):
    photos, sketches = pairs
    settings = scripts["exemplar"].Settings(window=3)
    make = scripts["exemplar"].Exemplar(photos, sketches, settings)
    drawing = np.roll(sketches[4], moved, axis=(0, 1))
    candidates = make.candidates(drawing)
    assert max(np.abs(candidates.down).max(), np.abs(candidates.right).max()) <= 3
    inner = np.s_[2:-2, 2:-2, 0]  # of patches whose pixels have not been rolled over an edge
    if found:
        assert np.all(candidates.pair[inner] == 4)
        assert np.all(candidates.down[inner] == -moved)
        assert np.all(candidates.right[inner] == -moved)
        assert np.all(candidates.difference[inner] == 0)
        middle = np.s_[15:-15, 15:-15]
        shifted = np.roll(photos[4], moved, axis=(0, 1))
        assert np.array_equal(make(drawing)[middle], shifted[middle])
    else:
        assert np.all(candidates.difference[inner] > 1000)


def test_distances_are_those_of_the_definition(scripts, pairs):
    photos, sketches = pairs
    make = scripts["exemplar"].Exemplar(photos, sketches)
    found = make.candidates(sketches[0][::-1])
    patch = sketches[0][::-1][15:25, 20:30].astype(int)
    there = sketches.astype(int)
    for place, pair in enumerate(found.pair[3, 4]):
        top, left = 15 + found.down[3, 4, place], 20 + found.right[3, 4, place]
        difference = np.square(there[pair, top : top + 10, left : left + 10] - patch).mean()
        assert difference == pytest.approx(found.difference[3, 4, place], rel=1e-6)
    assert np.all(np.diff(found.difference, axis=-1) >= 0)


def test_belief_propagation_is_exact_on_a_chain(scripts):
    rng = np.random.default_rng(3)
    costs = rng.random((1, 5, 3), np.float32)
    beside, below = rng.random((1, 4, 3, 3), np.float32), np.zeros((5, 0, 3, 3), np.float32)
    module = scripts["exemplar"]
    every = np.stack(np.unravel_index(np.arange(3**5), (3,) * 5), axis=-1)
    energies = [module.energy_of(one[None], costs, beside, below) for one in every]
    chosen = module.choose(costs, beside, below, sweeps=1)
    assert np.array_equal(chosen[0], every[int(np.argmin(energies))])


def test_neighbours_that_agree_are_chosen(scripts):
    # The cheapest candidate of the middle disagrees with all four neighbours.
    costs = np.zeros((3, 3, 2), np.float32)
    costs[..., 1] = 1
    costs[1, 1] = [0.1, 0]
    differ = np.array([[0, 1], [1, 0]], np.float32)
    beside, below = (np.broadcast_to(differ, (3, 2, 2, 2)) for _ in range(2))
    assert not scripts["exemplar"].choose(costs, beside, below, sweeps=3).any()
    assert scripts["exemplar"].choose(costs, beside * 0, below * 0, sweeps=3).sum() == 1


def test_pairs_that_do_not_belong_together_are_refused(scripts, pairs):
    photos, sketches = pairs
    with pytest.raises(ValueError, match="expected \\[N, S, S, 3\\]"):
        scripts["exemplar"].Exemplar(photos[1:], sketches)
    with pytest.raises(ValueError, match="expected \\(44, 44\\)"):
        scripts["exemplar"].Exemplar(photos, sketches)(sketches[0][1:])
    with pytest.raises(ValueError, match="no pairs"):
        scripts["exemplar"].Exemplar(photos[:1], sketches[:1])(sketches[0], without=0)


def test_the_reference_generator_has_its_published_size(scripts):
    # With 9 blocks, the authors' code prints 11.378 M.
    network = scripts["contenders"].reference_generator(9)
    assert sum(one.numel() for one in network.parameters()) == 11_378_179
    six = scripts["contenders"].reference_generator(6, inputs=1)
    ours = ResNet(ResNetConfig(width=64, blocks=6))
    assert sum(one.numel() for one in six.parameters()) == sum(
        one.numel() for one in ours.parameters()
    )
    made = scripts["contenders"].reference_generator(1, width=4)(torch.randn(1, 3, 32, 24))
    assert made.shape == (1, 3, 32, 24)


def test_the_benchmark_runs_in_its_smallest_form(
    scripts, person, prepared_set, tmp_path, monkeypatch, capsys
):
    for number in range(3):
        photo = person(number)
        images.write(tmp_path / "mine" / "photos" / f"{number}.png", photo)
        images.write(tmp_path / "mine" / "sketches" / f"{number}.png", sketch(photo, seed=number))
    options = ["--set", prepared_set, "--data", tmp_path, "--photos", "2", "--rounds", "1"]
    fewer = ("limner", "cyclegan-6", "exemplar")
    monkeypatch.setattr(scripts["field"], "CONTENDERS", fewer)
    monkeypatch.setattr(sys, "argv", [*map(str, ["field", *options, "--workers", "1"])])
    scripts["field"].main()
    said = capsys.readouterr().out.splitlines()
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in said if "|" in line}
    for name in ("limner", "cyclegan-6", "exemplar, 2 pairs (drawn photos)"):
        cold, warm, memory, size, learnt = (float(cell.split()[0]) for cell in rows[name])
        assert 1000 * cold > warm > 0
        assert min(memory, size, learnt) > 0
    assert float(rows["cyclegan-6"][4].split()[0]) == pytest.approx(4 * 7.837, rel=0.01)
    assert rows["3 sketches"][0] == "lifelike"
    assert len(rows["rank-1"]) == 3  # limner, drawn photos, the others of this folder
    assert rows["faces detected"][0] == "100.0%"
