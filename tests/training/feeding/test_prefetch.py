import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from limner.errors import EngineError, Interrupted
from limner.training.config import Augmentation
from limner.training.feeding.batch import Part
from limner.training.feeding.pictures import TrainingImages
from limner.training.feeding.prefetch import Prefetcher
from limner.training.loop import train
from limner.training.objectives.hybrid import Hybrid
from limner.training.run import RunFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")


def pictures():
    photos = np.random.default_rng(0).integers(0, 255, (5, 40, 40, 3), dtype=np.uint8)
    return TrainingImages(photos, size=32, seed=0, augmentation=Augmentation())


def parts():
    for first in (3, 5, 9):
        yield Part(first=first, count=2)


def long_parts():
    for first in range(10_000):
        yield Part(first=first, count=1)


def to_the_bit(state):
    """Nested values that can be compared."""
    if isinstance(state, torch.Tensor):
        return state.tolist()
    if isinstance(state, dict):
        return {name: to_the_bit(value) for name, value in state.items()}
    return list(map(to_the_bit, state)) if isinstance(state, list | tuple) else state


def last_stats(path):
    stats = json.loads((path / "stats.jsonl").read_text().splitlines()[-1])
    return {name: value for name, value in stats.items() if name != "rate"}


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_without_workers_each_part_is_drawn_when_it_is_asked_for():
    images = pictures()
    with Prefetcher(images, parts, workers=0) as ahead:
        drawn = [next(ahead) for _ in range(3)]
    assert [part for part, _ in drawn] == list(parts())
    for part, shown in drawn:
        expected = images.draw(part.first, part.count)
        assert all(shown[name].equal(expected[name]) for name in ("photo", "sketched"))


def test_a_run_with_workers_is_that_without(tiny_of, finished_run_of, tmp_path, monkeypatch):
    """Interrupted with workers, resumed without."""
    step = Hybrid.step
    steps = []

    def step_then_interrupt(self, *args):
        steps.append(step(self, *args))
        if len(steps) == 3:
            assert len(multiprocessing.active_children()) == 2
            os.kill(os.getpid(), signal.SIGTERM)
        return steps[-1]

    monkeypatch.setattr(Hybrid, "step", step_then_interrupt)
    with pytest.raises(Interrupted, match="after 12 of 24"):
        train(dataclasses.replace(tiny_of["hybrid"], workers=2), tmp_path)
    assert multiprocessing.active_children() == []
    train(tiny_of["hybrid"], tmp_path)
    whole = finished_run_of("hybrid")
    ours, expected = (to_the_bit(RunFolder(path).load_state()) for path in (tmp_path, whole))
    assert ours == expected
    assert last_stats(tmp_path) == last_stats(whole)


def test_workers_outlive_signals_to_a_group_and_one_that_is_lost_is_named():
    drawn = []

    def lose_it():
        with Prefetcher(pictures(), long_parts, workers=1) as ahead:
            next(ahead)
            (worker,) = multiprocessing.active_children()
            for number in (signal.SIGINT, signal.SIGTERM):  # as torchrun sends it to all
                os.kill(worker.pid, number)
            drawn.extend(next(ahead)[0].first for _ in range(20))
            worker.kill()
            for _ in range(10_000):
                next(ahead)

    with pytest.raises(EngineError, match="prefetches images was lost"):
        lose_it()
    assert drawn == list(range(1, 21))


PARENT = """
import json, multiprocessing, sys, threading, time
from pathlib import Path
from limner.training.config import Config
from limner.training.loop import train

def tell():
    while len(workers := multiprocessing.active_children()) < 1 or not state.exists():
        time.sleep(0.01)
    print(*(worker.pid for worker in workers), flush=True)

if __name__ == "__main__":
    state = Path(sys.argv[2]) / "state.pt"
    threading.Thread(target=tell, daemon=True).start()
    train(Config.from_dict(json.loads(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nobody tells who is running")
@pytest.mark.parametrize("how", ["Ctrl-C", "killed"])
def test_workers_end_with_the_training(tiny, tmp_path, how):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    config = dataclasses.replace(tiny, images=10**6, workers=1, save_every=40)
    command = [sys.executable, script, json.dumps(config.to_dict()), tmp_path / "run"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        assert len(workers) == 1
        assert all(map(is_running, workers))
        if how == "killed":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, complaint = process.communicate(timeout=30)
        deadline = time.monotonic() + 20  # they look for their parent every five seconds
        while any(map(is_running, workers)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(is_running, workers))
    if how == "Ctrl-C":
        assert complaint.count("Traceback") == 1
        assert "Interrupted: stopped after" in complaint
