"""Features are found once, in any number of processes, and kept by content."""

import numpy as np
import pytest

from limner import images
from limner.engines import LocalEngine
from limner.features.evaluation_set import EvaluationSet
from limner.features.extraction import extract
from limner.features.feature import Computed, Input

calls: list[int] = []


def _mean(picture):
    calls.append(len(picture))
    return picture.mean(axis=(0, 1))


def _apart(a, b):
    return np.array([np.abs(a.astype(float) - b).mean()])


MEAN = Computed(name="mean", version=1, function=_mean)
APART = Computed(name="apart", version=1, function=_apart)
INPUTS = (
    Input.of(MEAN, "generated"),
    Input.of(MEAN, "real"),
    Input.of(APART, "generated", "ground_truth"),
    Input.of(APART, "generated", "back"),
)


@pytest.fixture
def evaluated(folders):
    return EvaluationSet.of_folders(
        folders["generated"], ground_truth=folders["ground_truth"], as_is=True
    )


def test_vectors_are_of_the_framed_pictures_in_the_order_of_names(evaluated, folders):
    found = extract(evaluated, INPUTS)
    assert found.rows == tuple(f"p{number:02d}" for number in range(12))
    generated = [images.read(folders["generated"] / f"{name}.png") for name in found.rows]
    ground_truth = [images.read(folders["ground_truth"] / f"{name}.jpg") for name in found.rows]
    features, rows = found.of({"mean": INPUTS[0], "apart": INPUTS[2], "real": INPUTS[1]})
    np.testing.assert_allclose(features["mean"], [one.mean(axis=(0, 1)) for one in generated], 1e-5)
    np.testing.assert_allclose(
        features["real"], [one.mean(axis=(0, 1)) for one in ground_truth], 1e-5
    )
    expected = [
        [np.abs(a.astype(float) - b).mean()] for a, b in zip(generated, ground_truth, strict=True)
    ]
    np.testing.assert_allclose(features["apart"], expected, 1e-5)
    assert rows == list(range(12))
    assert found.facts["generated"].formats == {"PNG": 12}
    assert found.facts["ground_truth"].formats == {"JPEG": 12}
    assert found.facts["generated"].sizes == {"64x64": 12}


def test_several_processes_find_the_same(evaluated):
    alone, shared = (
        extract(evaluated, INPUTS),
        extract(evaluated, INPUTS, engine=LocalEngine(workers=2)),
    )
    assert alone.vectors.keys() == shared.vectors.keys()
    for key, vectors in alone.vectors.items():
        assert np.array_equal(vectors, shared.vectors[key])
    assert alone.facts == shared.facts


def test_what_was_found_before_is_not_found_again(evaluated, tmp_path, folders, crops):
    calls.clear()
    first = extract(evaluated, INPUTS, cache=tmp_path / "cache")
    assert len(calls) == 24
    calls.clear()
    again = extract(evaluated, INPUTS, cache=tmp_path / "cache")
    assert calls == []
    for key, vectors in first.vectors.items():
        assert np.array_equal(vectors, again.vectors[key])
    assert again.facts == first.facts
    images.write(folders["generated"] / "p05.png", crops[0])
    extract(evaluated, INPUTS, cache=tmp_path / "cache")
    assert len(calls) == 1  # the one whose content is another


def test_what_is_kept_is_not_taken_for_something_else(evaluated, tmp_path):
    cache = tmp_path / "cache"
    extract(evaluated, INPUTS[:1], cache=cache)
    calls.clear()
    newer = Computed(name="mean", version=2, function=_mean)
    extract(evaluated, [Input.of(newer, "generated")], cache=cache)
    assert len(calls) == 12
    calls.clear()
    larger = EvaluationSet(rows=evaluated.rows, size=80, as_is=True)
    extract(larger, INPUTS[:1], cache=cache)
    assert calls == [80] * 12


@pytest.mark.parametrize("cached", [False, True])
def test_pictures_that_are_the_same_in_two_roles_count_in_both(folders, tmp_path, cached):
    generated, ground_truth = folders["generated"], folders["ground_truth"]
    evaluated = EvaluationSet.of_folders(
        generated, back=generated, ground_truth=ground_truth, sketches=ground_truth, as_is=True
    )
    inputs = [Input.of(MEAN, role) for role in ("generated", "back", "ground_truth", "sketch")]
    for _ in range(2):  # the second time they are kept
        found = extract(evaluated, inputs, cache=tmp_path / "cache" if cached else None)
        assert [
            found.facts[role].n for role in ("generated", "back", "ground_truth", "sketch")
        ] == [12] * 4
        vectors, rows = found.of({needed.roles[0]: needed for needed in inputs})
        assert len(rows) == 12
        assert np.array_equal(vectors["generated"], vectors["back"])
        assert np.array_equal(vectors["ground_truth"], vectors["sketch"])


def test_pictures_that_cannot_be_used_are_named_and_their_rows_left_out(evaluated, folders):
    (folders["ground_truth"] / "p02.jpg").write_bytes(b"no picture")
    found = extract(evaluated, INPUTS)
    assert list(found.facts["ground_truth"].excluded) == ["ground_truth/p02.jpg"]
    assert "not a picture" in next(iter(found.facts["ground_truth"].excluded.values()))
    assert found.facts["ground_truth"].n == 11
    features, rows = found.of({"mean": INPUTS[0], "apart": INPUTS[2]})
    assert 2 not in rows
    assert len(features["mean"]) == len(features["apart"]) == 11
    features, rows = found.of({"mean": INPUTS[0], "real": INPUTS[1]})
    assert len(features["mean"]) == 12  # needs no partner
    assert len(features["real"]) == 11


def test_grey_and_constant_pictures_are_counted(fill):
    grey = np.repeat(np.arange(64, dtype=np.uint8)[:, None, None], 64, axis=1).repeat(3, axis=2)
    flat = np.full((64, 64, 3), (10, 20, 30), np.uint8)
    found = extract(EvaluationSet.of_folders(fill("generated", [grey, flat])), INPUTS)
    assert found.facts["generated"].grey == 1
    assert found.facts["generated"].constant == 1
