"""Do the measures put things in the order that a person would? On hand-drawn sketches of CUFS.

    python benchmarks/measure_order.py --data FOLDER --out FOLDER [--every N]

For each folder of FOLDER that holds `photos/` and `sketches/` with the same file names: the shipped
model's photos beside results that a person can place at once: the ground-truth photos, the raw
sketches themselves, a drawing of the ground-truth photo in each of limner's styles, and the average
photo for everybody. Faces are cut out first, so that all results lie in one frame. Prints a table
and writes a page for each set into --out; and says how strong the model's grid of 2 px is in the
mean of all its photos, where faces cancel out.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sketch_styles import aligned_pairs

from limner import images
from limner.sketching import STYLES, sketch
from limner.translator import Translator


def main() -> None:
    """Compare, set by set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pages")
    parser.add_argument("--every", type=int, default=1, help="every n-th person only")
    args = parser.parse_args()
    for folder in sorted(args.data.iterdir()):
        if not ((folder / "photos").is_dir() and (folder / "sketches").is_dir()):
            continue
        with tempfile.TemporaryDirectory() as room:
            names = results(*aligned_pairs(folder, args.every), Path(room))
            made = [images.read(file) for file in (Path(room) / "portrait").iterdir()]
            print(f"\n{folder.name}: a grid of {grid(made):.2f} grey levels", flush=True)
            page = args.out / f"{folder.name}.html"
            command = [sys.executable, "-m", "limner", "compare", *names, "--aligned"]
            command += ["--sketches", "raw sketches", "--ground-truth", "ground-truth photos"]
            command += [
                "--html",
                str(page.resolve()),
                "--json",
                str(page.with_suffix(".json").resolve()),
            ]
            subprocess.run(command, cwd=room, check=True)


def grid(pictures: list[np.ndarray]) -> float:
    """Amplitude in grey levels of what alternates from pixel to pixel in the mean picture."""
    mean = np.mean([images.to_grey(one) for one in pictures], axis=0)
    middle = len(mean) // 2
    spectrum = np.abs(np.fft.fft2(mean)) / mean.size
    return float(max(spectrum[0, middle], spectrum[middle, 0], spectrum[middle, middle]))


def results(photos: np.ndarray, drawings: np.ndarray, room: Path) -> list[str]:
    """Write the results into folders; their names, the shipped model's first."""
    average = photos.mean(axis=0).round().astype(np.uint8)
    made = {
        "portrait": Translator().batch(list(drawings)),
        "ground-truth photos": photos,
        "average photo": [average] * len(photos),
        "raw sketches": drawings,
    } | {
        style: [sketch(photo, style, seed) for seed, photo in enumerate(photos)] for style in STYLES
    }
    for name, pictures in made.items():
        for number, picture in enumerate(pictures):
            images.write(room / name / f"{number:03d}.png", picture)
    return list(made)


if __name__ == "__main__":
    main()
