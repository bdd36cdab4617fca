"""Sketches that a core draws per second, and the number of cores that keep a GPU busy.

Draws all training images of a run of `lifelike`: rotated and shifted photos; sketches of them, two
in five crude and two in five rough (`hands.crude=0.4 hands.rough=0.4`); and hints. The rate is per
second of processor time, so other programs on the machine do not matter.

    python benchmarks/gpu/drawing_rate.py SET [--images N] [--set FIELD=VALUE]...
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers of a run

import torch

from limner.data.prepared import PreparedSet
from limner.experiments import lifelike
from limner.training.feeding.pictures import TrainingImages

RATES = (250, 500, 1000, 2000, 4000)
"""Images per second that a GPU may train on."""
BATCH = 8


def main() -> None:
    """Draw, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prepared", metavar="SET", type=Path, help="dataset")
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], help="see limner train"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = lifelike().with_settings(options.settings)
    images = TrainingImages.of(config, PreparedSet(options.prepared), sketches=False, pairs=True)
    images.draw(0, BATCH)
    computed, passed = time.process_time(), time.perf_counter()
    for first in range(BATCH, BATCH + options.images, BATCH):
        images.draw(first, BATCH)
    computed, passed = time.process_time() - computed, time.perf_counter() - passed
    rate = options.images / computed
    print(
        f"one core draws {rate:.0f} sketches per second of processor time "
        f"({passed / computed:.2f} times as long by wall-clock time here)"
    )
    print(f"15 cores draw {15 * rate:.0f} per second")
    for target in RATES:
        print(f"{target:>6} images/s need {target / rate:5.1f} cores")


if __name__ == "__main__":
    main()
