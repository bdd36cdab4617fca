"""Time and memory of a complete report.

    python benchmarks/measuring.py --data FOLDER [--triples 1000] [--rounds 3]

A triple is a photo of FOLDER, limner's sketch of it, and the photo that the shipped model generates
from the sketch. Runs `limner measure` on the triples and as many other real photos, with the HTML
page: with 1 worker and with 2, without a cache and with a full one. All take turns in every round,
each in its own process; results are medians. Memory is the peak of the process and of its largest
worker, for a quarter of the triples and for all of them. Then the cost of each metric's statistics
alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

# One thread each; set before any library reads these.
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
    """Make the triples, then measure the command and the statistics."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--triples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        count = make(args.data, args.triples, work / "all")
        part(work / "all", work / "quarter", count // 4)
        speed(work, count, args.rounds)
        statistics(work / "all")


def make(photos: Path, count: int, folder: Path) -> int:
    """Fill the folders `ground_truth`, `sketches`, `generated` and `real`; return the row count."""
    files = images.files_below(photos)
    # Evenly over the sources; alternately a ground-truth photo and another real photo.
    chosen = files[:: max(1, len(files) // (2 * count))][: 2 * count]
    for number, file in enumerate(chosen):
        place = (
            folder
            / ("ground_truth" if number % 2 == 0 else "real")
            / f"{number // 2:05d}{file.suffix}"
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.resolve())
    engine = LocalEngine(workers=2)
    jobs = batch.jobs([str(folder / "ground_truth")], str(folder / "sketches"))
    batch.run(jobs, Sketches(style="pencil"), engine=engine)
    jobs = batch.jobs([str(folder / "sketches")], str(folder / "generated"))
    return batch.run(jobs, Photos(model="portrait", threads=1), engine=engine).done


def part(source: Path, target: Path, count: int) -> None:
    """Copy the first `count` triples and real photos."""
    for role in ("ground_truth", "sketches", "generated", "real"):
        (target / role).mkdir(parents=True)
        for file in sorted((source / role).iterdir())[:count]:
            shutil.copy(file, target / role / file.name)


def speed(work: Path, count: int, rounds: int) -> None:
    """Print seconds, triples per second and peak memory of the complete command."""
    ways = {
        "1 worker": ("all", 1, "empty"),
        "2 workers": ("all", 2, "empty"),
        "2 workers, a full cache": ("all", 2, "full"),
        "2 workers, a quarter of the triples": ("quarter", 2, "empty"),
    }
    measured = [{way: run(work, *how) for way, how in ways.items()} for _ in range(rounds)]
    print(f"{count} triples and as many real photos, medians of {rounds}")
    for way, (which, _, _) in ways.items():
        seconds, own, worker = (median(one[way][k] for one in measured) for k in range(3))
        triples = count if which == "all" else count // 4
        print(
            f"{way:38s} {seconds:7.1f} s  {triples / seconds:6.1f} triples/s  "
            f"{own:5.0f} MB, the largest worker {worker:5.0f} MB",
            flush=True,
        )


def run(work: Path, which: str, workers: int, cache: str) -> tuple[float, float, float]:
    """Return the seconds of one report, and the peak MB of its process and of a worker."""
    script, kept = work / "measured.py", work / f"cache-{which}"
    script.write_text(MEASURED)
    if cache == "empty":
        shutil.rmtree(kept, ignore_errors=True)
    options = [
        part
        for role in ("generated", "sketches", "ground_truth", "real")
        for part in (f"--{role.replace('_', '-')}", str(work / which / role))
    ]
    command = [sys.executable, str(script), "measure", *options, "--workers", str(workers)]
    command += ["--cache", str(kept), "--html", str(work / "page.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("MEASURED"))
    seconds, own, worker = map(float, line.split()[1:])
    return seconds, own, worker


def statistics(folder: Path) -> None:
    """Print the seconds that each metric takes once its features are computed."""
    import time

    metrics = standard()
    evaluated = EvaluationSet.of_folders(
        folder / "generated",
        sketches=folder / "sketches",
        ground_truth=folder / "ground_truth",
        real=folder / "real",
    )
    roles = evaluated.roles()
    possible = [
        one for one in metrics if all(roles.issuperset(w.roles) for w in one.inputs.values())
    ]
    inputs = [needed for one in possible for needed in one.inputs.values()]
    found = extract(evaluated, inputs, cache=folder.parent / "cache-all")
    for one in possible:
        features, _ = found.of(one.inputs)
        start = time.perf_counter()
        scores = list(one.scores(features, Resampling()))
        print(f"{one.title:38s} {time.perf_counter() - start:7.2f} s for {len(scores)} scores")


if __name__ == "__main__":
    main()
