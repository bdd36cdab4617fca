import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from limner import batch, images
from limner.data.prepare import prepare
from limner.data.recipe import of_folder
from limner.engines import LocalEngine, RayEngine, cluster, cores, engine_of
from limner.errors import EngineError, ModelError, UsageError
from limner.makers import Sketches

TESTS = Path(__file__).parent
TWO = LocalEngine(workers=2)
LONG = 100
"""Seconds, longer than any of these tests may take."""


def start_of_squares():
    began = (os.getpid(), time.monotonic())

    def square(number):
        time.sleep(0.02)
        return number**2, began

    return square


def start_of_echo():
    return bytes


def start_of_failure():
    def fail(error):
        raise error

    return fail


class OfTwoWordsError(Exception):
    """An error that cannot be unpickled from its message."""

    def __init__(self, what, how):
        super().__init__(f"{what} is {how}")


def start_of_failure_to_send():
    def fail(what):
        raise OfTwoWordsError(what, "cut")

    return fail


def start_that_fails():
    raise ModelError("there is no model 'x'")


def start_of_suicide():
    def die(number):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    return die


def start_of_sleep():
    def sleep(seconds):
        time.sleep(seconds)
        return os.getpid()

    return sleep


def start_of_threads():
    return os.environ.get


def start_of_nodes():
    import ray

    node = ray.get_runtime_context().get_node_id()

    def look(name):
        time.sleep(0.2)
        return node, Path(name).read_text()

    return look


@pytest.fixture
def nobody_left():
    """Checks that all workers have ended after the test."""
    began = time.monotonic()
    yield
    assert multiprocessing.active_children() == []
    assert time.monotonic() - began < LONG / 4


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_task_is_done_and_each_worker_starts_once(workers, nobody_left):
    results = list(LocalEngine(workers=workers).map(start_of_squares, range(30)))
    assert sorted(square for square, _ in results) == [n**2 for n in range(30)]
    began = {start for _, start in results}
    assert len(began) == workers
    assert ({pid for pid, _ in began} == {os.getpid()}) == (workers == 1)


def test_no_more_workers_than_tasks(nobody_left):
    assert len({start for _, start in LocalEngine(workers=8).map(start_of_squares, [1, 2])}) == 2
    assert list(TWO.map(start_of_squares, [])) == []


def test_tasks_are_read_as_workers_have_room(nobody_left):
    taken = []
    results = TWO.map(start_of_squares, (taken.append(n) or n for n in range(1000)))
    for given, _ in enumerate(itertools.islice(results, 20)):
        assert 1 <= len(taken) - given <= 4
    results.close()


def test_large_tasks_and_results_do_not_block_each_other(nobody_left):
    large = bytes(3_000_000)
    assert [len(result) for result in TWO.map(start_of_echo, [large] * 9)] == [len(large)] * 9


def test_what_a_task_raises_is_raised_here(nobody_left):
    with pytest.raises(KeyError, match="lost") as caught:
        list(TWO.map(start_of_failure, [KeyError("lost")]))
    assert "in fail" in caught.value.__notes__[0]


def test_an_error_that_cannot_be_sent_is_named(nobody_left):
    with pytest.raises(EngineError, match="OfTwoWordsError: this is cut"):
        list(TWO.map(start_of_failure_to_send, ["this"]))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_start_raises_is_raised_here(workers, nobody_left):
    with pytest.raises(ModelError, match="no model 'x'"):
        list(LocalEngine(workers=workers).map(start_that_fails, range(4)))


def test_a_start_that_cannot_be_sent_is_refused():
    with pytest.raises(UsageError, match="define it at the top of a module, or use one worker"):
        list(TWO.map(lambda: abs, [1]))
    assert list(LocalEngine().map(lambda: abs, [-1])) == [1]


def test_a_worker_that_is_killed_is_an_error(nobody_left):
    done = []
    with pytest.raises(EngineError, match="a worker process ended before its work was done"):
        done.extend(TWO.map(start_of_suicide, range(100)))


def test_closing_ends_the_workers_in_the_middle_of_their_tasks(nobody_left):
    results = TWO.map(start_of_sleep, [0, LONG, LONG, LONG])
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()


def test_an_error_in_the_middle_ends_the_workers(nobody_left):
    def tasks():
        yield from (0, LONG, 0, 0)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(TWO.map(start_of_sleep, tasks()))


def test_workers_use_one_thread_each(nobody_left, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert list(TWO.map(start_of_threads, ["OMP_NUM_THREADS"])) == ["1"]
    assert (TWO.threads, LocalEngine().threads, RayEngine().threads) == (1, 0, 1)


PARENT = f"""
import multiprocessing, sys
sys.path.insert(0, {str(TESTS)!r})
from test_engines import LONG, TWO, start_of_sleep
print("begins", flush=True)
try:
    for pid in TWO.map(start_of_sleep, [0.1, 0.1, LONG, LONG, LONG]):
        print(pid, flush=True)
except KeyboardInterrupt:
    print("interrupted", multiprocessing.active_children(), flush=True)
"""


@pytest.fixture
def parent():
    """A process of its own group, with two workers."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_workers_end_with_a_parent_that_is_killed(parent):
    parent.stdout.readline()
    workers = {int(parent.stdout.readline()) for _ in range(2)}
    assert len(workers) == 2
    assert all(is_running(pid) for pid in workers)
    parent.kill()
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(is_running(pid) for pid in workers)


def is_running(pid):
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
@pytest.mark.parametrize("delay", [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.5])
def test_ctrl_c_ends_all_at_once_and_workers_print_nothing(parent, delay):
    """A terminal sends it to all processes, even while they start."""
    parent.stdout.readline()
    time.sleep(delay)
    os.killpg(parent.pid, signal.SIGINT)
    said, complaint = parent.communicate(timeout=20)
    assert said.splitlines()[-1] == "interrupted []"
    assert complaint == ""


def test_engines_by_name():
    assert engine_of("local", workers=3) == LocalEngine(workers=3)
    assert engine_of("local") == LocalEngine(workers=cores())
    assert engine_of("ray", workers=2, address="auto") == RayEngine(workers=2, address="auto")
    with pytest.raises(UsageError, match="--engine ray"):
        engine_of("local", address="auto")
    with pytest.raises(UsageError, match="at least 1"):
        engine_of("local", workers=-1)
    with pytest.raises(UsageError, match="at least 1"):
        LocalEngine(workers=0)


@pytest.fixture(scope="session")
def two_nodes():
    """The address of a Ray cluster of two nodes with one core each, on this machine."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'limner[cluster]'")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), path]))
    node = {"num_cpus": 1, "object_store_memory": 100_000_000}
    made = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    made.add_node(**node)
    yield made.address
    made.shutdown()
    if path is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = path


# Ray Data sets its own deprecated settings.
quiet = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")


@quiet
def test_ray_works_on_all_nodes_and_prints_nothing(two_nodes, tmp_path, monkeypatch, capfd):
    (tmp_path / "picture").write_text("here")
    monkeypatch.chdir(tmp_path)
    results = list(RayEngine(address=two_nodes).map(start_of_nodes, ["picture"] * 12))
    assert len(results) == 12
    assert len({node for node, _ in results}) == 2
    assert {text for _, text in results} == {"here"}
    assert capfd.readouterr() == ("", "")


@quiet
def test_ray_starts_once_in_each_worker(two_nodes):
    results = list(RayEngine(address=two_nodes, workers=1).map(start_of_squares, range(9)))
    assert sorted(square for square, _ in results) == [n**2 for n in range(9)]
    assert len({start for _, start in results}) == 1
    assert list(RayEngine(address=two_nodes).map(start_of_squares, [])) == []


@quiet
def test_errors_come_through_ray(two_nodes):
    engine = RayEngine(address=two_nodes)
    with pytest.raises(KeyError, match="lost"):
        list(engine.map(start_of_failure, [KeyError("lost")]))
    with pytest.raises(ModelError, match="no model 'x'"):
        list(engine.map(start_that_fails, [1]))


@quiet
def test_a_task_that_kills_its_worker_is_not_retried_for_ever(two_nodes, monkeypatch):
    monkeypatch.setattr(cluster, "_RETRIES", 1)
    with pytest.raises(EngineError, match="the Ray cluster lost the work"):
        list(RayEngine(address=two_nodes).map(start_of_suicide, range(8)))


@quiet
def test_pictures_go_through_ray(two_nodes, photo, tmp_path):
    for number in range(10):
        images.write(tmp_path / "in" / f"{number}.jpg", photo[number:])
    start = Sketches(style="pencil")
    written = []
    for engine in (LocalEngine(), RayEngine(address=two_nodes)):
        out = tmp_path / type(engine).__name__
        assert (
            batch.run(batch.jobs([str(tmp_path / "in")], str(out)), start, engine=engine).done == 10
        )
        written.append([images.read(file) for file in sorted(out.iterdir())])
    # Another number of threads may round the last bit of a sum otherwise.
    for here, there in zip(*written, strict=True):
        assert np.abs(here.astype(int) - there).max() <= 1
        assert (here != there).mean() < 0.001


@quiet
def test_a_dataset_prepared_on_a_cluster_is_the_same(two_nodes, person, tmp_path, monkeypatch):
    monkeypatch.setattr("limner.data.blocks.BLOCK", 3)
    for number in range(12):
        images.write(tmp_path / "in" / f"{number:02}.jpg", person(number))
    (tmp_path / "in" / "text.jpg").write_text("no picture")
    recipe, root = of_folder(tmp_path / "in")
    written = []
    for engine in (LocalEngine(), RayEngine(address=two_nodes)):
        out = tmp_path / type(engine).__name__
        made = prepare(recipe, out, data=root, engine=engine)
        assert (made.faces, made.dropped) == (12, {"unreadable": 1})
        written.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 4


def test_a_missing_cluster_is_reported_at_once():
    pytest.importorskip("ray", reason="needs Ray: pip install 'limner[cluster]'")
    began = time.monotonic()
    with pytest.raises(EngineError, match="no Ray cluster answers at"):
        list(RayEngine(address="127.0.0.1:1").map(start_of_squares, [1]))
    assert time.monotonic() - began < 20
