"""The catalogue: every metric once, and what is missing named."""

import numpy as np
import pytest
import torch

from limner import images
from limner.errors import UsageError
from limner.features.common import digest_of
from limner.features.evaluation_set import EvaluationSet
from limner.features.extraction import extract
from limner.features.feature import Input
from limner.metrics.catalogue import WEIGHTS, standard, unavailable, weights_of
from limner.metrics.faithfulness.smiles import SMILE, SmileFeature
from limner.metrics.measuring import measure
from limner.metrics.resampling import Resampling


@pytest.fixture(scope="module")
def lpips_file(tmp_path_factory):
    """LPIPS's linear weights, of chance."""
    rng = np.random.default_rng(1)
    sizes = (64, 128, 256, 512, 512)
    held = {
        f"lin{place}.model.1.weight": torch.from_numpy(
            np.abs(rng.standard_normal((1, size, 1, 1), np.float32))
        )
        for place, size in enumerate(sizes)
    }
    path = tmp_path_factory.mktemp("lpips") / "vgg.pth"
    torch.save(held, path)
    return path


@pytest.fixture
def evaluated(folders):
    return EvaluationSet.of_folders(
        folders["generated"],
        sketches=folders["sketches"],
        ground_truth=folders["ground_truth"],
        as_is=True,
    )


def test_every_score_has_a_name_of_its_own(evaluated):
    measured = measure(evaluated, standard(), resampling=Resampling(resamples=20))
    names = [score.name for result in measured.results for score in result.scores]
    assert len(names) == len(set(names)) > 40
    for result in measured.results:
        for score in result.scores:
            assert score.name.partition(".")[0] == result.metric.name.partition(".")[0]
            assert np.isfinite(score.estimate.value)
            assert score.estimate.low <= score.estimate.high
            per_image = score.by_image
            assert per_image is None or len(per_image) == len(result.rows)


def test_with_weights_the_measure_is_taken(evaluated, random_vgg, lpips_file):
    weights = weights_of([f"vgg={random_vgg}", f"lpips={lpips_file}"])
    named = [one.name for one in standard(weights=weights)]
    assert "lpips" in named
    assert "dists" not in named
    few = EvaluationSet(rows=dict(list(evaluated.rows.items())[:2]), size=64, as_is=True)
    [lpips] = [one for one in standard(weights=weights) if one.name == "lpips"]
    found = measure(few, [lpips], resampling=Resampling(resamples=20))
    assert found.scores["lpips"].estimate.value > 0
    assert "sha256:" in found.results[0].models[0]
    assert {one.title for one in unavailable(weights)} == {
        "Structure and texture (DISTS)",
        "KID, FID and Inception Score on Inception features",
    }


def test_what_lacks_weights_says_which():
    why = {one.title: one.why for one in unavailable({})}
    assert why["Perceptual distance (LPIPS)"] == (
        "needs --weights vgg=FILE and --weights lpips=FILE"
    )
    assert len(why) == 3


def test_68_points_are_asked_for_by_number():
    [plain] = [one for one in standard() if one.name == "landmarks"]
    [more] = [one for one in standard(landmarks=68) if one.name == "landmarks68"]
    assert (plain.count, more.count) == (5, 68)
    with pytest.raises(UsageError, match="it must be 5 or 68"):
        standard(landmarks=7)


@pytest.mark.parametrize("text", ["vgg", "other=x", "=x", "vgg="])
def test_weights_are_named(text):
    with pytest.raises(UsageError, match=r"expected NAME=FILE|there is no file"):
        weights_of([text])


def test_weights_are_named_once(tmp_path):
    images.write(tmp_path / "x.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(UsageError, match="each once"):
        weights_of([f"vgg={tmp_path / 'x.png'}"] * 2)
    assert set(weights_of([f"{name}={tmp_path / 'x.png'}" for name in WEIGHTS])) == set(WEIGHTS)


def test_files_behind_keys_are_read_once_however_often_they_are_asked_for(tmp_path):
    weights = {name: tmp_path / f"{name}.onnx" for name in WEIGHTS}
    for name, file in weights.items():
        file.write_text(name)
    metrics = [*standard(weights=weights), *standard(weights=weights, landmarks=68)]
    inputs = [needed for one in metrics for needed in one.inputs.values()]
    keys = [needed.feature.key for needed in inputs]
    read = digest_of.cache_info().misses
    assert [needed.feature.key for needed in inputs] == keys
    assert digest_of.cache_info().misses == read


def test_a_picture_is_looked_for_under_keys_that_are_found_once(evaluated, monkeypatch):
    asked = []
    monkeypatch.setattr(
        SmileFeature, "key", property(lambda self: asked.append(self) or "smile/test")
    )
    few = EvaluationSet(rows=dict(list(evaluated.rows.items())[:2]), size=64, as_is=True)
    extract(few, [Input.of(SMILE, "generated")])
    after_two = len(asked)
    extract(evaluated, [Input.of(SMILE, "generated")])
    assert len(asked) - after_two == after_two
