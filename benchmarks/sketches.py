"""Is the person recognisable in a drawing of a photo, and in the photo generated from the drawing?

Each style, and each photo-to-sketch model, draws the same aligned photos at 128 px. Printed for
each:

- the proportion of drawings in which limner's detector finds a face;
- the distance between the drawing and its photo, by dlib's face descriptors, and how often that
  photo is the nearest of all (rank-1);
- the same for the photo that each reader, a sketch-to-photo model, generates from the drawing;
- the same again, after the drawing was halved in size, saved as JPEG of quality 50 and enlarged: a
  model that was trained with a reader could hide an invisible pattern in a drawing, which this
  destroys;
- the CPU time of a drawing on one thread.

A reader that a model was trained with is biased, so there is a second one.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sketches.py --set SET [--data DIR] [--model NAME ...] \
        [--sheet FILE]

--data adds the photos and hand-drawn sketches of each folder `DIR/*/` that contains `photos/` and
`sketches/` with the same file names. --sheet writes a contact sheet of the set.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from crops import translated
from identity import degraded
from numpy.typing import NDArray
from sketch_styles import aligned_pairs

from limner import images
from limner.data.prepared import PreparedSet
from limner.errors import NoFaceError
from limner.faces import DlibDetector, find
from limner.features.descriptor import Descriptor
from limner.metrics.likeness.identity import retrieval
from limner.sketching import STYLES, sketch
from limner.translator import Translator, check_drawer

Crops = NDArray[np.uint8]
Draw = Callable[[Crops], Crops]

SIDE = 128
QUALITY = 50
SHOWN = 10
"""People on a contact sheet."""


def main() -> None:
    """Print one table per set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", type=Path, required=True, help="dataset; its held-out faces")
    parser.add_argument("--data", type=Path, help="folder of sets of photos and sketches")
    parser.add_argument("--model", nargs="*", help="photo-to-sketch models")
    parser.add_argument("--reader", nargs="*", help="sketch-to-photo models")
    parser.add_argument("--styles", nargs="*", default=list(STYLES), help="styles to compare with")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    parser.add_argument("--sheet", type=Path, help="PNG to write")
    options = parser.parse_args()
    readers = {name: Translator(name) for name in options.reader or ["lifelike", "portrait"]}
    drawers: dict[str, Draw] = {style: partial(in_style, style=style) for style in options.styles}
    for name in ["draughtsman"] if options.model is None else options.model:
        model = check_drawer(Translator(name, threads=1))
        drawers[Path(name).stem] = partial(by_model, model=model)
    faces = PreparedSet(options.set).images("test", "photo")[:: options.every]
    photos = np.stack([images.resize(face, SIDE) for face in faces])
    measure(f"{options.set.name}, held out", photos, drawers, readers)
    if options.sheet:
        images.write(options.sheet, sheet(photos, drawers, readers))
    for folder in sorted(options.data.iterdir()) if options.data else []:
        if (folder / "photos").is_dir() and (folder / "sketches").is_dir():
            photos, by_hand = aligned_pairs(folder, options.every)
            measure(folder.name, photos, drawers, readers, by_hand=by_hand)


def in_style(photos: Crops, *, style: str) -> Crops:
    """Draw photos `[N, S, S, 3]` in a style, each with its own seed; `[N, S, S]`."""
    return np.stack([sketch(photo, style, seed) for seed, photo in enumerate(photos)])


def by_model(photos: Crops, *, model: Translator) -> Crops:
    """Draw photos `[N, S, S, 3]` with a model; `[N, S, S]`."""
    return model.batch(list(photos))


def measure(
    name: str,
    photos: Crops,
    drawers: dict[str, Draw],
    readers: dict[str, Translator],
    *,
    by_hand: Crops | None = None,
) -> None:
    """Print the table for photos `[N, S, S, 3]`."""
    describe = Descriptor()
    gallery = describe(photos)
    columns = ["drawing", *readers, *(f"{reader}, JPEG" for reader in readers)]
    print(f"{name}: {len(photos)} people; distance and rank-1")
    print(f"{'':12s} {'found':>6s} " + " ".join(f"{one:>14s}" for one in columns) + "      ms")

    def row(drawer: str, drawings: Crops, cost: str) -> None:
        compressed = np.stack([degraded(one, QUALITY) for one in drawings])
        shown = [drawings]
        shown += [translated(reader, drawings) for reader in readers.values()]
        shown += [translated(reader, compressed) for reader in readers.values()]
        cells = [retrieval(describe(one), gallery) for one in shown]
        scores = " ".join(f"{cell.genuine:8.3f} {cell.rank1:5.3f}" for cell in cells)
        print(f"{drawer:12s} {found(drawings):6.3f} {scores} {cost:>7s}", flush=True)

    if by_hand is not None:
        row("hand-drawn", by_hand, "")
    for drawer, draw in drawers.items():
        draw(photos[:8])
        start = time.process_time()
        drawings = draw(photos)
        row(drawer, drawings, f"{1000 * (time.process_time() - start) / len(photos):.2f}")


def found(drawings: Crops) -> float:
    """Return the proportion of drawings `[N, S, S]` in which a face is found."""
    detector = DlibDetector()

    def shows(drawing: Crops) -> bool:
        try:
            return bool(find(np.stack([drawing] * 3, axis=-1), detector))
        except NoFaceError:
            return False

    return float(np.mean([shows(drawing) for drawing in drawings]))


def sheet(photos: Crops, drawers: dict[str, Draw], readers: dict[str, Translator]) -> Crops:
    """Return a row of photos, then per drawer one of drawings and one for each reader."""
    places = np.linspace(0, len(photos) - 1, SHOWN).round().astype(int)
    chosen = photos[places]
    rows: list[Sequence[Crops]] = [list(chosen)]
    for draw in drawers.values():
        drawings = draw(chosen)
        rows.append([np.stack([one] * 3, axis=-1) for one in drawings])
        rows += [list(translated(reader, drawings)) for reader in readers.values()]
    return images.montage([list(row) for row in rows], gap=2)


if __name__ == "__main__":
    main()
