"""Do the metrics rank results as a person would? On hand-drawn sketches of CUFS.

    python benchmarks/metric_order.py --data FOLDER --out FOLDER [--every N]

For each folder in FOLDER that contains `photos/` and `sketches/` with the same file names: compares
the shipped model's photos with results of obvious rank: the ground-truth photos, the raw sketches,
a drawing of the ground-truth photo in each of limner's styles, and the average photo for everybody.
All results are crops of aligned faces, compared at 128 px. Prints a table and writes a page for
each set into --out.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from crops import translated
from sketch_styles import aligned_pairs

from limner import images
from limner.shipped import DEFAULT_MODEL
from limner.sketching import STYLES, sketch
from limner.translator import Translator

SIDE = 128


def main() -> None:
    """Compare the results of each set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pages")
    parser.add_argument("--every", type=int, default=1, help="use every n-th person only")
    args = parser.parse_args()
    for folder in sorted(args.data.iterdir()):
        if not ((folder / "photos").is_dir() and (folder / "sketches").is_dir()):
            continue
        with tempfile.TemporaryDirectory() as work:
            names = results(*aligned_pairs(folder, args.every), Path(work))
            page = args.out / f"{folder.name}.html"
            command = [sys.executable, "-m", "limner", "compare", *names, "--aligned"]
            command += ["--size", str(SIDE)]
            command += ["--sketches", "raw sketches", "--ground-truth", "ground-truth photos"]
            command += [
                "--html",
                str(page.resolve()),
                "--json",
                str(page.with_suffix(".json").resolve()),
            ]
            subprocess.run(command, cwd=work, check=True)


def results(photos: np.ndarray, drawings: np.ndarray, work: Path) -> list[str]:
    """Write the results into folders; return their names, the shipped model's first."""
    average = photos.mean(axis=0).round().astype(np.uint8)
    candidates = {
        DEFAULT_MODEL: translated(Translator(), drawings),
        "ground-truth photos": photos,
        "average photo": [average] * len(photos),
        "raw sketches": drawings,
    } | {
        style: [sketch(photo, style, seed) for seed, photo in enumerate(photos)] for style in STYLES
    }
    for name, pictures in candidates.items():
        for number, picture in enumerate(pictures):
            images.write(work / name / f"{number:03d}.png", picture)
    return list(candidates)


if __name__ == "__main__":
    main()
