"""Photos from photographed or scanned pages, compared with photos from the clean drawings.

Makes each kind of page in `limner.drawings.simulation` from each drawing. Prints, with cleaning and
the search in all directions (now) and without (before): how many faces are lost, by how many grey
levels the photos differ (median and worst), and the cost (median). Then the cost for a clean
upright page of 2 megapixels, and how much clean drawings are changed. Uses the drawings in
`examples/`; `--data DIR` adds CUFS sketches.

    python benchmarks/pages.py [--data DIR] [--rounds N] [--scores | --sheet FILE]

`--sheet docs/pages.jpg` makes the picture in `docs/drawings.md`: pages, and their photos before and
now, from the drawings in `examples/`.
"""

import argparse
import contextlib
import itertools
import statistics
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner import images
from limner.drawings import clean
from limner.drawings.simulation import PAGES
from limner.errors import NoFaceError
from limner.faces import find, open_page
from limner.translator import Translator

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[1] / "examples"
Picture = NDArray[np.uint8]


def drawings(data: Path | None) -> dict[str, Picture]:
    """Return grey drawings by name; CUFS sketches at twice the size, like a scan."""
    files = [file for file in sorted(EXAMPLES.glob("*.png")) if "astronaut" not in file.stem]
    found = {file.stem: images.read(file, grey=True) for file in files}
    sketches = sorted((data / "research").glob("cufs_*/sketches/*"))[10::25] if data else []
    for file in sketches:
        sketch = Image.fromarray(images.read(file, grey=True))
        larger = sketch.resize((sketch.width * 2, sketch.height * 2), Image.Resampling.BICUBIC)
        found[f"{file.parents[1].name}/{file.stem}"] = np.asarray(larger)
    return found


def before(translator: Translator, page: Picture) -> Picture | None:
    """Return the photo without cleaning, of the first face that is found upright."""
    faces = translator.detector(page)
    if not faces:
        return None
    try:
        crop = translator.card.preprocessing.align(page, faces[0]).image
    except NoFaceError:
        return None
    return translator.batch([crop])[0]


def after(translator: Translator, page: Picture) -> Picture | None:
    """Return the photo that limner generates now."""
    try:
        return translator(page)
    except NoFaceError:
        return None


def compare(translator: Translator, clean_drawings: dict[str, Picture], rounds: int) -> None:
    """Print a line for each kind of page."""
    expected = {name: translator(drawing).astype(int) for name, drawing in clean_drawings.items()}
    pairs = itertools.combinations(expected.values(), 2)
    others = statistics.median(float(np.abs(one - two).mean()) for one, two in pairs)
    print(
        f"{len(clean_drawings)} drawings; their photos differ from each other by {others:.0f} of "
        f"255 (median). {rounds} pages of each kind per drawing; their photos differ from those of "
        "the drawings by:"
    )
    print(f"{'':16}{'lost':>11}{'median':>13}{'worst':>13}{'ms':>16}")
    print(f"{'':16}{'before now':>11}{'before  now':>13}{'before  now':>13}{'clean  find':>16}")
    for kind, make in PAGES.items():
        apart: dict[Callable[..., Picture | None], list[float]] = {before: [], after: []}
        cost: dict[str, list[float]] = {"clean": [], "find": []}
        for name, drawing in clean_drawings.items():
            for number in range(rounds):
                rng = np.random.default_rng(zlib.crc32(f"{kind} {name} {number}".encode()))
                page = make(drawing, rng)
                for way, found in apart.items():
                    photo = way(translator, page)
                    if photo is not None:
                        found.append(float(np.abs(photo.astype(int) - expected[name]).mean()))
                for what, taken in timed(translator, page).items():
                    cost[what].append(taken)
        total = len(clean_drawings) * rounds
        lost = [total - len(found) for found in apart.values()]
        median, worst = (
            [of(found) if found else float("nan") for found in apart.values()]
            for of in (statistics.median, max)
        )
        spent = [statistics.median(taken) for taken in cost.values()]
        print(
            f"{kind:16}{lost[0]:>6}{lost[1]:>5}{median[0]:>8.1f}{median[1]:>5.1f}"
            f"{worst[0]:>8.1f}{worst[1]:>5.1f}{spent[0]:>10.0f}{spent[1]:>6.0f}"
        )


def timed(translator: Translator, page: Picture) -> dict[str, float]:
    """Return the milliseconds that cleaning and finding take."""
    start = time.perf_counter()
    opened = open_page(page, lambda: translator.detector)
    cleaned = time.perf_counter()
    with contextlib.suppress(NoFaceError):
        find(opened.image, translator.detector, any_way=True)
    return {
        "clean": (cleaned - start) * 1000,
        "find": (time.perf_counter() - cleaned) * 1000,
    }


def cost_of_a_clean_page(rounds: int = 30) -> None:
    """Print the cost of a clean upright page of 2 megapixels."""
    drawing = Image.open(EXAMPLES / "man-short-hair.png").convert("RGB")
    page = np.asarray(drawing.resize((1240, 1654), Image.Resampling.BICUBIC))
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        clean(page)
        taken.append((time.perf_counter() - start) * 1000)
    print(f"a clean upright page of 1240x1654 px: {statistics.median(taken):.1f} ms")


def change_of_clean_drawings(data: Path | None) -> None:
    """Print how much clean drawings are changed."""
    files = sorted(EXAMPLES.glob("*.png"))
    if data:
        files += sorted((data / "research").glob("cufs_*/sketches/*"))
    changes = []
    for file in files:
        drawing = images.read(file, grey=True)
        changes.append(float(np.abs(clean(drawing).image.astype(int) - drawing).mean()))
    print(
        f"{len(files)} clean drawings: {sum(change > 0 for change in changes)} are changed, by at "
        f"most {max(changes):.2f} grey levels"
    )


def scores(translator: Translator, data: Path | None) -> None:
    """Print the detector's scores of upright, rotated and negative drawings."""
    files = sorted(EXAMPLES.glob("*.png"))
    if data:
        files += sorted((data / "research").glob("cufs_*/sketches/*"))
    found: dict[str, list[float]] = {"upright": [], "rotated": [], "negative": []}
    for file in files:
        drawing = images.read(file, grey=True)
        ways = {"upright": [drawing], "negative": [255 - drawing]}
        ways["rotated"] = [np.ascontiguousarray(np.rot90(drawing, turns)) for turns in (1, 2, 3)]
        for way, pictures in ways.items():
            found[way] += [f[0].score for f in map(translator.detector, pictures) if f]
    for way, values in found.items():
        low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
        below = sum(value < 0.8 for value in values)
        print(
            f"{way}: {len(values)} of {len(files) * (3 if way == 'rotated' else 1)} found, scores "
            f"{low:.2f} to {high:.2f}, median {middle:.2f}; {below} below 0.8"
        )


def sheet(
    translator: Translator, clean_drawings: dict[str, Picture], file: Path, side: int = 160
) -> None:
    """Draw a column for each kind: a page, its photo before, and its photo now."""
    names = sorted(clean_drawings)
    rows: list[list[Picture]] = [[], [], []]
    for number, (kind, make) in enumerate(PAGES.items()):
        drawing = clean_drawings[names[number % len(names)]]
        page = make(drawing, np.random.default_rng(number + 20))
        shown = Image.fromarray(page).convert("RGB")
        shown.thumbnail((side, side))
        cell = Image.new("RGB", (side, side), "white")
        cell.paste(shown, ((side - shown.width) // 2, (side - shown.height) // 2))
        rows[0].append(np.asarray(cell))
        for row, way in zip(rows[1:], (before, after), strict=True):
            photo = way(translator, page)
            empty = np.full((side, side, 3), 255, np.uint8)
            row.append(empty if photo is None else images.resize(photo, side))
        print(f"{number + 1}: {kind}, {names[number % len(names)]}")
    images.write(file, images.montage(rows, gap=4))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with research/cufs_*/sketches")
    parser.add_argument("--rounds", type=int, default=2, help="pages per kind and drawing")
    parser.add_argument("--scores", action="store_true", help="print only the detector's scores")
    parser.add_argument("--sheet", type=Path, help="picture of examples to write")
    arguments = parser.parse_args()
    translator = Translator()
    if arguments.sheet:
        sheet(translator, drawings(None), arguments.sheet)
        return
    if arguments.scores:
        scores(translator, arguments.data)
        return
    compare(translator, drawings(arguments.data), arguments.rounds)
    cost_of_a_clean_page()
    change_of_clean_drawings(arguments.data)


if __name__ == "__main__":
    main()
