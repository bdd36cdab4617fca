"""Recall of the face detector, by source and by brightness of the face, and its false detections.

    python benchmarks/recall.py --data FOLDER

FOLDER/open contains one folder per source, of photos with one frontal face each in the middle. The
columns `before` show the faces found without the last detection passes, which brighten the picture;
the columns `now` show those found with them. False detections are counted in the same photos after
the pixels of their faces were shuffled.
"""

import argparse
import itertools
import math
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limner import images
from limner.faces import DlibDetector
from limner.progress import track

BRIGHTNESS = (0, 60, 90, 120, 256)
"""Limits of the classes of mean luminance, of 255, in the middle third of a photo."""


@dataclass
class Count:
    """Number of photos in a class, and of those in which a face is found."""

    photos: int = 0
    before: int = 0
    now: int = 0

    def row(self, name: str) -> str:
        """Return a line of the table."""
        photos = self.photos or math.nan  # a class may be empty
        rates = f"{self.before / photos:>10.4f}{self.now / photos:>10.4f}"
        return f"{name:28}{self.photos:>8}{self.before:>8}{self.now:>8}{rates}"


def brightness(grey: np.ndarray) -> float:
    """Return the mean luminance of the middle third, where the face is."""
    height, width = grey.shape
    return float(grey[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].mean())


def without_faces(grey: np.ndarray, detector: DlibDetector, rng: np.random.Generator) -> np.ndarray:
    """Return the picture with the pixels of all faces, and a margin around them, shuffled."""
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
    parser.add_argument("--scrambled", type=int, default=400, help="photos with shuffled faces")
    args = parser.parse_args()
    if args.data is None:
        parser.error("give --data FOLDER, or set LIMNER_DATA in the environment")
    plain, detector = DlibDetector(brighten=False), DlibDetector()
    rng = np.random.default_rng(0)
    by_source: dict[str, Count] = defaultdict(Count)
    by_brightness = {pair: Count() for pair in itertools.pairwise(BRIGHTNESS)}
    files = images.files_below(args.data / "open")
    shuffled = set(rng.choice(len(files), min(args.scrambled, len(files)), replace=False).tolist())
    false_detections = 0
    for number, file in enumerate(track(files, "photos")):
        grey = images.read(file, grey=True)
        found_before, faces = bool(plain(grey)), detector(grey)
        low, high = next(pair for pair in by_brightness if pair[0] <= brightness(grey) < pair[1])
        for count in (by_source[file.parent.name], by_brightness[low, high]):
            count.photos += 1
            count.now += bool(faces)
            count.before += found_before
        if number in shuffled and faces:
            false_detections += bool(detector(without_faces(grey, detector, rng)))
    print(f"{'':28}{'photos':>8}{'before':>8}{'now':>8}{'before':>10}{'now':>10}")
    for name, count in sorted(by_source.items()):
        print(count.row(name))
    for (low, high), count in by_brightness.items():
        print(count.row(f"luminance {low} to {high - 1}"))
    print(f"false detections in {len(shuffled)} photos without a face: {false_detections}")


if __name__ == "__main__":
    main()
