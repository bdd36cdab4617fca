"""What can be measured is, and what cannot says why."""

from typing import ClassVar

import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.features.evaluation_set import EvaluationSet
from limner.features.feature import Computed, Input
from limner.metrics.likeness.identity import Identity
from limner.metrics.measuring import measure
from limner.metrics.realism.kid import Kid
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

RESAMPLING = Resampling(resamples=50)


def _tone(picture):
    return picture.mean(axis=(0, 1)) / 255


TONE = Computed(name="tone", version=1, function=_tone)


class Cycle:
    """A metric whose input is missing."""

    name = "cycle"
    title = "Cycle"
    question = "Does it come back?"
    min_pictures = 2
    inputs: ClassVar = {"sketch": Input.of(TONE, "sketch"), "back": Input.of(TONE, "back")}

    def scores(self, features, resampling):
        raise AssertionError("it lacks pictures")


class Tone:
    """How dark generated photos are."""

    name = "tone"
    title = "Tone"
    question = "How dark?"
    min_pictures = 3
    inputs: ClassVar = {"generated": Input.of(TONE, "generated")}

    def scores(self, features, resampling):
        per_image = features["generated"].mean(axis=1)
        if per_image.max() == 0:
            raise UsageError("all generated photos are black")
        yield Score(
            name="tone.mean", title="tone", estimate=resampling.mean(per_image), better="higher"
        )


def test_the_scores_are_those_of_the_metrics(folders):
    evaluated = EvaluationSet.of_folders(
        folders["generated"], ground_truth=folders["ground_truth"], as_is=True
    )
    found = measure(evaluated, [Identity(), Kid(), Tone()], resampling=RESAMPLING)
    assert [result.metric.name for result in found.results] == ["identity", "kid", "tone"]
    generated = [images.read(path).mean() / 255 for path in sorted(folders["generated"].iterdir())]
    assert found.scores["tone.mean"].estimate.value == pytest.approx(np.mean(generated), rel=1e-5)
    assert found.scores["identity.genuine"].estimate.value < 0.4
    identity = found.results[0]
    assert identity.roles == ("generated", "ground_truth")
    assert identity.models[0].startswith("dlib face descriptor sha256:")
    assert found.rows_of("identity.rank1") == tuple(sorted(evaluated.rows))
    assert found.rows_of("none") is None


def test_what_is_missing_is_named_by_its_option(folders):
    found = measure(
        EvaluationSet.of_folders(folders["generated"], as_is=True), [Identity(), Kid(), Cycle()]
    )
    why = {one.title: one.why for one in found.skipped}
    assert why == {
        "Identity": "needs --ground-truth",
        "Kernel distance (KID)": "needs --real",
        "Cycle": "needs --sketches and --model",
    }


def test_too_few_pictures_and_what_a_measure_refuses_are_said(fill, crops):
    few = measure(EvaluationSet.of_folders(fill("few", crops[:2]), as_is=True), [Tone()])
    assert few.results == ()
    assert few.skipped[0].why == (
        "needs at least 3 pictures, but there are 2 usable generated photos"
    )
    black = np.zeros_like(crops[:4])
    refused = measure(EvaluationSet.of_folders(fill("black", black), as_is=True), [Tone()])
    assert refused.skipped[0].why == "all generated photos are black"
    assert "4 of the generated photos have a single colour" in refused.warnings


def test_lost_grey_and_uneven_pictures_are_warned_of(folders, crops):
    (folders["ground_truth"] / "p02.jpg").write_bytes(b"no picture")
    for path in folders["generated"].iterdir():
        images.write(path, images.to_grey(images.read(path)))
    images.write(folders["generated"] / "p00.png", images.to_grey(crops[0][:40, :40]))
    evaluated = EvaluationSet.of_folders(
        folders["generated"], ground_truth=folders["ground_truth"], as_is=True
    )
    warnings = "\n".join(measure(evaluated, [Tone()], resampling=RESAMPLING).warnings)
    assert "1 of 12 ground-truth photos are unusable and excluded" in warnings
    assert "p02.jpg" in warnings
    assert "bias the scores" in warnings
    assert "the generated photos have 2 sizes: 64x64 (11), 40x40 (1)" in warnings
    assert "12 of the 12 generated photos and 0 of the 11 ground-truth photos are grey" in warnings


def test_results_that_are_no_pictures_are_an_error(fill, crops):
    folder = fill("generated", crops[:2])
    for path in folder.iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"none of the generated pictures are usable; .*p00\.png"):
        measure(EvaluationSet.of_folders(folder), [Tone()])


def _said(evaluated):
    return "\n".join(measure(evaluated, [Tone()], resampling=RESAMPLING).warnings)


def test_pictures_that_are_looked_at_at_another_size_are_a_warning(folders, fill, crops):
    generated = folders["generated"]
    assert "but compared at" not in _said(EvaluationSet.of_folders(generated))
    said = _said(EvaluationSet.of_folders(generated, size=128))
    assert "the generated photos are 64 px wide but compared at 128" in said
    assert "too small" not in said
    said = _said(EvaluationSet.of_folders(generated, size=48))
    assert "pictures of 48 px are too small to detect grids" in said


def test_one_picture_is_a_warning_since_its_interval_says_nothing(folders, fill, crops):
    said = _said(EvaluationSet.of_folders(fill("one", crops[:1])))
    assert (
        "there is 1 generated photo: a confidence interval over one picture is meaningless" in said
    )
    assert "there is 1" not in _said(EvaluationSet.of_folders(folders["generated"]))


def test_whole_pictures_that_are_taken_as_they_are_are_a_warning(folders, fill, crops):
    whole = fill("whole", np.pad(crops, ((0, 0), (0, 20), (0, 0), (0, 0))))
    said = _said(EvaluationSet.of_folders(folders["generated"], ground_truth=whole, as_is=True))
    assert "12 of the ground-truth photos are not square: with --aligned" in said
    assert "generated photos are not square" not in said
    assert "not square" not in _said(
        EvaluationSet.of_folders(folders["generated"], ground_truth=whole)
    )
