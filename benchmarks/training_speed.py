"""How fast the named experiments train: images a second, making the images included.

    python benchmarks/training_speed.py SET [EXPERIMENT...] [--steps N] [--threads N]

SET is a prepared set of photos and sketches; what was learnt is thrown away. On a machine that
others use too, the figure that counts is the one by the processor time of this process.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import torch
from lightning_fabric import Fabric

from limner.data.prepared import PreparedSet
from limner.experiments import EXPERIMENTS, config_of
from limner.training.loop import OBJECTIVES


def measure(name: str, prepared: PreparedSet, steps: int, fabric: Fabric) -> str:
    """Take `steps` steps of an experiment, after one to warm up; a line of a table."""
    config = dataclasses.replace(config_of(name), data=str(prepared.path))
    kind = OBJECTIVES[config.objective]
    images, objective = kind.images(config, prepared), kind(config, fabric)
    objective.step(images.batch(0, config.batch).on(fabric), config.lr)
    started, busy = time.perf_counter(), time.process_time()
    for step in range(1, steps + 1):
        batch = images.batch(step * config.batch, config.batch).on(fabric)
        terms = objective.step(batch, config.lr)
    terms["score_real" if "score_real" in terms else "score_real_photo"].item()  # wait for it
    wall, busy = time.perf_counter() - started, time.process_time() - busy
    count = steps * config.batch
    hours = config.images * wall / count / 3600
    cores = config.images * busy / count / 3600
    return (
        f"{name:10} {config.size:4} px  {count / wall:7.2f} images/s  {config.images:7} images: "
        f"{hours:6.2f} h, {cores:6.2f} h of one core"
    )


def main() -> None:
    """Measure the experiments named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path)
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    fabric = Fabric(accelerator="auto", devices=1)
    fabric.launch()
    prepared = PreparedSet(arguments.set)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {fabric.device}")
    for name in arguments.experiments:
        print(measure(name, prepared, arguments.steps, fabric), flush=True)


if __name__ == "__main__":
    main()
