"""The best, the median and the worst photos of some drawings, side by side.

    python benchmarks/ranked.py DRAWINGS FILE [--model portrait] [--shown 5]

Photos are ranked by how near they are to their drawing by dlib's face descriptor, since most
drawings have no ground truth. FILE shows drawings above photos, evenly spread over the ranking with
the best first; the complete ranking is printed. `limner compare --html` does the same with ground
truth, by any score.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import Translator, images
from limner.errors import LimnerError
from limner.features.descriptor import Descriptor

SIDE = 256


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A drawing, its photo, and how far apart they are."""

    name: str
    drawing: NDArray[np.uint8]
    """The aligned crop, `[S, S]` or `[S, S, 3]`."""
    photo: NDArray[np.uint8]
    distance: float
    """Euclidean, between the face descriptors."""


def main() -> None:
    """Print the ranking and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("drawings", metavar="DRAWINGS", type=Path, help="folder")
    parser.add_argument("file", metavar="FILE", type=Path, help="picture to write")
    parser.add_argument("--model", default="portrait", help="name or file of a model")
    parser.add_argument("--shown", type=int, default=5, help="drawings in the picture")
    options = parser.parse_args()
    ranking = ranked(Translator(options.model), images.files_below(options.drawings))
    for place, one in enumerate(ranking, start=1):
        print(f"{place:4}  {one.distance:.3f}  {one.name}")
    places = np.linspace(0, len(ranking) - 1, min(options.shown, len(ranking))).round().astype(int)
    chosen = [ranking[place] for place in places]
    pictures = [[one.drawing for one in chosen], [one.photo for one in chosen]]
    rows = [[images.resize(picture, SIDE) for picture in row] for row in pictures]
    images.write(options.file, images.montage(rows, gap=6))


def ranked(translator: Translator, files: list[Path]) -> list[Ranked]:
    """Photos of all drawings in which a face is found, the nearest to their drawing first."""
    describe = Descriptor()
    found = []
    for path in files:
        for face in translator.translate(path)[:1]:
            side = len(face.image)
            drawing = images.resize(face.aligned.image, side)
            there, here = describe(drawing[None])[0], describe(face.image[None])[0]
            distance = float(np.linalg.norm(there - here))
            found.append(
                Ranked(name=path.name, drawing=drawing, photo=face.image, distance=distance)
            )
    return sorted(found, key=lambda one: one.distance)


if __name__ == "__main__":
    try:
        main()
    except LimnerError as error:
        raise SystemExit(f"ranked.py: {error}") from None
