"""What the measure of strokes says of ground-truth photos, of those of others, and of made ones.

For each folder `DIR/*/` that holds `photos/` and `sketches/` with the same file names: recall,
precision and F1 of the hand-drawn sketches' lines in the photo that a model makes of them, in the
ground-truth photo, in ground-truth photos of four other people, and in noise; then how often the
ground-truth photo has more of a sketch's lines than one of somebody else (area under the ROC
curve). Aligned, 128 px.

    OPENBLAS_NUM_THREADS=1 python benchmarks/strokes.py --data DIR [--model FILE]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sketch_styles import aligned_pairs

from limner.metrics.faithfulness.strokes import strokes
from limner.shipped import DEFAULT_MODEL
from limner.translator import Translator

OTHERS = (7, 23, 41, 61)
"""How many places further in the set the others are."""


def main() -> None:
    """Print one table a set."""
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
            report(photos, drawings, translator.batch(list(drawings)))


def report(
    photos: NDArray[np.uint8], drawings: NDArray[np.uint8], generated: NDArray[np.uint8]
) -> None:
    """Print the table of one set, and the CPU time of a comparison."""
    sketches = drawings[..., None].repeat(3, axis=3)
    noise = np.random.default_rng(0).normal(128, 30, photos.shape).clip(0, 255).astype(np.uint8)
    start = time.process_time()
    own = scores(sketches, photos)
    milliseconds = 1000 * (time.process_time() - start) / len(photos)
    others = np.concatenate([scores(sketches, np.roll(photos, by, axis=0)) for by in OTHERS])
    rows = {"generated": scores(sketches, generated), "true": own, "of others": others}
    for name, found in (rows | {"noise": scores(sketches, noise)}).items():
        print(f"{name:12s} {'    '.join(f'{mean:.3f}' for mean in found.mean(axis=0))}")
    areas = (own[:, None] > others).mean(axis=(0, 1))
    print(f"{'area':12s} {'    '.join(f'{area:.3f}' for area in areas)}")
    print(f"{milliseconds:.1f} ms a pair")


def scores(sketches: NDArray[np.uint8], photos: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Recall, precision and F1 of each pair, `[N, 3]`."""
    found = [strokes(*pair) for pair in zip(sketches, photos, strict=True)]
    return np.array([(one.recall, one.precision, one.f1) for one in found])


if __name__ == "__main__":
    main()
