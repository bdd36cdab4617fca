"""How many faces are found, by source and by how dark they are, and how many that are none.

    python benchmarks/recall.py --data FOLDER

FOLDER/open holds one folder a source, of photos with one frontal face each in their middle. The
first column counts what limner's detector finds without its last looks, which brighten the
picture; the second what it finds with them. False faces are looked for in the same photos after
the pixels of their faces were shuffled.
"""

import argparse
import itertools
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limner import images
from limner.faces import DlibDetector
from limner.progress import track

DARKNESS = (0, 60, 90, 120, 256)
"""Borders between the classes of mean luminance, of 255, in the middle third of a photo."""


@dataclass
class Count:
    """Photos of a class, and those in which a face is found."""

    photos: int = 0
    before: int = 0
    now: int = 0

    def row(self, name: str) -> str:
        """A line of the table."""
        shares = f"{self.before / self.photos:>10.4f}{self.now / self.photos:>10.4f}"
        return f"{name:28}{self.photos:>8}{self.before:>8}{self.now:>8}{shares}"


def darkness(grey: np.ndarray) -> float:
    """Mean luminance of the middle third, where the face is."""
    height, width = grey.shape
    return float(grey[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].mean())


def without_faces(grey: np.ndarray, detector: DlibDetector, rng: np.random.Generator) -> np.ndarray:
    """The picture with the pixels of all its faces, and a margin around them, shuffled."""
    scrambled = grey.copy()
    height, width = grey.shape
    for face in detector(grey) + detector(grey, thorough=True):
        left, top, right, bottom = face.box
        margin = (right - left) // 4
        rows = slice(max(0, top - margin), min(height, bottom + margin))
        columns = slice(max(0, left - margin), min(width, right + margin))
        region = scrambled[rows, columns]
        scrambled[rows, columns] = rng.permutation(region.ravel()).reshape(region.shape)
    return scrambled


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--scrambled", type=int, default=400, help="photos to find no face in")
    args = parser.parse_args()
    if args.data is None:
        parser.error("--data FOLDER is needed, or LIMNER_DATA in the environment")
    plain, detector = DlibDetector(brighten=False), DlibDetector()
    rng = np.random.default_rng(0)
    by_source: dict[str, Count] = defaultdict(Count)
    by_darkness = {pair: Count() for pair in itertools.pairwise(DARKNESS)}
    files = images.files_below(args.data / "open")
    shuffled = set(rng.choice(len(files), min(args.scrambled, len(files)), replace=False).tolist())
    false_faces = 0
    for number, file in enumerate(track(files, "photos")):
        grey = images.read(file, grey=True)
        found_before, faces = bool(plain(grey)), detector(grey)
        low, high = next(pair for pair in by_darkness if pair[0] <= darkness(grey) < pair[1])
        for count in (by_source[file.parent.name], by_darkness[low, high]):
            count.photos += 1
            count.now += bool(faces)
            count.before += found_before
        if number in shuffled and faces:
            false_faces += bool(detector(without_faces(grey, detector, rng)))
    print(f"{'':28}{'photos':>8}{'before':>8}{'now':>8}{'share':>10}{'share':>10}")
    for name, count in sorted(by_source.items()):
        print(count.row(name))
    for (low, high), count in by_darkness.items():
        print(count.row(f"luminance {low} to {high - 1}"))
    print(f"false faces in {len(shuffled)} photos without one: {false_faces}")


if __name__ == "__main__":
    main()
