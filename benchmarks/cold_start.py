"""A cold start of `limner photo`, compared with `import torch` alone.

Each run is a new process. Runs are interleaved; results are medians of ROUNDS runs, after one that
warms the disk cache.

    python benchmarks/cold_start.py [DRAWING]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
EXAMPLE = Path(__file__).parents[1] / "examples" / "woman-long-hair.png"


def main(drawing: Path) -> None:
    """Print both medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "limner photo": [
                *(sys.executable, "-m", "limner", "photo", str(drawing)),
                *("-o", str(Path(folder) / "photo.png")),
            ],
            "import torch": [sys.executable, "-c", "import torch"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(1 + ROUNDS):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, check=True)
                times[name].append(time.perf_counter() - start)
    limner, torch = (statistics.median(times[name][1:]) for name in commands)
    ratio = torch / limner
    print(f"limner photo {limner:.2f} s, import torch {torch:.2f} s: {ratio:.1f} times as long")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE)
