import numpy as np
import pytest

from limner import batch, images
from limner.errors import Interrupted, OutputError, UsageError


@pytest.fixture
def folder(tmp_path):
    for name in ("in/a.jpg", "in/b.png", "in/deep/c.png"):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def planned(inputs, out):
    return [(job.source, job.target) for job in batch.jobs(inputs, str(out))]


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
        (["{0}"], "x.png", "the file x.png serves one picture, not 3"),
        (["{0}"], "-", "stdout serves one picture"),
        (["-", "{0}"], "out", "stdin serves one picture"),
        (["{0}/*.xyz"], "out", "nothing matches"),
        (["{0}/empty"], "out", "holds no pictures"),
        (["{0}/a.jpg", "{0}/other/a.png"], "out", r"would both become .*a\.png"),
        (["{0}/b.png"], "{0}", r"b\.png is an input and would be overwritten"),
        (["{0}/b.png"], "{0}/b.png", r"b\.png is an input"),
        (["{0}/b.png"], "x.bmp", r"x\.bmp: cannot write '\.bmp'"),
    ],
)
def test_impossible_plans_are_refused_before_anything_is_done(folder, inputs, out, found):
    (folder / "empty").mkdir()
    if "other" in inputs[-1]:
        images.write(folder / "other" / "a.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(UsageError, match=found):
        batch.jobs([text.format(folder) for text in inputs], out.format(folder))


def test_the_good_ones_are_done_and_the_bad_ones_listed(tmp_path):
    good = np.full((4, 4, 3), 7, np.uint8)
    for number in range(300):
        images.write(tmp_path / "in" / f"{number:03}.png", good)
    (tmp_path / "in" / "017.png").write_bytes(b"")
    (tmp_path / "in" / "100.png").write_text("a text file")
    whole = (tmp_path / "in" / "200.png").read_bytes()
    (tmp_path / "in" / "299.png").write_bytes(whole[: len(whole) // 2])
    work = batch.jobs([str(tmp_path / "in")], str(tmp_path / "out"))
    outcome = batch.run(work, lambda picture, _: [picture + 1])
    assert outcome.done == 297
    assert [failure.split(":")[0][-7:] for failure in outcome.failures] == [
        "017.png",
        "100.png",
        "299.png",
    ]
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert len(written) == 297
    assert "017.png" not in written
    assert (images.read(tmp_path / "out" / "000.png") == 8).all()


def test_a_place_that_cannot_be_written_ends_the_work_at_once(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    calls = []

    def make(picture, name):
        calls.append(name)
        return [picture]

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "file" / "out")), make)
    assert isinstance(outcome.stopped, OutputError)
    assert "cannot write it" in str(outcome.stopped)
    assert len(calls) == 1


def test_a_name_that_cannot_be_written_costs_the_others_nothing(folder, tmp_path):
    (tmp_path / "out" / "b.png").mkdir(parents=True)
    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), lambda p, _: [p])
    assert (outcome.done, outcome.stopped) == (2, None)
    [failure] = outcome.failures
    assert "b.png: cannot write it" in failure


def test_a_fault_of_ours_costs_the_others_nothing(folder, tmp_path):
    def make(picture, name):
        if name.endswith("b.png"):
            raise IndexError("out of bounds")
        return [picture]

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), make)
    assert outcome.done == 2
    assert "b.png: limner failed at it (IndexError: out of bounds)" in outcome.failures[0]


def test_failures_are_known_after_ctrl_c_too(folder, tmp_path):
    (folder / "a.jpg").write_bytes(b"")

    def make(picture, name):
        raise KeyboardInterrupt

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), make)
    assert isinstance(outcome.stopped, Interrupted)
    assert "a.jpg: empty" in outcome.failures[0]


def test_further_results_are_numbered(folder, tmp_path):
    work = batch.jobs([str(folder / "a.jpg")], str(tmp_path / "out"))
    batch.run(work, lambda picture, _: [picture, picture, picture])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "a-2.png",
        "a-3.png",
        "a.png",
    ]


def test_further_results_pass_names_that_others_have(folder, tmp_path):
    images.write(folder / "a-2.png", np.full((4, 4, 3), 9, np.uint8))
    work = batch.jobs([str(folder)], str(tmp_path / "out"))

    def make(picture, name):
        return [picture, picture] if name.endswith("a.jpg") else [picture]

    assert batch.run(work, make).done == 4
    written = {p.name for p in (tmp_path / "out").iterdir() if p.is_file()}
    assert written == {"a.png", "a-2.png", "a-3.png", "b.png"}
    assert (images.read(tmp_path / "out" / "a-2.png") == 9).all()


def test_stdout_takes_one_result(folder):
    work = batch.jobs([str(folder / "a.jpg")], "-")
    outcome = batch.run(work, lambda picture, _: [picture, picture])
    assert "2 results, and stdout takes one" in outcome.failures[0]


def test_results_of_an_earlier_run_are_no_inputs(folder):
    first = batch.jobs([str(folder)], str(folder / "out"))
    batch.run(first, lambda picture, _: [picture])
    assert batch.jobs([str(folder)], str(folder / "out")) == first


def test_an_odd_name_is_a_missing_file(tmp_path):
    [job] = batch.jobs(["x" * 3000], str(tmp_path))
    assert "check the path" in batch.run([job], lambda p, _: [p]).failures[0]
