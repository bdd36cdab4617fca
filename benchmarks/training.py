"""Speed, memory, start-up time and checkpoint cost of training.

    python benchmarks/training.py speed [--objectives pix2pix cyclegan] [--rounds 3]
    python benchmarks/training.py memory [--batches 1 4 16] [--sizes 64 128]
    python benchmarks/training.py start
    python benchmarks/training.py saves
    python benchmarks/training.py experiments --data SET [--names quick portrait] [--threads 1]

`speed` compares the loop in `reference_loop.py` with limner, with and without single optimisations.
All take turns; results are medians of the rounds, by wall-clock time and by processor time of this
process, without workers. `memory` is the peak memory of a separate process for each batch and size.
`start` is the time from the start of a process to its first step. `saves` is the cost of a sample
grid, a snapshot and a checkpoint. `experiments` predicts the hours of the named experiments; on a
shared machine, trust the hours by processor time.

Without `--data`, the pictures are variants of a portrait that scikit-image ships. All but
`experiments` take `--device cuda`, which adds variants that a CPU does not have.
"""

import argparse
import dataclasses
import functools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from reference_loop import Files, ReferenceCycleGAN, ReferencePix2Pix, forever, write
from runners import ExtraPass, Ours, SameBatch, config_for, pictures_for
from torch.utils.flop_counter import FlopCounterMode

from limner.data.prepared import PreparedSet
from limner.experiments import EXPERIMENTS, config_of
from limner.shipped import shipped_models
from limner.sketching import sketch
from limner.training.config import Config
from limner.training.run import RunFolder
from limner.training.watching.grid import SampleGrid

if TYPE_CHECKING:
    from collections.abc import Callable


def variants(options: argparse.Namespace, objective: str, prepared: Any) -> dict[str, Any]:
    """Return the variants that `speed` compares, by their names in the table."""
    cuda = options.device == "cuda"
    config = functools.partial(config_for, options, objective)
    plain = {"precision": "32-true", "compile": "off"}
    nchw = torch.contiguous_format
    found: dict[str, Any] = {
        "batch 1, default layout": Ours(config(batch=1, **plain), prepared, layout=nchw),
        "batch 1": Ours(config(batch=1, **plain), prepared),
        "default layout": Ours(config(**plain), prepared, layout=nchw),
        "limner, eager, float32" if cuda else "limner": Ours(config(**plain), prepared),
        "2 workers prefetch": Ours(config(workers=2, **plain), prepared),
        "one batch reused": SameBatch(config(**plain), prepared),
    }
    if objective == "cyclegan":
        found["pictures on the device"] = Ours(config(cache_on_device="on", **plain), prepared)
    if objective == "pix2pix":
        found["extra pass over the truth"] = ExtraPass(config(**plain), prepared)
    found["and bf16"] = Ours(config(precision="bf16-mixed", compile="off"), prepared)
    if cuda:
        found["limner: and compiled"] = Ours(config(), prepared)
        found["and CUDA graphs"] = Ours(config(compile="graphs"), prepared)
        found["all, one batch reused"] = SameBatch(config(), prepared)
    return found


def reference(options: argparse.Namespace, objective: str, prepared: Any, folder: Path) -> Any:
    """Return the baseline loop, on files of the same pictures."""
    photos = prepared.images("train", "photo")
    device = torch.device("cuda" if options.device == "cuda" else "cpu")
    if objective == "pix2pix":
        drawn = [np.stack([sketch(one, seed=n)] * 3, axis=-1) for n, one in enumerate(photos)]
        both = np.concatenate([np.stack(drawn), photos], axis=2)
        files = Files([], write(folder, "pairs", both), options.size)
        batches = forever(files, options.reference_workers)
        return ReferencePix2Pix(config_for(options, objective), batches, device)
    sketches = write(folder, "sketches", prepared.images("train", "sketch"))
    files = Files(sketches, write(folder, "photos", photos), options.size)
    batches = forever(files, options.reference_workers)
    return ReferenceCycleGAN(config_for(options, objective), batches, device)


def speed(options: argparse.Namespace) -> None:
    """Print a table for each objective."""
    prepared = pictures_for(options)
    print(f"torch {torch.__version__}; machine load {os.getloadavg()[0]:.1f}")
    for objective in options.objectives:
        with tempfile.TemporaryDirectory() as folder:
            first = reference(options, objective, prepared, Path(folder))
            runners = {"reference": first} | variants(options, objective, prepared)
            rates: dict[str, list[NDArray[np.float64]]] = {name: [] for name in runners}
            for runner in runners.values():  # fill caches, choose kernels, start workers
                runner.step()
            peak = 0.0
            for _ in range(options.rounds):
                peak = max(peak, product_rate(options))
                for name, runner in runners.items():
                    rates[name].append(rate(runner, options.seconds))
        flops = work(config_for(options, objective, device="cpu", compile="off"), prepared)
        print(
            f"{objective}, {options.size} px, batch {options.batch}: "
            f"{flops / 1e9:.1f} GFLOP/image; {torch.get_num_threads()} threads, "
            f"matrix product at {peak / 1e9:.0f} GFLOP/s"
        )
        for name, found in rates.items():
            (wall, _), (low, _), (high, _) = (f(found, axis=0) for f in (np.median, np.min, np.max))
            times, busy = np.median(np.divide(found, rates["reference"]), axis=0)
            print(
                f"  {name:25} {wall:8.2f} images/s ({low:.2f} to {high:.2f})  "
                f"{times:5.2f} times the reference, {busy:5.2f} by processor time  "
                f"{wall * flops / peak:5.1%} of the matrix product"
            )


def rate(runner: Any, seconds: float) -> NDArray[np.float64]:
    """Return images per second, by wall-clock time and by processor time."""
    wait()
    began, busy, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() < began + seconds:
        count += runner.step()
        if count % 16 == 0:
            wait()  # or the GPU would get more work than fits into the time
    wait()
    return count / np.array([time.perf_counter() - began, time.process_time() - busy])


def wait() -> None:
    """Wait until the GPU has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def work(config: Config, prepared: Any) -> float:
    """Return floating-point operations per image of a step: convolutions and matrix products."""
    ours = Ours(config, prepared)
    with FlopCounterMode(display=False) as counter:
        ours.step()
    return counter.get_total_flops() / config.batch


def product_rate(options: argparse.Namespace) -> float:
    """Return the FLOP/s of a large matrix product: on a GPU in bf16, on a CPU in float32."""
    cuda = options.device == "cuda"
    side = 8192 if cuda else 2048
    kind = {"device": options.device, "dtype": torch.bfloat16 if cuda else torch.float32}
    a, b = (torch.rand(side, side, **kind) for _ in range(2))
    times = []
    for _ in range(7):
        wait()
        began = time.perf_counter()
        a @ b
        wait()
        times.append(time.perf_counter() - began)
    return 2 * side**3 / min(times)


def memory(options: argparse.Namespace) -> None:
    """Print the peak memory for each batch and size."""
    for objective in options.objectives:
        for size in options.sizes:
            for batch in options.batches:
                given = [f"--size={size}", f"--batch={batch}", f"--objectives={objective}"]
                peak, before = child(options, "one-memory", given).split()
                print(
                    f"{objective:8} {size:4} px, batch {batch:3}: {peak} MB, "
                    f"before the first step {before} MB"
                )


def one_memory(options: argparse.Namespace) -> None:
    """Print the peak memory of this process after three steps, and before the first."""
    ours = Ours(config_for(options, options.objectives[0]), pictures_for(options))
    before = peak_memory()
    for _ in range(3):
        ours.step()
    wait()
    print(peak_memory(), before)


def peak_memory() -> int:
    """Return peak memory in MB: of the GPU if one is used, otherwise of this process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() // 10**6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 10**6


def start(options: argparse.Namespace) -> None:
    """Print how long a training process takes to start."""
    for objective in options.objectives:
        found = [
            child(options, "one-start", [f"--objectives={objective}"], clock=time.time())
            for _ in range(options.rounds)
        ]
        columns = zip(*([float(t) for t in line.split()] for line in found), strict=True)
        ready, first, second = (statistics.median(column) for column in columns)
        print(
            f"{objective:8} ready after {ready:.2f} s, first step done after {first:.2f} s, "
            f"the second took {second:.2f} s"
        )


def one_start(options: argparse.Namespace) -> None:
    """Print seconds since the parent's clock until ready and first step; seconds of the second."""
    began = float(os.environ["BENCHMARK_CLOCK"])
    ours = Ours(config_for(options, options.objectives[0]), pictures_for(options))
    at = [time.time()]
    for _ in range(2):
        ours.step()
        wait()
        at.append(time.time())
    print(at[0] - began, at[1] - began, at[2] - at[1])


def child(options: argparse.Namespace, what: str, given: list[str], *, clock: float = 0.0) -> str:
    """Run a separate process; return the last line that it prints."""
    kept = ("size", "batch", "width", "device", "threads")
    same = [f"--{name}={getattr(options, name)}" for name in kept]
    same += [f"--data={options.data}"] if options.data else []
    command = [sys.executable, __file__, what, *same, *given]
    environment = os.environ | {"BENCHMARK_CLOCK": str(clock)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


def saves(options: argparse.Namespace) -> None:
    """Print how long grids, snapshots and checkpoints take to write."""
    prepared = pictures_for(options)
    for objective in options.objectives:
        with tempfile.TemporaryDirectory() as name:
            _saves(options, prepared, objective, RunFolder(Path(name)))


def _saves(options: argparse.Namespace, prepared: Any, objective: str, run: RunFolder) -> None:
    config = config_for(options, objective)
    ours = Ours(config, prepared)
    ours.step()
    generators = ours.objective.generators
    grid = SampleGrid(config, prepared)
    run.open(config, grid.layout)
    acts: dict[str, Callable[[], object]] = {
        "grid": lambda: grid.write(run.path / "grid.png", generators, ours.fabric.device),
        "snapshot": lambda: run.save_snapshot(generators, 0, prepared),
        "checkpoint": lambda: run.save_state(
            {n: one.state_dict() for n, one in ours.objective.learners.items()}
        ),
    }
    for what, act in acts.items():
        times = []
        for _ in range(options.rounds):
            wait()
            began = time.perf_counter()
            act()
            times.append(time.perf_counter() - began)
        print(f"{objective:8} {what:10} {1000 * statistics.median(times):7.1f} ms")
    for file in sorted(run.path.iterdir()):
        print(f"  {file.name:32} {file.stat().st_size / 1e6:.2f} MB")


def experiments(options: argparse.Namespace) -> None:
    """Print the predicted hours of the named experiments."""
    prepared = PreparedSet(options.data)
    fabric = Fabric(accelerator=options.device, devices=1)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {fabric.device}")
    for name in options.names:
        config = dataclasses.replace(config_of(name), data=str(options.data))
        config = dataclasses.replace(config, device=options.device, threads=options.threads)
        config = dataclasses.replace(config, warm_up=0)  # its steps are cheaper
        if config.objective == "draughtsman":
            config = dataclasses.replace(config, reconstructor=str(shipped_models()["lifelike"]))
        ours = Ours(config, prepared)
        ours.step()
        wait()
        began, busy, count = time.perf_counter(), time.process_time(), 0
        for _ in range(options.rounds):
            count += ours.step()
        wait()
        wall, busy = time.perf_counter() - began, time.process_time() - busy
        hours, cores = (config.images * taken / count / 3600 for taken in (wall, busy))
        print(
            f"{name:10} {config.size:4} px  {count / wall:7.2f} images/s  {config.images:7} images:"
            f" {hours:6.2f} h, {cores:6.2f} core hours",
            flush=True,
        )


ACTS = {
    "speed": speed,
    "memory": memory,
    "start": start,
    "saves": saves,
    "experiments": experiments,
    "one-memory": one_memory,
    "one-start": one_start,
}


def main() -> None:
    """Run the requested benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=ACTS)
    parser.add_argument("--data", type=Path, help="dataset of photos and sketches")
    parser.add_argument("--objectives", nargs="+", default=["pix2pix", "cyclegan"])
    parser.add_argument("--names", nargs="+", default=list(EXPERIMENTS))
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="per variant and round")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--reference-workers", type=int, default=0)
    options = parser.parse_args()
    ACTS[options.what](options)


if __name__ == "__main__":
    main()
