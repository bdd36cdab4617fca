"""How close each sketch style is to hand-drawn sketches.

Every folder `DIR/*/` that contains `photos/` and `sketches/` with the same file names is measured
separately. For each style: the mean descriptor distance between the sketch of a photo and the
hand-drawn sketch of the same person, how often the latter is the nearest of all (rank-1), and
statistics of the picture (mean, standard deviation, mean gradient, fractions below 0.3 and above
0.9), compared with those of the hand-drawn sketches. Rough and crude drawings are inexact on
purpose: their distance should be larger than that of traced ones, but the people recognisable.
Then the CPU time of a 128x128 sketch on one thread, and how literally random drawings are meant.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sketch_styles.py --data DIR [--sheets DIR]

`--sheets` writes a contact sheet of each set: the photos, the hand-drawn sketches, and a row for
each style.
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
from limner.features.descriptor import Descriptor
from limner.metrics.likeness.identity import retrieval
from limner.sketching import STYLES, random_drawing, random_sketch, sketch

Crops = NDArray[np.uint8]
Draw = Callable[[Crops, int], Crops]

SHOWN = 10
"""People on a contact sheet."""
HEADER = "             distance  rank-1     mean    std   grad   <0.3   >0.9"


def main() -> None:
    """Print one table per set, then the times."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    options = parser.parse_args()
    describe = Descriptor()
    for folder in sorted(options.data.iterdir()):
        if (folder / "photos").is_dir() and (folder / "sketches").is_dir():
            photos, drawings = aligned_pairs(folder, options.every)
            print(f"{folder.name}: {len(photos)} people\n{HEADER}")
            report(photos, drawings, describe)
            if options.sheets:
                images.write(options.sheets / f"{folder.name}.png", sheet(photos, drawings))
    for name, draw in drawers():
        print(f"{name:12s} {milliseconds(draw, photos):5.2f} ms")
    literal(photos)


def aligned_pairs(folder: Path, every: int) -> tuple[Crops, Crops]:
    """Return photos `[N, 128, 128, 3]` and drawings `[N, 128, 128]` of faces found in both."""
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
            print(f"skipped: {error}")
            continue
        photos.append(photo)
        drawings.append(np.rint(drawing @ [0.299, 0.587, 0.114]).astype(np.uint8))
    return np.stack(photos), np.stack(drawings)


def drawers() -> Iterator[tuple[str, Draw]]:
    """Yield every style by name, a random style, and the random drawings shown in training."""

    def in_style(style: str) -> Draw:
        return lambda photo, seed: sketch(photo, style, seed)

    for style in STYLES:
        yield style, in_style(style)
    yield "random", lambda photo, seed: random_sketch(photo, np.random.default_rng(seed))
    yield "drawing", lambda photo, seed: random_drawing(photo, np.random.default_rng(seed)).image


def sheet(photos: Crops, drawings: Crops) -> Crops:
    """Return a row of grey photos, one of hand-drawn sketches, one per style; `[H, W]`."""
    rows = [images.to_grey(photo) for photo in photos[:SHOWN]], list(drawings[:SHOWN])
    generated = (
        [draw(photo, i) for i, photo in enumerate(photos[:SHOWN])] for _, draw in drawers()
    )
    return np.concatenate([np.concatenate(row, axis=1) for row in (*rows, *generated)])


def literal(photos: Crops) -> None:
    """Print how literally rough and crude drawings are meant."""
    for name, crude in (("rough", 0.0), ("crude", 1.0)):
        meant = [
            random_drawing(photo, np.random.default_rng(i), crude=crude, rough=1 - crude).literal
            for i, photo in enumerate(photos)
        ]
        low, middle, high = np.quantile(meant, [0.1, 0.5, 0.9])
        print(f"{name:12s} literal {middle:.2f}, 10th to 90th percentile {low:.2f} to {high:.2f}")


def report(photos: Crops, drawings: Crops, describe: Descriptor) -> None:
    """Print the table for one set."""
    gallery = describe(drawings)
    print(f"{'hand-drawn':12s} {'':8s} {'':7s} {statistics(drawings)}")
    found = retrieval(describe(photos), gallery)
    print(f"{'photo':12s} {found.genuine:8.3f} {found.rank1:7.3f}")
    for name, draw in drawers():
        generated = np.stack([draw(photo, i) for i, photo in enumerate(photos)])
        found = retrieval(describe(generated), gallery)
        print(f"{name:12s} {found.genuine:8.3f} {found.rank1:7.3f} {statistics(generated)}")


def statistics(sketches: Crops) -> str:
    """Return means over sketches `[N, H, W]`; standard deviations are taken per sketch."""
    grey = sketches.astype(np.float32) / 255
    dy, dx = np.gradient(grey, axis=(1, 2))
    scores = (
        grey.mean(),
        grey.std(axis=(1, 2)).mean(),
        np.hypot(dy, dx).mean(),
        (grey < 0.3).mean(),
        (grey > 0.9).mean(),
    )
    return "  " + " ".join(f"{score:6.3f}" for score in scores)


def milliseconds(draw: Draw, photos: Crops) -> float:
    """Return CPU milliseconds per sketch, after a warm-up; a busy machine does not matter."""
    for i, photo in enumerate(photos):
        draw(photo, i)
    start = time.process_time()
    for i, photo in enumerate(photos):
        draw(photo, i)
    return 1000 * (time.process_time() - start) / len(photos)


if __name__ == "__main__":
    main()
