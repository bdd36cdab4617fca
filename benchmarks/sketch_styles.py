"""How near each sketch style comes to sketches drawn by hand.

Every folder `DIR/*/` that holds `photos/` and `sketches/` with the same file names is measured on
its own: for each style the mean descriptor distance between the sketch made of a photo and the
drawing of the same person, how often a sketch finds its drawing among all, and the statistics of
the picture (mean, standard deviation, mean gradient, share under 0.3, share over 0.9) beside those
of the drawings. Rough and crude ones are meant to be off: they should be farther than those that
are traced, and not so far that nobody is found. Then the CPU time of a 128x128 sketch on one
thread, and how literally the drawings of a random hand are meant.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sketch_styles.py --data DIR [--sheets DIR]

With `--sheets` a contact sheet of each set to look at: the photos, the hand-drawn sketches, and a
row for each style.
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
    """Print one table a set, then the times."""
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
    """Every style by name, the random one, and what a model is shown: any of three hands."""

    def in_style(style: str) -> Draw:
        return lambda photo, seed: sketch(photo, style, seed)

    for style in STYLES:
        yield style, in_style(style)
    yield "random", lambda photo, seed: random_sketch(photo, np.random.default_rng(seed))
    yield "any hand", lambda photo, seed: random_drawing(photo, np.random.default_rng(seed)).image


def sheet(photos: Crops, drawings: Crops) -> Crops:
    """A row of photos in grey, one of drawings, one for each style; `[H, W]`."""
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
        print(f"{name:12s} literal {middle:.2f}, 10% to 90% of them {low:.2f} to {high:.2f}")


def report(photos: Crops, drawings: Crops, describe: Descriptor) -> None:
    """Print the table of one set."""
    gallery = describe(drawings)
    print(f"{'drawn':12s} {'':8s} {'':7s} {statistics(drawings)}")
    found = retrieval(describe(photos), gallery)
    print(f"{'photo':12s} {found.genuine:8.3f} {found.rank1:7.3f}")
    for name, draw in drawers():
        generated = np.stack([draw(photo, i) for i, photo in enumerate(photos)])
        found = retrieval(describe(generated), gallery)
        print(f"{name:12s} {found.genuine:8.3f} {found.rank1:7.3f} {statistics(generated)}")


def statistics(sketches: Crops) -> str:
    """Means over `[N, H, W]`; the standard deviation is each sketch's own."""
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
    """CPU milliseconds a sketch, so that a busy machine does not count; a warm start."""
    for i, photo in enumerate(photos):
        draw(photo, i)
    start = time.process_time()
    for i, photo in enumerate(photos):
        draw(photo, i)
    return 1000 * (time.process_time() - start) / len(photos)


if __name__ == "__main__":
    main()
