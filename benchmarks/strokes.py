"""Stroke scores of generated photos, of ground-truth photos, and of other people's photos.

For each folder `DIR/*/` that contains `photos/` and `sketches/` with the same file names: recall,
precision and F1 of the hand-drawn sketches' lines in the photo that a model generates from them, in
the ground-truth photo, in photos of four other people, and in noise; then how often the
ground-truth photo has a higher score than another person's (AUC). Aligned, 128 px.

    OPENBLAS_NUM_THREADS=1 python benchmarks/strokes.py --data DIR [--model FILE]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from crops import translated
from numpy.typing import NDArray
from sketch_styles import aligned_pairs

from limner.metrics.faithfulness.strokes import strokes
from limner.shipped import DEFAULT_MODEL
from limner.translator import Translator

OTHERS = (7, 23, 41, 61)
"""Offsets in the set of the four other people."""


def main() -> None:
    """Print one table per set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="shipped name or file")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    options = parser.parse_args()
    translator = Translator(options.model, threads=1)
    for folder in sorted(options.data.iterdir()):
        if (folder / "photos").is_dir() and (folder / "sketches").is_dir():
            photos, drawings = aligned_pairs(folder, options.every)
            print(f"{folder.name}: {len(photos)} people\n{'':12s} recall  precision  F1")
            report(photos, drawings, translated(translator, drawings))


def report(
    photos: NDArray[np.uint8], drawings: NDArray[np.uint8], generated: NDArray[np.uint8]
) -> None:
    """Print the table for one set, and the CPU time per pair."""
    sketches = drawings[..., None].repeat(3, axis=3)
    noise = np.random.default_rng(0).normal(128, 30, photos.shape).clip(0, 255).astype(np.uint8)
    start = time.process_time()
    own = scores(sketches, photos)
    milliseconds = 1000 * (time.process_time() - start) / len(photos)
    others = np.concatenate([scores(sketches, np.roll(photos, by, axis=0)) for by in OTHERS])
    rows = {
        "generated": scores(sketches, generated),
        "ground truth": own,
        "other people": others,
    }
    for name, found in (rows | {"noise": scores(sketches, noise)}).items():
        print(f"{name:12s} {'    '.join(f'{mean:.3f}' for mean in found.mean(axis=0))}")
    auc = (own[:, None] > others).mean(axis=(0, 1))
    print(f"{'AUC':12s} {'    '.join(f'{one:.3f}' for one in auc)}")
    print(f"{milliseconds:.1f} ms per pair")


def scores(sketches: NDArray[np.uint8], photos: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return recall, precision and F1 of each pair `[N, 3]`."""
    found = [strokes(*pair) for pair in zip(sketches, photos, strict=True)]
    return np.array([(one.recall, one.precision, one.f1) for one in found])


if __name__ == "__main__":
    main()
