"""limner beside what the field would pick instead, in one run: what each costs, and how good it is.

Contenders are those of `contenders.py`: limner's runtime with a shipped model, the generator of
the reference CycleGAN in torch (untrained, which tells time and memory, not quality), and a
classical exemplar method, `exemplar.py`. The exemplar method takes its patches from photos of a
dataset that are drawn in the style `pencil`, and from hand-drawn pairs.

Printed first, for a photo of 128 px of an aligned drawing: the time from a new process to a file
(cold), and of a further photo (warm), medians, all contenders in turn; the peak memory of the
process of each; the size of the distributions that it needs and of what it learnt. Then, for each
folder `DIR/*/` with `photos/` and `sketches/` of the same names, the scores of `limner compare`
for limner and the exemplar method, with its pairs from the dataset, from the other folders and,
without the person's own pair, from the same folder.

    python benchmarks/field.py --set SET [--photos 1000] [--data DIR] [--rounds 11] [--skip costs]

While other work takes turns on the same cores, NumPy's threads mostly wait for each other: set
OPENBLAS_NUM_THREADS=1 then. It holds for the scores; costs are measured with --threads.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, cast

import numpy as np
from contenders import CONTENDERS, DISTRIBUTIONS
from field_scores import Pairs, drawn_pairs, hand_drawn_pairs, scores, table
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import limner
from limner import images
from limner.shipped import shipped_models
from limner.translator import Translator

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "woman-long-hair.png"
CONTENDER = Path(__file__).with_name("contenders.py")
WARM_UP = 2
PAUSE = 0.1
"""Seconds before each warm photo: threads of the contender before it may still wait for work."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A contender and what it learnt."""

    contender: str
    file: Path | None = None
    """Weights or pairs; None if limner includes them."""


@dataclass(kw_only=True)
class Cost:
    """What a contender costs."""

    cold: float = 0.0
    """Seconds from the start of a process to the written photo."""
    warm: float = 0.0
    """Seconds for a further photo."""
    memory: int = 0
    """Peak memory in bytes."""
    installed: int = 0
    """Bytes of the distributions that it needs, and of limner's own package for limner."""
    learnt: int = 0
    """Bytes of its weights or pairs."""


def main() -> None:
    """Print the table of costs, and a table of scores for each folder of drawings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", type=Path, required=True, help="dataset of photos to draw")
    parser.add_argument("--photos", type=int, default=1000, help="how many of them to draw")
    parser.add_argument("--data", type=Path, help="folder of sets of photos and sketches")
    parser.add_argument("--every", type=int, default=1, help="use every n-th person only")
    parser.add_argument("--model", default="lifelike", help="a shipped model")
    parser.add_argument("--drawing", type=Path, default=EXAMPLE, help="to measure the costs with")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 for all cores")
    parser.add_argument("--skip", choices=["costs", "scores"], default="")
    options = parser.parse_args()
    drawn = drawn_pairs(options.set, options.photos)
    folders = [
        folder
        for folder in (sorted(options.data.iterdir()) if options.data else [])
        if (folder / "photos").is_dir() and (folder / "sketches").is_dir()
    ]
    hand_drawn = {folder.name: hand_drawn_pairs(folder, options.every) for folder in folders}
    with tempfile.TemporaryDirectory() as folder:
        if options.skip != "costs":
            print_costs(costs(options, {"drawn photos": drawn, **hand_drawn}, Path(folder)))
        for drawings in folders if options.skip != "scores" else []:
            work = Path(folder) / drawings.name
            compared = scores(
                options.model, drawings, hand_drawn, drawn, work, workers=options.workers
            )
            print(f"\n{drawings.name}\n\n{table(compared)}", flush=True)


def costs(
    options: argparse.Namespace, taught: Mapping[str, Pairs], folder: Path
) -> dict[str, Cost]:
    """Measure all contenders, the exemplar method with each of the sets of pairs."""
    drawing = folder / "drawing.png"
    [aligned] = Translator(options.model).align(options.drawing)
    images.write(drawing, images.to_grey(aligned.image))
    entries = {"limner": Entry(contender="limner")}
    for name in CONTENDERS:
        if name.startswith("cyclegan"):
            entries[name] = Entry(contender=name, file=folder / f"{name}.pt")
            command = [sys.executable, CONTENDER, name, "--untrained", folder / f"{name}.pt"]
            subprocess.run(list(map(str, command)), check=True)
    for name, pairs in taught.items():
        file = folder / f"{name}.npz"
        np.savez(file, photos=pairs.photos, sketches=pairs.sketches)
        title = f"exemplar, {len(pairs.names)} pairs ({name})"
        entries[title] = Entry(contender="exemplar", file=file)
    commands = {
        name: [
            *(sys.executable, str(CONTENDER), entry.contender, str(drawing)),
            *(str(folder / "photo.png"), "--threads", str(options.threads)),
            *("--model", options.model),
            *(("--file", str(entry.file)) if entry.file else ()),
        ]
        for name, entry in entries.items()
    }
    found = {name: Cost() for name in entries}
    for name, seconds in cold_times(commands, options.rounds).items():
        found[name].cold = seconds
    for name, (seconds, memory) in warm_times(commands, options.rounds).items():
        found[name].warm, found[name].memory = seconds, memory
    for name, entry in entries.items():
        learnt = entry.file or shipped_models()[options.model]
        found[name].learnt = learnt.stat().st_size
        found[name].installed = installed(DISTRIBUTIONS[entry.contender])
        if entry.contender == "limner":
            found[name].installed += size_of(Path(limner.__file__).parent)
    return found


def cold_times(commands: Mapping[str, list[str]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each command, in turn, after a round that warms disk caches."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(1 + rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, env=environment(command))
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def warm_times(commands: Mapping[str, list[str]], rounds: int) -> dict[str, tuple[float, int]]:
    """Return each contender's median seconds, in turn, and its peak memory in bytes."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    with contextlib.ExitStack() as running:
        processes = {
            name: running.enter_context(
                subprocess.Popen(
                    [*command, "--serve"],
                    env=environment(command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name, command in commands.items()
        }
        for process in processes.values():
            said(process)
        for number in range(WARM_UP + rounds):
            for name, process in processes.items():
                time.sleep(PAUSE)
                asked = cast("IO[str]", process.stdin)
                asked.write("\n")
                asked.flush()
                seconds = float(said(process))
                if number >= WARM_UP:
                    times[name].append(seconds)
        found = {}
        for name, process in processes.items():
            cast("IO[str]", process.stdin).close()
            found[name] = statistics.median(times[name]), int(said(process))
    return found


def environment(command: list[str]) -> dict[str, str]:
    """Return the environment of a contender: as many threads for NumPy as for the others."""
    threads = command[command.index("--threads") + 1]
    return os.environ | {"OPENBLAS_NUM_THREADS": threads}


def said(process: "subprocess.Popen[str]") -> str:
    """Return the next line that a contender prints."""
    line = cast("IO[str]", process.stdout).readline()
    if not line:
        raise SystemExit(f"a contender ended early: {process.args!r}")
    return line


def installed(names: Iterable[str]) -> int:
    """Return the bytes of the installed files of some distributions and of all that they need.

    Raises:
        PackageNotFoundError: One is not installed.
    """
    waiting, found = list(names), {}
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        distribution = metadata.distribution(name)
        paths = {Path(str(file.locate())) for file in distribution.files or ()}
        found[name] = sum(path.stat().st_size for path in paths if path.is_file())
        needed = [Requirement(text) for text in distribution.requires or ()]
        waiting += [
            one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    return sum(found.values())


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder, without compiled Python."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )


def print_costs(found: Mapping[str, Cost]) -> None:
    """Print the table of costs, with ratios to limner's."""
    print(
        "| | cold | warm | peak memory | installed | weights or pairs |\n|---|---|---|---|---|---|"
    )
    base = found["limner"]
    for name, cost in found.items():
        print(
            f"| {name} | {cost.cold:.2f} s ({cost.cold / base.cold:.1f}) "
            f"| {1e3 * cost.warm:.1f} ms ({cost.warm / base.warm:.1f}) "
            f"| {cost.memory / 1e6:.0f} MB ({cost.memory / base.memory:.1f}) "
            f"| {cost.installed / 1e6:.0f} MB ({cost.installed / base.installed:.1f}) "
            f"| {cost.learnt / 1e6:.1f} MB ({cost.learnt / base.learnt:.1f}) |"
        )
    print("(in brackets: as a multiple of limner's)", flush=True)


if __name__ == "__main__":
    main()
