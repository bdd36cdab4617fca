"""Pictures per second of `limner photo` on a folder, with one worker and with several.

Each run is the complete command in its own process, from start to exit. Runs are interleaved;
results are medians of the rounds, after one that warms the disk cache. All runs must write the
same bytes.

    python benchmarks/batch.py [--pictures 400] [--workers 1 2] [--rounds 5] [DRAWING ...]
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    """Print a line for each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("drawings", nargs="*", type=Path, help="default: the examples")
    parser.add_argument(
        "--pictures", type=int, default=400, help="size of the folder; drawings are repeated"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    drawings = options.drawings or sorted(EXAMPLES.glob("*.png"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "in", drawings, options.pictures)
        times: dict[int, list[float]] = {workers: [] for workers in options.workers}
        digests = set()
        for _ in range(1 + options.rounds):
            for workers, taken in times.items():
                seconds, digest = run(folder, workers)
                taken.append(seconds)
                digests.add(digest)
    if len(digests) > 1:
        raise SystemExit("the results depend on the number of workers")
    medians = {workers: statistics.median(taken[1:]) for workers, taken in times.items()}
    first = medians[options.workers[0]]
    for workers, seconds in medians.items():
        print(
            f"{workers} workers: {seconds:6.2f} s for {options.pictures} pictures, "
            f"{options.pictures / seconds:5.1f}/s, {first / seconds:.2f} times as fast"
        )


def fill(folder: Path, drawings: list[Path], count: int) -> None:
    """Fill the folder with `count` links to the drawings, which are repeated."""
    folder.mkdir()
    for number in range(count):
        drawing = drawings[number % len(drawings)].resolve()
        (folder / f"{number:05}{drawing.suffix}").symlink_to(drawing)


def run(folder: Path, workers: int) -> tuple[float, str]:
    """Return the seconds of one run and a digest of everything that it wrote."""
    out = folder / "out"
    command = [sys.executable, "-m", "limner", "photo", "in", "-o", "out", "--workers"]
    start = time.perf_counter()
    subprocess.run([*command, str(workers)], cwd=folder, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    files = sorted(out.iterdir())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    for file in files:
        file.unlink()
    return seconds, f"{len(files)} {digest}"


if __name__ == "__main__":
    main()
