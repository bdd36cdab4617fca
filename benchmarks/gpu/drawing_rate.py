"""How many sketches a core draws in a second, and how many cores keep a GPU busy.

Everything is drawn that a run of `lifelike` is shown: photos turned and shifted, sketches of them,
two in five by a crude hand and two by a rough one (`hands.crude=0.4 hands.rough=0.4`), and hints.
The rate is that of the time that a core computes, whatever else runs beside it.

    python benchmarks/gpu/drawing_rate.py SET [--images N] [--set FIELD=VALUE]...
"""

import argparse
import time
from pathlib import Path

import torch

from limner.data.prepared import PreparedSet
from limner.experiments import lifelike
from limner.training.feeding.pictures import TrainingImages

RATES = (250, 500, 1000, 2000, 4000)
"""Images a second that a GPU may learn from."""
BATCH = 8


def main() -> None:
    """Draw, and print what it takes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prepared", metavar="SET", type=Path, help="dataset")
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], help="as of limner train"
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
        f"one core draws {rate:.0f} sketches a second ({passed / computed:.2f} times as long here)"
    )
    print(f"15 cores draw {15 * rate:.0f} a second")
    for wanted in RATES:
        print(f"{wanted:>6} images/s need {wanted / rate:5.1f} cores")


if __name__ == "__main__":
    main()
