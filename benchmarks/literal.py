"""Fit and test the estimate of how literally a drawing is meant.

Photos of a dataset are drawn with random variations whose displacement is known. A regression
is fitted on three quarters of the drawings and tested on the others; its constants are those of
`limner.drawings.literal`. Drawings in other folders are only estimated.

    python benchmarks/literal.py --data SET [DRAWINGS ...]
"""

import argparse
from pathlib import Path

import numpy as np

from limner import Translator, images
from limner.data.prepared import PreparedSet
from limner.drawings import literal
from limner.errors import LimnerError
from limner.sketching import random_drawing

RIDGE = 3.0
PICTURES = {".png", ".jpg", ".jpeg", ".heic", ".webp"}


def drawn(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features `[N, 3]` of random drawings of its photos, and how literal each is `[N]`."""
    photos = PreparedSet(folder).images("train", "photo")
    rng = np.random.default_rng(0)
    features, meant = [], []
    for place in rng.permutation(len(photos))[:count]:
        drawing = random_drawing(images.resize(photos[place], literal.SIDE), rng)
        features.append(literal.look_of(drawing.image))
        meant.append(drawing.literal)
    return np.stack(features), np.array(meant)


def main() -> None:
    """Fit and test the regression, then estimate the drawings in other folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="folders of drawings to estimate")
    parser.add_argument("--data", required=True, type=Path, help="dataset of photos")
    parser.add_argument("--count", type=int, default=2400)
    options = parser.parse_args()

    features, meant = drawn(options.data, options.count)
    fitted = len(meant) * 3 // 4
    mean, spread = features[:fitted].mean(axis=0), features[:fitted].std(axis=0)
    expanded = literal.expand((features[:fitted] - mean) / spread)
    weights = np.linalg.solve(
        expanded.T @ expanded + RIDGE * np.eye(expanded.shape[1]), expanded.T @ meant[:fitted]
    )
    for name, values in (("_MEAN", mean), ("_SPREAD", spread), ("_WEIGHTS", weights)):
        print(f"{name} = ({', '.join(f'{value:.4f}' for value in values)})")

    unseen = features[fitted:]
    for name, estimate in (
        ("fitted now", literal.expand((unseen - mean) / spread) @ weights),
        ("the module's", literal.regress(unseen)),
    ):
        estimate = np.clip(estimate, literal.LEAST, 1)
        error = np.abs(estimate - meant[fitted:]).mean()
        constant = np.abs(np.median(meant) - meant[fitted:]).mean()
        correlation = np.corrcoef(estimate, meant[fitted:])[0, 1]
        print(
            f"{name}: correlation {correlation:.2f}, error {error:.2f} "
            f"(of a constant: {constant:.2f})"
        )

    translate = Translator()
    for folder in options.folders:
        found = []
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in PICTURES:
                continue
            try:
                [face] = translate.align(path)
            except LimnerError as error:
                print(f"skipped: {error}")
                continue
            found.append(literal.estimate_literal(images.to_grey(face.image)))
        if found:
            low, middle, high = np.percentile(found, [5, 50, 95])
            print(f"{folder}: {len(found)} drawings, {low:.2f} to {high:.2f}, median {middle:.2f}")


if __name__ == "__main__":
    main()
