"""The pictures that a command line names, and the files of their results."""

import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.jobs import jobs, key_of


@pytest.fixture
def folder(tmp_path):
    for name in ("in/a.jpg", "in/b.png", "in/deep/c.png"):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def planned(inputs, out):
    def fail(note):
        raise AssertionError(note)

    return [(job.source, job.target) for job in jobs(inputs, str(out), note=fail)]


def test_stems_and_sub_folders_are_kept(folder, tmp_path):
    out = tmp_path / "out"
    assert planned([str(folder)], out) == [
        (folder / "a.jpg", out / "a.png"),
        (folder / "b.png", out / "b.png"),
        (folder / "deep" / "c.png", out / "deep" / "c.png"),
    ]


def test_globs_and_repeats(folder, tmp_path):
    inputs = [str(folder / "*.png"), str(folder / "b.png")]
    assert planned(inputs, tmp_path) == [(folder / "b.png", tmp_path / "b.png")]
    deep = planned([str(folder / "**" / "*.png")], tmp_path)
    assert [source.name for source, _ in deep] == ["b.png", "c.png"]


def test_a_name_with_glob_characters_is_a_name_first(tmp_path):
    odd = tmp_path / "a[1].png"
    images.write(odd, np.zeros((4, 4, 3), np.uint8))
    assert planned([str(odd)], tmp_path / "out") == [(odd, tmp_path / "out" / "a[1].png")]


def test_one_input_may_go_to_a_file(folder, tmp_path):
    target = tmp_path / "x.jpg"
    assert planned([str(folder / "a.jpg")], target) == [(folder / "a.jpg", target)]
    (tmp_path / "folder.png").mkdir()
    assert planned([str(folder / "a.jpg")], tmp_path / "folder.png")[0][1].name == "a.png"


def test_streams(tmp_path):
    assert planned(["-"], "-") == [(None, None)]
    assert planned(["-"], tmp_path) == [(None, tmp_path / "stdin.png")]


@pytest.mark.parametrize(
    ("inputs", "out", "found"),
    [
        (["{0}"], "x.png", "the file x.png is for one picture, not 3"),
        (["{0}"], "-", "stdout is for one picture"),
        (["-", "{0}"], "out", "stdin is for one picture"),
        (["{0}/*.xyz"], "out", "nothing matches"),
        (["{0}/empty"], "out", "contains no pictures"),
        (["{0}/1/x/a.jpg", "{0}/2/x/a.jpg"], "out", r"would both become .*a\.png; rename one"),
        (["{0}/b.png"], "{0}", r"b\.png is an input and would be overwritten"),
        (["{0}/b.png"], "{0}/b.png", r"b\.png is an input"),
        (["{0}/b.png"], "x.bmp", r"x\.bmp: cannot write '\.bmp'"),
        (["{0}/b.png"], "x.HEIC", r"x\.HEIC: cannot write '\.heic' pictures; use one of \.png, "),
        (["{0}"], "x.pdf", r"cannot write '\.pdf'"),
        (
            ["{0}/documents"],
            "out",
            r"contains no pictures, but 2 \.pdf \(PDF documents\): ",
        ),
    ],
)
def test_impossible_jobs_are_refused_before_anything_is_done(folder, inputs, out, found):
    (folder / "empty").mkdir()
    (folder / "documents").mkdir()
    for name in ("a.pdf", "b.PDF", "._c.pdf", "d.txt"):
        (folder / "documents" / name).touch()
    with pytest.raises(UsageError, match=found):
        jobs([text.format(folder) for text in inputs], out.format(folder))


def renamed(inputs, out, root):
    """The results of inputs below `root`, by name, and the notes."""
    notes = []
    work = jobs([str(root / text) for text in inputs], str(out), note=notes.append)
    results = {
        job.source.relative_to(root).as_posix(): job.target.relative_to(out).as_posix()
        for job in work
    }
    assert len(set(results.values())) == len(work)
    return results, notes


@pytest.mark.parametrize(
    ("inputs", "results"),
    [
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg.png", "a.png.png", "b.png"]),
        (["a.jpg", "a.png", "a.jpg.bmp"], ["a.jpg.png", "a.png.png", "a.jpg.bmp.png"]),
        (["x/a.jpg", "y/a.jpg"], ["x/a.png", "y/a.png"]),
        (["x/a.jpg", "y/a.png"], ["a.jpg.png", "a.png.png"]),
        (["x/a.jpg", "x/a.png", "y/a.jpg"], ["x/a.jpg.png", "x/a.png.png", "y/a.jpg.png"]),
    ],
)
def test_results_that_would_share_a_name_keep_more_of_it(inputs, results, tmp_path):
    found, [note] = renamed(inputs, tmp_path / "out", tmp_path / "in")
    assert list(found.items()) == list(zip(inputs, results, strict=True))
    assert note.startswith(f"{len([r for r in results if r != 'b.png'])} results keep more")
    first = f"{tmp_path / 'in' / inputs[0]} becomes {tmp_path / 'out' / results[0]}"
    assert first in note
    assert "\n" not in note


def test_folders_that_contain_the_same_names(tmp_path):
    for name in ("x/a.jpg", "x/deep/b.png", "y/a.jpg", "y/deep/b.png", "y/c.jpg"):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    found, [note] = renamed(["x", "y"], tmp_path / "out", tmp_path)
    assert found == {
        "x/a.jpg": "x/a.png",
        "x/deep/b.png": "x/deep/b.png",
        "y/a.jpg": "y/a.png",
        "y/deep/b.png": "y/deep/b.png",
        "y/c.jpg": "c.png",
    }
    assert note.startswith("4 results")
    assert note.endswith(", ...")


def test_many_pairs_are_named_quickly(tmp_path):
    inputs = [f"{number}.{suffix}" for number in range(2000) for suffix in ("jpg", "png")]
    found, _ = renamed(inputs, tmp_path / "out", tmp_path)
    assert found["1999.jpg"] == "1999.jpg.png"


def test_a_folder_named_like_a_picture_can_be_the_output(folder, tmp_path):
    (tmp_path / "x.heic").mkdir()
    assert planned([str(folder / "a.jpg")], tmp_path / "x.heic")[0][1].name == "a.png"


def test_an_output_folder_is_left_out_however_the_folders_are_named(folder, tmp_path, monkeypatch):
    images.write(folder / "out" / "a.png", np.zeros((4, 4, 3), np.uint8))
    monkeypatch.chdir(folder)
    for inputs, out in ((str(folder), "out"), (".", str(folder / "out")), (".", "out")):
        found = jobs([inputs], out)
        assert [job.source.name for job in found if job.source] == ["a.jpg", "b.png", "c.png"]


def test_an_input_by_another_name_is_not_overwritten(folder, tmp_path):
    """As on disks that ignore case, where `A.png` is the file `a.png`."""
    (folder / "A.png").hardlink_to(folder / "b.png")
    with pytest.raises(UsageError, match="is an input and would be overwritten"):
        jobs([str(folder / "b.png")], str(folder / "A.png"))


def test_names_that_differ_in_case_are_one_where_disks_ignore_it(folder, tmp_path, monkeypatch):
    for name in ("x/IMG.jpg", "y/img.jpg"):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    inputs = [str(tmp_path / "x" / "IMG.jpg"), str(tmp_path / "y" / "img.jpg")]

    def results():
        return [
            job.target.relative_to(tmp_path / "out") for job in jobs(inputs, str(tmp_path / "out"))
        ]

    monkeypatch.setattr("limner.jobs.FOLDS", False)
    assert list(map(str, results())) == ["IMG.png", "img.png"]
    assert key_of("A.png") != key_of("a.png")
    monkeypatch.setattr("limner.jobs.FOLDS", True)
    assert [one.as_posix() for one in results()] == ["x/IMG.png", "y/img.png"]
    assert key_of("A.png") == key_of("a.png")
