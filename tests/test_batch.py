import io
import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from limner import batch, images
from limner.engines import LocalEngine, RayEngine
from limner.errors import (
    EngineError,
    ImageError,
    Interrupted,
    ModelError,
    NoFaceError,
    OutputError,
    UsageError,
)
from limner.provenance import Provenance

TWO = LocalEngine(workers=2)


@pytest.fixture
def folder(tmp_path):
    for name in ("in/a.jpg", "in/b.png", "in/deep/c.png"):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def starts(make):
    return lambda: batch.Maker(make=make)


def same(times):
    """Returns the picture itself, several times."""
    return lambda picture, _: batch.Made(images=[picture] * times)


def test_good_pictures_are_done_and_bad_ones_listed(tmp_path):
    good = np.full((4, 4, 3), 7, np.uint8)
    for number in range(300):
        images.write(tmp_path / "in" / f"{number:03}.png", good)
    (tmp_path / "in" / "017.png").write_bytes(b"")
    (tmp_path / "in" / "100.png").write_text("a text file")
    whole = (tmp_path / "in" / "200.png").read_bytes()
    (tmp_path / "in" / "299.png").write_bytes(whole[: len(whole) // 2])
    work = batch.jobs([str(tmp_path / "in")], str(tmp_path / "out"))
    outcome = batch.run(work, starts(lambda picture, _: batch.Made(images=[picture + 1])))
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


def test_an_unwritable_folder_ends_the_work_at_once(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    calls = []

    def make(picture, name):
        calls.append(name)
        return batch.Made(images=[picture])

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "file" / "out")), starts(make))
    assert isinstance(outcome.stopped, OutputError)
    assert "cannot write it" in str(outcome.stopped)
    assert len(calls) == 1


def test_an_unwritable_name_does_not_stop_the_others(folder, tmp_path):
    (tmp_path / "out" / "b.png").mkdir(parents=True)
    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), starts(same(1)))
    assert (outcome.done, outcome.stopped) == (2, None)
    [failure] = outcome.failures
    assert "b.png: cannot write it" in failure


def test_an_unexpected_exception_does_not_stop_the_others(folder, tmp_path):
    def make(picture, name):
        if name.endswith("b.png"):
            raise IndexError("out of bounds")
        return batch.Made(images=[picture])

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), starts(make))
    assert outcome.done == 2
    assert "b.png: limner failed (IndexError: out of bounds)" in outcome.failures[0]


def test_failures_are_reported_after_ctrl_c_too(folder, tmp_path):
    (folder / "a.jpg").write_bytes(b"")

    def make(picture, name):
        raise KeyboardInterrupt

    outcome = batch.run(batch.jobs([str(folder)], str(tmp_path / "out")), starts(make))
    assert isinstance(outcome.stopped, Interrupted)
    assert "a.jpg: empty" in outcome.failures[0]


def test_further_results_are_numbered(folder, tmp_path):
    work = batch.jobs([str(folder / "a.jpg")], str(tmp_path / "out"))
    batch.run(work, starts(same(3)))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "a-2.png",
        "a-3.png",
        "a.png",
    ]


def test_further_results_avoid_names_of_other_results(folder, tmp_path):
    images.write(folder / "a-2.png", np.full((4, 4, 3), 9, np.uint8))
    work = batch.jobs([str(folder)], str(tmp_path / "out"))

    def make(picture, name):
        return batch.Made(images=[picture, picture] if name.endswith("a.jpg") else [picture])

    assert batch.run(work, starts(make)).done == 4
    written = {p.name for p in (tmp_path / "out").iterdir() if p.is_file()}
    assert written == {"a.png", "a-2.png", "a-3.png", "b.png"}
    assert (images.read(tmp_path / "out" / "a-2.png") == 9).all()


def test_further_results_do_not_overwrite_inputs(folder, monkeypatch):
    for name, level in (("page.jpg", 1), ("page-2.png", 9)):
        images.write(folder / name, np.full((4, 4, 3), level, np.uint8))
    monkeypatch.chdir(folder)
    work = batch.jobs(["page.jpg"], ".") + batch.jobs(["page-2.png"], "other")
    assert batch.run(work, starts(same(2))).done == 2
    assert (images.read("page-2.png") == 9).all()
    assert {"page.png", "page-3.png"} <= {path.name for path in folder.iterdir()}


def test_variants_are_numbered_from_one_and_avoid_names_of_other_results(folder, tmp_path):
    images.write(folder / "a-2.png", np.full((4, 4, 3), 9, np.uint8))
    work = batch.jobs([str(folder)], str(tmp_path / "out"))

    def make(picture, name):
        return batch.Made(images=[picture] * 2, numbered=not name.endswith("a-2.png"))

    assert batch.run(work, starts(make)).done == 4
    written = {p.name for p in (tmp_path / "out").rglob("*.png")}
    assert written == {
        *("a-1.png", "a-3.png", "a-2.png", "a-2-2.png"),
        *("b-1.png", "b-2.png", "c-1.png", "c-2.png"),
    }
    assert (images.read(tmp_path / "out" / "a-2.png") == 9).all()


def test_stdout_takes_one_result(folder):
    work = batch.jobs([str(folder / "a.jpg")], "-")
    outcome = batch.run(work, starts(same(2)))
    assert "2 results, but stdout takes one" in outcome.failures[0]


def test_results_of_an_earlier_run_are_not_inputs(folder):
    first = batch.jobs([str(folder)], str(folder / "out"))
    batch.run(first, starts(same(1)))
    assert batch.jobs([str(folder)], str(folder / "out")) == first


def test_an_invalid_name_is_a_missing_file(tmp_path):
    [job] = batch.jobs(["x" * 3000], str(tmp_path))
    assert "check the path" in batch.run([job], starts(same(1))).failures[0]


def start_of_negatives():
    """Black gives two results, and larger pictures take longer."""

    def make(picture, name):
        if name.endswith("killer.png"):
            os.kill(os.getpid(), signal.SIGKILL)
        return batch.Made(images=[255 - picture] * (2 if picture[0, 0, 0] == 0 else 1))

    return batch.Maker(make=make, provenance=Provenance(model="negative", digest="00ff"))


def start_that_fails():
    raise ModelError("there is no model 'x'")


@pytest.fixture
def greys(tmp_path):
    for grey in range(20):
        picture = np.full((300 - 10 * grey, 300, 3), grey, np.uint8)
        images.write(tmp_path / "greys" / f"{grey:02}.png", picture)
    (tmp_path / "greys" / "05.png").write_bytes(b"")
    (tmp_path / "greys" / "16.png").write_text("a text file")
    return tmp_path / "greys"


def test_workers_write_the_same_files_as_one(greys, tmp_path):
    written = []
    for engine in (LocalEngine(), TWO):
        out = tmp_path / str(engine.workers)
        outcome = batch.run(batch.jobs([str(greys)], str(out)), start_of_negatives, engine=engine)
        assert (outcome.done, outcome.stopped) == (18, None)
        assert [failure.split(":")[0][-6:] for failure in outcome.failures] == ["05.png", "16.png"]
        written.append({p.name: p.read_bytes() for p in out.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 19
    assert all(b"negative sha256:00ff" in data for data in written[0].values())


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".png"])
def test_workers_encode_by_the_suffix_of_the_target(folder, tmp_path, suffix):
    [job] = batch.jobs([str(folder / "a.jpg")], str(tmp_path / f"x{suffix}"))
    assert batch.run([job], start_of_negatives).done == 1
    images.write(tmp_path / f"y{suffix}", np.full((4, 4, 3), 255, np.uint8))
    start = {".jpg": 3, ".webp": 4, ".png": 8}[suffix]
    made, expected = (tmp_path / f"{name}{suffix}" for name in "xy")
    assert made.read_bytes()[:start] == expected.read_bytes()[:start]


def test_a_job_that_cannot_be_written_is_refused(folder, tmp_path):
    job = batch.Job(source=folder / "a.jpg", target=tmp_path / "a.tiff")
    outcome = batch.run([job], start_of_negatives)
    assert isinstance(outcome.stopped, UsageError)


def test_pictures_in_one_task_do_not_stop_each_other(greys, tmp_path):
    given = []

    class Grouping(LocalEngine):
        together = 8

        def map(self, start, tasks):
            given.extend(tasks)
            yield from map(start(), given)

    work = batch.jobs([str(greys)], str(tmp_path / "out"))
    outcome = batch.run(work, start_of_negatives, engine=Grouping())
    assert (outcome.done, len(outcome.failures)) == (18, 2)
    assert [len(task) for task in given] == [8, 8, 4]


def test_lost_workers_end_the_work_and_finished_results_are_kept(greys, tmp_path):
    images.write(greys / "killer.png", np.zeros((4, 4, 3), np.uint8))
    work = batch.jobs([str(greys)], str(tmp_path / "out"))
    outcome = batch.run(work, start_of_negatives, engine=TWO)
    assert isinstance(outcome.stopped, EngineError)
    assert 14 <= outcome.done <= 18
    assert "05.png: empty" in outcome.failures[0]
    assert len(list((tmp_path / "out").iterdir())) >= outcome.done


@pytest.mark.parametrize("engine", [LocalEngine(), TWO])
def test_a_worker_that_cannot_start_ends_the_work(greys, tmp_path, engine):
    work = batch.jobs([str(greys)], str(tmp_path / "out"))
    outcome = batch.run(work, start_that_fails, engine=engine)
    assert isinstance(outcome.stopped, ModelError)
    assert (outcome.done, outcome.failures) == (0, [])


def test_stdin_is_read_here_and_not_by_a_worker(folder, tmp_path, monkeypatch):
    data = io.BytesIO((folder / "b.png").read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=data))
    work = batch.jobs(["-"], str(tmp_path / "out"))
    assert batch.run(work, start_of_negatives, engine=TWO).done == 1
    assert (images.read(tmp_path / "out" / "stdin.png") == 255).all()
    monkeypatch.setattr("sys.stdin", None)
    assert "stdin: cannot be read" in batch.run(work, start_of_negatives).failures[0]


def test_few_pictures_take_one_process_and_many_take_all_cores(monkeypatch):
    monkeypatch.setattr(batch, "cores", lambda: 4)
    some = [batch.Job(source=None, target=None)] * 1000
    assert [batch.engine_for(some[:n]).workers for n in (0, 1, 23, 24, 36, 1000)] == [
        *(1, 1, 1, 2, 3, 4)
    ]
    assert batch.engine_for(some[:1], workers=3) == LocalEngine(workers=3)
    assert batch.engine_for(some, "ray", address="auto") == RayEngine(address="auto")
    with pytest.raises(UsageError, match="--engine ray"):
        batch.engine_for(some, address="auto")


def test_changes_to_pictures_are_reported_in_order(tmp_path):
    for name in ("b.png", "a.png", "c.png"):
        images.write(tmp_path / "in" / name, np.full((4, 4, 3), 9, np.uint8))

    def make(picture, name):
        done = {"a.png": ("turned by 180°",), "b.png": (), "c.png": ("inverted", "grid removed")}
        return batch.Made(images=[picture], notes=done[name.rpartition("/")[2]])

    work = batch.jobs([str(tmp_path / "in")], str(tmp_path / "out"))
    outcome = batch.run(work, starts(make))
    assert outcome.notes == {
        str(tmp_path / "in" / "a.png"): ("turned by 180°",),
        str(tmp_path / "in" / "c.png"): ("inverted", "grid removed"),
    }


def test_pictures_without_a_face_are_counted(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        images.write(tmp_path / "in" / name, np.full((4, 4, 3), 9, np.uint8))

    def make(picture, name):
        if name.endswith("c.png"):
            raise ImageError(f"{name}: torn")
        raise NoFaceError(f"no face found in {name}", "mark it")

    outcome = batch.run(batch.jobs([str(tmp_path / "in")], str(tmp_path / "out")), starts(make))
    assert (len(outcome.failures), outcome.faceless) == (3, 2)
    assert "mark it" not in str(outcome.failures)  # the caller gives its own advice, once


def test_a_face_that_is_too_small_is_not_counted_as_missing(tmp_path):
    images.write(tmp_path / "in" / "a.png", np.full((4, 4, 3), 9, np.uint8))

    def make(picture, name):
        raise NoFaceError(f"the face in {name} is too small")

    outcome = batch.run(batch.jobs([str(tmp_path / "in")], str(tmp_path / "out")), starts(make))
    assert (len(outcome.failures), outcome.faceless) == (1, 0)


def test_a_file_of_several_pages_is_noted(tmp_path):
    page = Image.new("RGB", (9, 9), "red")
    page.save(tmp_path / "two.tif", save_all=True, append_images=[page])
    outcome = batch.run(
        batch.jobs([str(tmp_path / "two.tif")], str(tmp_path / "out")),
        starts(lambda picture, _: batch.Made(images=[picture], notes=("inverted",))),
    )
    assert outcome.notes == {str(tmp_path / "two.tif"): ("page 1 of 2", "inverted")}
