"""How near each sketch style comes to sketches drawn by hand.

Every folder `DIR/*/` that holds `photos/` and `sketches/` with the same file names is measured on
its own: for each style the mean descriptor distance between the sketch made of a photo and the
drawing of the same person, how often a sketch finds its drawing among all, and the statistics of
the picture (mean, standard deviation, mean gradient, share under 0.3, share over 0.9) beside those
of the drawings. Then the CPU time of a 128x128 sketch on one thread.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sketch_styles.py --data DIR
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import NoFaceError
from limner.faces import DlibDetector, Preprocessing, find
from limner.measures.identity import Descriptor, retrieval
from limner.sketching import STYLES, random_sketch, sketch

Crops = NDArray[np.uint8]
Draw = Callable[[Crops, int], Crops]

HEADER = "             distance  rank-1     mean    std   grad   <0.3   >0.9"


def main() -> None:
    """Print one table a set, then the times."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    options = parser.parse_args()
    describe = Descriptor()
    for folder in sorted(options.data.iterdir()):
        if (folder / "photos").is_dir() and (folder / "sketches").is_dir():
            photos, drawings = aligned_pairs(folder, options.every)
            print(f"{folder.name}: {len(photos)} people\n{HEADER}")
            report(photos, drawings, describe)
    for name, draw in drawers():
        print(f"{name:12s} {milliseconds(draw, photos):5.2f} ms")


def aligned_pairs(folder: Path, every: int) -> tuple[Crops, Crops]:
    """Photos `[N, 128, 128, 3]` and drawings `[N, 128, 128]` of those found in both."""
    detector, preprocessing = DlibDetector(), Preprocessing()
    photos, drawings = [], []
    for path in sorted((folder / "photos").iterdir())[::every]:
        pair = [images.read(path), images.read(folder / "sketches" / path.name)]
        try:
            faces = [find(image, detector, name=path.name)[0] for image in pair]
            photo, drawing = (
                preprocessing.align(image, face, name=path.name).image
                for image, face in zip(pair, faces, strict=True)
            )
        except NoFaceError as error:
            print(f"left out: {error}")
            continue
        photos.append(photo)
        drawings.append(np.rint(drawing @ [0.299, 0.587, 0.114]).astype(np.uint8))
    return np.stack(photos), np.stack(drawings)


def drawers() -> Iterator[tuple[str, Draw]]:
    """Every style by name, and the random one."""

    def in_style(style: str) -> Draw:
        return lambda photo, seed: sketch(photo, style, seed)

    for style in STYLES:
        yield style, in_style(style)
    yield "random", lambda photo, seed: random_sketch(photo, np.random.default_rng(seed))


def report(photos: Crops, drawings: Crops, describe: Descriptor) -> None:
    """Print the table of one set."""
    gallery = describe(drawings)
    print(f"{'drawn':12s} {'':8s} {'':7s} {statistics(drawings)}")
    found = retrieval(describe(photos), gallery)
    print(f"{'photo':12s} {found.genuine:8.3f} {found.rank1:7.3f}")
    for name, draw in drawers():
        made = np.stack([draw(photo, i) for i, photo in enumerate(photos)])
        found = retrieval(describe(made), gallery)
        print(f"{name:12s} {found.genuine:8.3f} {found.rank1:7.3f} {statistics(made)}")


def statistics(sketches: Crops) -> str:
    """Means over `[N, H, W]`; the standard deviation is each sketch's own."""
    grey = sketches.astype(np.float32) / 255
    dy, dx = np.gradient(grey, axis=(1, 2))
    figures = (
        grey.mean(),
        grey.std(axis=(1, 2)).mean(),
        np.hypot(dy, dx).mean(),
        (grey < 0.3).mean(),
        (grey > 0.9).mean(),
    )
    return "  " + " ".join(f"{figure:6.3f}" for figure in figures)


def milliseconds(draw: Draw, photos: Crops) -> float:
    """CPU milliseconds a sketch, so that a busy machine does not count; a warm start."""
    for i, photo in enumerate(photos):
        draw(photo, i)
    start = time.process_time()
    for i, photo in enumerate(photos):
        draw(photo, i)
    return 1000 * (time.process_time() - start) / len(photos)


if __name__ == "__main__":
    main()
