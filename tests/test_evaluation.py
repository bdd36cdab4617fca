"""Models, runs and folders become evaluation sets."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from limner import evaluation, images
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO
from limner.errors import ModelError, UsageError
from limner.sketching import sketch
from limner.training.loop import train


@pytest.fixture(scope="module")
def sketches(person, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sketches")
    for number in range(3):
        images.write(folder / f"s{number}.png", sketch(person(number), seed=number))
    return folder


@pytest.fixture(scope="module")
def cyclegan_run(tiny_of, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "both"
    train(dataclasses.replace(tiny_of["cyclegan"], images=8, save_every=8, snapshot_every=8), run)
    return run


def test_models_and_runs_generate_their_photos(tiny_model, cyclegan_run, sketches, tmp_path):
    named = [str(tiny_model), str(cyclegan_run), str(sketches)]
    model, run, folder = evaluation.candidates(named, tmp_path / "out", sketches=sketches)
    assert (model.name, run.name, folder.name) == ("tiny", "both", sketches.name)
    for candidate in (model, run):
        assert sorted(path.name for path in candidate.generated.iterdir()) == [
            "s0.png",
            "s1.png",
            "s2.png",
        ]
        assert images.read(candidate.generated / "s0.png").shape == (32, 32, 3)
    assert model.back is None  # it has one direction only
    assert images.read(run.back / "s0.png").shape == (32, 32, 3)
    assert np.ptp(images.read(run.back / "s0.png"), axis=2).max() == 0  # a sketch is grey
    assert folder.generated == sketches


def test_models_are_found_by_direction(tiny_model, cyclegan_run, tmp_path):
    found = evaluation.models_of([str(cyclegan_run)], tmp_path)
    assert set(found) == {SKETCH_TO_PHOTO, PHOTO_TO_SKETCH}
    with pytest.raises(UsageError, match="are both sketch-to-photo; name one"):
        evaluation.models_of([str(tiny_model), "portrait"], tmp_path)
    with pytest.raises(ModelError, match="no model 'unknown'"):
        evaluation.models_of(["unknown"], tmp_path)


def test_a_sketch_without_a_face_gives_a_note_and_no_photo_at_all_an_error(
    tiny_model, sketches, tmp_path
):
    folder = tmp_path / "some"
    images.write(folder / "blank.png", np.full((200, 200), 255, np.uint8))
    with pytest.raises(UsageError, match=r"could be translated: .*no face"):
        evaluation.make_photos(folder, str(tiny_model), tmp_path / "none")
    images.write(folder / "s0.png", images.read(sketches / "s0.png"))
    [note] = evaluation.make_photos(folder, str(tiny_model), tmp_path / "generated")
    assert "blank.png" in note


def test_names_are_as_short_as_possible(tmp_path):
    for name in ("a/run", "b/run"):
        images.write(tmp_path / name / "x.png", np.zeros((40, 40, 3), np.uint8))
    found = evaluation.candidates([str(tmp_path / "a/run"), str(tmp_path / "b/run")], tmp_path)
    assert [candidate.name for candidate in found] == ["a/run", "b/run"]
    with pytest.raises(UsageError, match="named twice"):
        evaluation.candidates([str(tmp_path / "a/run")] * 2, tmp_path)
    with pytest.raises(UsageError, match="named twice"):  # the same path, written differently
        evaluation.candidates([str(tmp_path / "a/run"), f"{tmp_path}/a/./run/"], tmp_path)


def test_a_folder_and_a_model_of_the_same_name_are_distinguished(tmp_path, tiny_model, sketches):
    images.write(tmp_path / "tiny" / "s0.png", np.zeros((40, 40, 3), np.uint8))
    (tmp_path / "tiny.onnx").write_bytes(tiny_model.read_bytes())
    named = [str(tmp_path / "tiny"), str(tmp_path / "tiny.onnx")]
    found = evaluation.candidates(named, tmp_path / "out", sketches=sketches)
    assert [candidate.name for candidate in found] == ["tiny", "tiny.onnx"]


def test_candidates_with_similar_names_are_distinguished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("m", "portrait"):
        images.write(tmp_path / name / "x.png", np.zeros((40, 40, 3), np.uint8))
    assert evaluation._titles(["m", "m.onnx"]) == ["m", "m.onnx"]
    assert evaluation._titles(["portrait", "./portrait"])[0] == "portrait"
    assert evaluation._titles([".", "m"]) == [tmp_path.name, "m"]
    with pytest.raises(UsageError, match="named twice"):
        evaluation.candidates(["m", "./m"], tmp_path)


def test_a_photo_that_is_not_square_is_aligned_by_its_face_for_the_cycle(
    person, tmp_path, monkeypatch
):
    generated = tmp_path / "generated"
    images.write(generated / "whole.png", np.pad(person(0), ((0, 40), (0, 0), (0, 0)), mode="edge"))
    images.write(generated / "square.png", person(1))
    seen = {}

    class Known:
        provenance = None

        def __init__(self, *_, **__):
            pass

        def translate(self, picture, *, as_is, clean, name, **_):
            assert clean == ("off" if as_is and picture.shape[0] == picture.shape[1] else None)
            seen[name.rpartition("/")[2]] = as_is
            return [SimpleNamespace(image=picture, notes=())]

    monkeypatch.setattr("limner.makers.Translator", Known)
    evaluation.reconstruct_sketches(generated, "any", tmp_path / "back")
    assert seen == {"whole.png": False, "square.png": True}
    evaluation.reconstruct_sketches(generated, "any", tmp_path / "back", as_is=True)
    assert seen["whole.png"]


def test_all_candidates_are_compared_with_the_same_ground_truth(tmp_path):
    picture = np.zeros((64, 64, 3), np.uint8)
    for folder, names in (("a", "xyz"), ("b", "yz"), ("ground_truth", "xyz")):
        for name in names:
            images.write(tmp_path / folder / f"{name}.png", picture)
    found = evaluation.candidates([str(tmp_path / "a"), str(tmp_path / "b")], tmp_path / "out")
    evaluation_sets = evaluation.evaluation_sets(found, ground_truth=tmp_path / "ground_truth")
    for evaluated in evaluation_sets.values():
        names = sorted(picture.source.stem for picture in evaluated.unpaired["real"])
        assert names == ["y", "z"]


def test_a_model_needs_sketches(tiny_model, tmp_path):
    with pytest.raises(UsageError, match="--sketches DIR"):
        evaluation.candidates([str(tiny_model)], tmp_path)


def test_candidates_are_evaluated_on_common_pictures_at_one_size(tmp_path):
    rng = np.random.default_rng(0)
    for candidate, side, names in (("a", 64, "xyz"), ("b", 96, "yzw")):
        for name in names:
            picture = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            images.write(tmp_path / candidate / f"{name}.png", picture)
    found = evaluation.candidates([str(tmp_path / "a"), str(tmp_path / "b")], tmp_path / "out")
    evaluation_sets = evaluation.evaluation_sets(found)
    assert {tuple(sorted(evaluated.rows)) for evaluated in evaluation_sets.values()} == {("y", "z")}
    assert {evaluated.size for evaluated in evaluation_sets.values()} == {96}
    said = "\n".join(evaluation_sets["a"].warnings)
    assert "1 of the 3 generated photos are excluded" in said
    images.write(tmp_path / "c" / "only.png", np.zeros((64, 64, 3), np.uint8))
    found = evaluation.candidates([str(tmp_path / "a"), str(tmp_path / "c")], tmp_path / "out")
    with pytest.raises(UsageError, match="no picture has the same name in all of a, c"):
        evaluation.evaluation_sets(found)


def test_a_reference_set_of_ground_truth_photos_is_the_same_for_all_candidates(tmp_path):
    rng = np.random.default_rng(0)
    for candidate, names in (("a", "xyz"), ("b", "yzw"), ("ground_truth", "wxyz"), ("real", "uv")):
        for name in names:
            picture = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            images.write(tmp_path / candidate / f"{name}.png", picture)
    found = evaluation.candidates([str(tmp_path / "a"), str(tmp_path / "b")], tmp_path / "out")

    def real(**folders):
        evaluation_sets = evaluation.evaluation_sets(
            found, ground_truth=tmp_path / "ground_truth", **folders
        )
        return [
            [Path(p.name).stem for p in one.unpaired["real"]] for one in evaluation_sets.values()
        ]

    assert real() == [["y", "z"]] * 2
    assert real(real=tmp_path / "real") == [["u", "v"]] * 2
