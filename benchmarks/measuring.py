"""How long the whole report takes, and how much memory.

    python benchmarks/measuring.py --data FOLDER [--triples 1000] [--rounds 3]

For so many photos of FOLDER, a sketch that limner draws of each and the photo that the shipped
model makes of it: `limner measure` with the ground-truth photos, as many other real photos, and the
page. With 1 worker and with 2, without a cache and with a full one; each takes turns in every
round, in a process of its own; medians. Memory is the peak of the process and of its largest
worker, at a quarter of the triples and at all of them. Then what each measure's statistics cost by
themselves.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

# One thread each, before anything reads these.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from limner import batch, images
from limner.engines import LocalEngine
from limner.features.evaluation_set import EvaluationSet
from limner.features.extraction import extract
from limner.makers import Photos, Sketches
from limner.metrics.catalogue import standard
from limner.metrics.resampling import Resampling

MEASURED = """
import resource, sys, time
from limner import cli
if __name__ == "__main__":  # workers import this module again
    start = time.perf_counter()
    sys.argv = ["limner", *sys.argv[1:]]
    try:
        cli.app(standalone_mode=False)
    finally:
        peaks = (resource.getrusage(who).ru_maxrss / 1e3 for who in (
            resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print("MEASURED", time.perf_counter() - start, *peaks)
"""


def main() -> None:
    """Make the triples, then measure the measuring."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--triples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        count = make(args.data, args.triples, room / "all")
        part(room / "all", room / "quarter", count // 4)
        speed(room, count, args.rounds)
        statistics(room / "all")


def make(photos: Path, count: int, room: Path) -> int:
    """Fill the folders `ground_truth`, `sketches`, `generated` and `real`; the number of rows."""
    files = images.files_below(photos)
    # Evenly over the sources, one for the truth and one for the set in turn.
    chosen = files[:: max(1, len(files) // (2 * count))][: 2 * count]
    for number, file in enumerate(chosen):
        place = (
            room
            / ("ground_truth" if number % 2 == 0 else "real")
            / f"{number // 2:05d}{file.suffix}"
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.resolve())
    engine = LocalEngine(workers=2)
    work = batch.jobs([str(room / "ground_truth")], str(room / "sketches"))
    batch.run(work, Sketches(style="pencil"), engine=engine)
    work = batch.jobs([str(room / "sketches")], str(room / "generated"))
    return batch.run(work, Photos(model="portrait", threads=1), engine=engine).done


def part(whole: Path, room: Path, count: int) -> None:
    """The first so many triples, and so many real photos."""
    for role in ("ground_truth", "sketches", "generated", "real"):
        (room / role).mkdir(parents=True)
        for file in sorted((whole / role).iterdir())[:count]:
            shutil.copy(file, room / role / file.name)


def speed(room: Path, count: int, rounds: int) -> None:
    """Print seconds, triples a second and peak memory of the whole command."""
    ways = {
        "1 worker": ("all", 1, "empty"),
        "2 workers": ("all", 2, "empty"),
        "2 workers, a full cache": ("all", 2, "full"),
        "2 workers, a quarter of the triples": ("quarter", 2, "empty"),
    }
    measured = [{way: run(room, *how) for way, how in ways.items()} for _ in range(rounds)]
    print(f"{count} triples and as many real photos, medians of {rounds}")
    for way, (which, _, _) in ways.items():
        seconds, own, worker = (median(one[way][k] for one in measured) for k in range(3))
        triples = count if which == "all" else count // 4
        print(
            f"{way:38s} {seconds:7.1f} s  {triples / seconds:6.1f} triples/s  "
            f"{own:5.0f} MB, the largest worker {worker:5.0f} MB",
            flush=True,
        )


def run(room: Path, which: str, workers: int, cache: str) -> tuple[float, float, float]:
    """Seconds of one report, and the peak MB of its process and of a worker."""
    script, kept = room / "measured.py", room / f"cache-{which}"
    script.write_text(MEASURED)
    if cache == "empty":
        shutil.rmtree(kept, ignore_errors=True)
    options = [
        part
        for role in ("generated", "sketches", "ground_truth", "real")
        for part in (f"--{role}", str(room / which / role))
    ]
    command = [sys.executable, str(script), "measure", *options, "--workers", str(workers)]
    command += ["--cache", str(kept), "--html", str(room / "page.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("MEASURED"))
    seconds, own, worker = map(float, line.split()[1:])
    return seconds, own, worker


def statistics(room: Path) -> None:
    """Print the seconds that each measure takes once its features are found."""
    import time

    metrics = standard()
    evaluated = EvaluationSet.of_folders(
        room / "generated",
        sketches=room / "sketches",
        ground_truth=room / "ground_truth",
        real=room / "real",
    )
    there = evaluated.roles()
    possible = [
        one for one in metrics if all(there.issuperset(w.roles) for w in one.inputs.values())
    ]
    inputs = [needed for one in possible for needed in one.inputs.values()]
    found = extract(evaluated, inputs, cache=room.parent / "cache-all")
    for one in possible:
        features, _ = found.of(one.inputs)
        start = time.perf_counter()
        scores = list(one.scores(features, Resampling()))
        print(f"{one.title:38s} {time.perf_counter() - start:7.2f} s for {len(scores)} figures")


if __name__ == "__main__":
    main()
