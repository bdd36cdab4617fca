"""How well limner sees how literally a drawing is meant, and the figures that it sees it by.

Photos of a dataset are drawn by random hands, which know how far they displaced what they
drew. A regression is fitted on three quarters of the drawings and checked on the others; its
constants are those of `limner.drawings.literal`. Drawings in other folders are only judged.

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
    """Looks `[N, 3]` of random drawings of its photos, and how literal each is `[N]`."""
    photos = PreparedSet(folder).images("train", "photo")
    rng = np.random.default_rng(0)
    looks, meant = [], []
    for place in rng.permutation(len(photos))[:count]:
        drawing = random_drawing(images.resize(photos[place], literal.SIDE), rng)
        looks.append(literal.look_of(drawing.image))
        meant.append(drawing.literal)
    return np.stack(looks), np.array(meant)


def main() -> None:
    """Fit, check, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="of drawings to judge")
    parser.add_argument("--data", required=True, type=Path, help="dataset of photos")
    parser.add_argument("--count", type=int, default=2400)
    given = parser.parse_args()

    looks, meant = drawn(given.data, given.count)
    fitted = len(meant) * 3 // 4
    mean, spread = looks[:fitted].mean(axis=0), looks[:fitted].std(axis=0)
    known = literal.expand((looks[:fitted] - mean) / spread)
    weights = np.linalg.solve(
        known.T @ known + RIDGE * np.eye(known.shape[1]), known.T @ meant[:fitted]
    )
    for name, values in (("_MEAN", mean), ("_SPREAD", spread), ("_WEIGHTS", weights)):
        print(f"{name} = ({', '.join(f'{value:.4f}' for value in values)})")

    unseen = looks[fitted:]
    for name, seen in (
        ("fitted now", literal.expand((unseen - mean) / spread) @ weights),
        ("the module's", literal.regress(unseen)),
    ):
        seen = np.clip(seen, literal.LEAST, 1)
        error = np.abs(seen - meant[fitted:]).mean()
        constant = np.abs(np.median(meant) - meant[fitted:]).mean()
        related = np.corrcoef(seen, meant[fitted:])[0, 1]
        print(
            f"{name}: correlation {related:.2f}, error {error:.2f} (of a constant: {constant:.2f})"
        )

    translate = Translator()
    for folder in given.folders:
        found = []
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in PICTURES:
                continue
            try:
                [face] = translate.align(path)
            except LimnerError as error:
                print(f"left out: {error}")
                continue
            found.append(literal.estimate_literal(images.to_grey(face.image)))
        if found:
            low, middle, high = np.percentile(found, [5, 50, 95])
            print(f"{folder}: {len(found)} drawings, {low:.2f} to {high:.2f}, median {middle:.2f}")


if __name__ == "__main__":
    main()
