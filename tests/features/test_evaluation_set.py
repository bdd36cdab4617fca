"""Folders are paired by name, and what does not pair is said."""

import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.features import evaluation_set
from limner.features.evaluation_set import EvaluationSet, PreparedFaces


def test_pictures_are_paired_by_their_names_whatever_the_suffix(folders):
    generated, ground_truth = folders["generated"], folders["ground_truth"]
    evaluated = EvaluationSet.of_folders(
        generated, sketches=folders["sketches"], ground_truth=ground_truth
    )
    assert len(evaluated.rows) == 12
    row = evaluated.rows["p03"]
    assert row["generated"].source == generated / "p03.png"
    assert row["ground_truth"].source == ground_truth / "p03.jpg"
    assert evaluated.roles() == {"generated", "sketch", "ground_truth", "real"}
    assert evaluated.size == 64
    assert evaluated.warnings == ()


def test_the_true_photos_serve_as_real_ones_unless_others_are_named(folders, fill, crops):
    generated, ground_truth = folders["generated"], folders["ground_truth"]
    evaluated = EvaluationSet.of_folders(generated, ground_truth=ground_truth)
    assert [one.source for one in evaluated.unpaired["real"]] == sorted(ground_truth.iterdir())
    other = fill("real", crops[:5])
    assert (
        len(
            EvaluationSet.of_folders(generated, ground_truth=ground_truth, real=other).unpaired[
                "real"
            ]
        )
        == 5
    )
    assert EvaluationSet.of_folders(generated).unpaired == {}


def test_below_folders_names_are_paths(fill, crops):
    names = ["a/1", "b/1"]
    generated, ground_truth = (
        fill("generated", crops[:2], names=names),
        fill("ground_truth", crops[:2], names=names),
    )
    evaluated = EvaluationSet.of_folders(generated, ground_truth=ground_truth)
    assert evaluated.rows["b/1"]["ground_truth"].source == ground_truth / "b" / "1.png"


def test_names_that_pair_in_part_are_a_warning_with_numbers(folders, fill, crops):
    ground_truth = fill("some", crops[:3], names=["p00", "p01", "stranger"])
    evaluated = EvaluationSet.of_folders(folders["generated"], ground_truth=ground_truth)
    assert "ground_truth" in evaluated.rows["p01"]
    assert "ground_truth" not in evaluated.rows["p02"]
    there, here = evaluated.warnings
    assert "10 pictures" in there
    assert "p02, p03, p04, …" in there
    assert "1 pictures" in here
    assert "stranger" in here


def test_names_that_do_not_pair_are_an_error_that_shows_them(folders, fill, crops):
    ground_truth = fill("other", crops[:2], names=["x1", "x2"])
    with pytest.raises(UsageError, match=r"other \(x1, x2\) has .* \(p00, p01, p02, …\)"):
        EvaluationSet.of_folders(folders["generated"], ground_truth=ground_truth)


def test_two_pictures_of_one_name_are_an_error(folders, crops):
    images.write(folders["generated"] / "p00.jpg", crops[0])
    with pytest.raises(UsageError, match=r"p00\.jpg and .*p00\.png have the same name"):
        EvaluationSet.of_folders(folders["generated"])


def test_other_files_are_left_out_and_counted(folders):
    (folders["generated"] / "notes.txt").write_text("x")
    (folders["generated"] / "Thumbs.db").write_bytes(b"x")
    [warning] = EvaluationSet.of_folders(folders["generated"]).warnings
    assert "2 other files are ignored (" in warning
    assert ".txt" in warning
    assert ".db" in warning


def test_no_folder_and_no_pictures_are_errors(folders, tmp_path):
    with pytest.raises(UsageError, match="is not a folder"):
        EvaluationSet.of_folders(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="contains no pictures"):
        EvaluationSet.of_folders(folders["generated"], real=tmp_path / "empty")


def test_the_size_is_that_of_the_results_if_they_have_one(fill, crops):
    assert EvaluationSet.of_folders(fill("a", crops[:2])).size == 64
    wide = np.zeros((48, 64, 3), np.uint8)
    assert EvaluationSet.of_folders(fill("b", [wide, wide])).size == 128
    assert EvaluationSet.of_folders(fill("c", [crops[0], crops[1][:32, :32]])).size == 128
    assert EvaluationSet.of_folders(fill("d", crops[:2]), size=96).size == 96
    with pytest.raises(UsageError, match="expected 32 to 1024"):
        EvaluationSet.of_folders(fill("e", crops[:2]), size=16)


def test_prepared_sets_can_be_reference_sets(folders, prepared_set):
    evaluated = EvaluationSet.of_folders(
        folders["generated"], real=prepared_set, training=prepared_set
    )
    assert len(evaluated.unpaired["real"]) == 12
    assert len(evaluated.unpaired["training"]) == 10  # two are held out
    first = next(iter(evaluated.unpaired["training"]))
    assert first.framed
    assert images.read(first.data()).shape == (48, 48, 3)
    assert first in PreparedFaces(prepared_set, "train")


def test_the_reference_is_what_no_model_was_trained_on(folders, prepared_set, monkeypatch):
    def real():
        return EvaluationSet.of_folders(folders["generated"], real=prepared_set)

    assert real().folders["real"] == prepared_set.name
    monkeypatch.setattr(evaluation_set, "HELD_OUT", 2)
    held_out = real()
    assert held_out.folders["real"] == f"{prepared_set.name}, its held-out photos"
    assert list(held_out.unpaired["real"]) == list(PreparedFaces(prepared_set, "test"))
    training = PreparedFaces(prepared_set, "train")
    assert len(held_out.unpaired["real"]) == 2
    assert not any(picture in training for picture in held_out.unpaired["real"])


def test_a_prepared_set_without_photos_is_an_error(folders, prepared_set, monkeypatch):
    evaluated = EvaluationSet.of_folders(folders["generated"], training=prepared_set)
    assert len(evaluated.unpaired["training"]) == 10
    monkeypatch.setattr(PreparedFaces, "__len__", lambda _: 0)
    with pytest.raises(UsageError, match="without photos for training; name another one"):
        EvaluationSet.of_folders(folders["generated"], training=prepared_set)
    with pytest.raises(UsageError, match="without photos; name another one for --real"):
        EvaluationSet.of_folders(folders["generated"], real=prepared_set)


def test_a_folder_that_may_not_be_listed_is_an_error(folders, monkeypatch):
    monkeypatch.setattr(images, "files_below", lambda folder: [folder])
    with pytest.raises(UsageError, match="generated is not readable"):
        EvaluationSet.of_folders(folders["generated"])
