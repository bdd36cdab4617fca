"""A training run that is killed at random moments, and resumed."""

import contextlib
import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
import time

from .test_loop import assert_same_run

KILLS = int(os.environ.get("LIMNER_KILLS", "3"))
"""How often it is killed; each takes some seconds."""

DRIVER = """
import json, sys
from pathlib import Path
from limner.training.config import Config
from limner.training.loop import train
config = Config.from_dict(json.loads(sys.argv[1]))
print("ready", flush=True)
train(config, Path(sys.argv[2]))
"""


def test_a_killed_training_ends_bit_equal(tiny_of, tmp_path):
    """`hybrid` has all kinds of networks, pools and streams of images."""
    # A checkpoint after every batch, so that a kill often hits one.
    config = dataclasses.replace(tiny_of["projected"], images=60, save_every=4, snapshot_every=20)
    settings = json.dumps(config.to_dict())

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, settings, path], stdout=subprocess.PIPE
        )
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
        return process

    process, begin = start(tmp_path / "whole"), time.monotonic()
    assert process.wait() == 0
    whole_time, rng, killed = time.monotonic() - begin, random.Random(0), 0
    while killed < KILLS:
        process = start(tmp_path / "run")
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert process.wait(rng.uniform(0, whole_time)) == 0
            shutil.rmtree(tmp_path / "run")  # it was complete: start again
            continue
        process.kill()
        process.wait()
        killed += 1
    assert start(tmp_path / "run").wait() == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert not list((tmp_path / "run").rglob("*.part"))
