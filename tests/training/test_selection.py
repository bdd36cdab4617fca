from pathlib import Path

import numpy as np
import pytest

from limner.training.selection import better, choose, deciding, out_of_patience

HARD = np.random.default_rng(0).uniform(0.2, 0.6, 50)
"""How hard each image is, for all snapshots."""


def scored(images, shift=0.0, noise=0.0, name="identity", **others):
    rng = np.random.default_rng(images)
    each = HARD + shift + noise * rng.standard_normal(len(HARD))
    return {"images": images, name: each.mean(), "each": {name: each.tolist()}, **others}


def snapshots(*images):
    return {n: Path(f"snapshot-{n}") for n in images}


def test_the_best_is_taken_and_why():
    lines = [scored(1000, 0.1), scored(2000, 0.0, 0.001), scored(3000, 0.05)]
    choice = choose(snapshots(1000, 2000, 3000), lines)
    assert choice.snapshot == Path("snapshot-2000")
    assert choice.why.startswith("the snapshot after 2,000 images is the best of 3: Identity dist")
    assert "on 50 held-out images" in choice.why
    assert "the next" in choice.why
    assert "after 3,000" in choice.why
    assert "noise" not in choice.why


def test_what_is_within_noise_is_said():
    lines = [scored(1000, 0.1), scored(2000, 0.0), scored(3000, 0.01, 0.05), scored(4000, 0.02)]
    why = choose(snapshots(1000, 2000, 3000, 4000), lines).why
    assert why.endswith("not significantly worse are those after 3,000")


def test_noise_is_that_of_the_difference_picture_by_picture():
    one, other = scored(1000, 0.0), scored(2000, 0.01, 0.002)
    ahead, error = better(one, other, "identity")
    assert ahead == pytest.approx(0.01, abs=0.002)
    assert error < 0.001 < HARD.std() / np.sqrt(len(HARD))
    assert better(other, one, "identity")[0] == -ahead


def test_without_scores_it_is_the_last():
    choice = choose(snapshots(1000, 2000), [])
    assert (choice.snapshot, choice.why) == (
        Path("snapshot-2000"),
        "the snapshot after 2,000 images is the last; none was scored for this direction, so "
        "another may be better",
    )


def test_only_snapshots_that_are_there_count():
    lines = [scored(1000, 0.0), scored(2000, 0.1)]
    choice = choose(snapshots(2000, 3000), lines)
    assert choice.snapshot == Path("snapshot-2000")
    assert "the only one scored" in choice.why
    assert choice.why.endswith("the last one was not scored")


def test_each_direction_has_figures_of_its_own():
    lines = [scored(n, s, name="kid_photo", kid_sketch=-s) for n, s in ((1000, 0.1), (2000, 0.2))]
    for line in lines:
        line["each"]["kid_sketch"] = [line["kid_sketch"]] * 50
    there = snapshots(1000, 2000)
    assert choose(there, lines).snapshot == there[1000]
    assert choose(there, lines, "photo-to-sketch").snapshot == there[2000]
    assert deciding([scored(1000)], "photo-to-sketch") is None


def test_a_figure_that_only_some_have_decides_nothing():
    lines = [scored(1000, name="l1"), scored(2000) | {"l1": 0.1}]
    lines[1]["each"]["l1"] = [0.1] * 50
    assert deciding(lines) == "l1"


def test_scores_of_other_pictures_decide_nothing():
    lines = [scored(1000), scored(2000)]
    lines[1]["each"]["identity"].pop()
    assert deciding(lines) is None
    assert choose(snapshots(1000, 2000), lines).snapshot == Path("snapshot-2000")


def test_patience():
    lines = [scored(n, s) for n, s in ((1000, 0.2), (2000, 0.1), (3000, 0.15), (4000, 0.12))]
    assert out_of_patience(lines, 2000)
    assert not out_of_patience(lines, 2001)
    assert not out_of_patience(lines, 0)
    assert not out_of_patience(lines[:3], 2000)
    assert not out_of_patience([*lines, scored(5000, 0.0)], 2000)
    assert not out_of_patience([], 1)
