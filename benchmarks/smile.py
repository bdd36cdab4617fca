"""How well limner tells who smiles, and how fast.

    OMP_NUM_THREADS=1 python benchmarks/smile.py --data DIR [--sheet SHEET.png]

First what `limner.face_training.smile` wrote beside the shipped weights: the labelled people, each
measured by weights that were not made from them, as photos and drawn in every style. Then, by the
shipped weights, with pictures that only ever measure:

- CelebA in DIR/research/celeba*, by its attribute `Smiling`, and within that by `Male`,
  `Pale_Skin`, `Mouth_Slightly_Open` and thirds of measured skin lightness (CIELAB L* of both
  cheeks; the light counts as much as the skin); as they are, shrunk, and drawn. Variants of the
  score were chosen by the first half of the images, so the figures are of the second.
- CUFS in DIR/research/cufs*: drawn by hand, and everyone has a neutral expression by the
  database's protocol, so all that is said to smile is false.

`smiling` is the share that smiles: always saying the same is right for that share, or the rest.
`missed` is the share of the smiling, `false` that of the others, that the score is wrong about.
"""

import argparse
import json
import os
import time
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.data.sources import CUFS, CelebA
from limner.errors import NoFaceError
from limner.face_training.smile import figures, lightness, thirds
from limner.faces import DlibDetector, Preprocessing, find
from limner.faces.smile import SMILING, SmileScore
from limner.sketching import STYLES, sketch

Crops = NDArray[np.uint8]

COLUMNS = {"smiling": 9, "accuracy": 10, "roc_area": 10, "missed": 8, "false": 7}
HEADER = f"{'':28}{'faces':>6}{''.join(f'{name:>{width}}' for name, width in COLUMNS.items())}"
ATTRIBUTES = ("Male", "Pale_Skin", "Mouth_Slightly_Open")


def main() -> None:
    """Print one table a set, then the time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--sheet", type=Path, help="write the surest errors on CelebA as a picture")
    options = parser.parse_args()
    if options.data is None:
        parser.error("--data DIR is needed, or LIMNER_DATA in the environment")
    score = SmileScore()
    held_out()
    for folder in sorted(options.data.glob("research/celeba*")):
        celeba(folder, score, options.sheet)
    for folder in sorted(options.data.glob("research/cufs*")):
        cufs(folder, score)
    speed(score)


def held_out() -> None:
    """Print what was measured when the weights were made."""
    report = json.loads((resources.files("limner.faces") / "smile.json").read_text())
    for part in ("cross_validated", "test"):
        found = report[part]
        print(f"labelled people, {part}: {found.pop('people')}\n{HEADER}")
        for name, values in found.items():
            row(name, values)


def celeba(folder: Path, score: SmileScore, sheet: Path | None) -> None:
    """Print the figures on the second half of the images."""
    items = list(CelebA(path=folder).items())
    half = items[len(items) // 2 :]
    crops, found = aligned([images.read(item.place.file) for item in half])
    smiling = np.array([bool(half[i].smiling) for i in found])
    names = [Path(half[i].name).name for i in found]
    print(f"{folder.name}, second half: {len(found)} faces found of {len(half)}\n{HEADER}")
    scores = score.batch(crops)
    row("all", figures(scores, smiling))
    facts = attributes(folder / "list_attr_celeba.txt")
    for attribute in ATTRIBUTES:
        has = np.array([facts[name][attribute] for name in names])
        row(attribute, figures(scores[has], smiling[has]))
        row(f"not {attribute}", figures(scores[~has], smiling[~has]))
    light = np.array([lightness(crop) for crop in crops])
    for name, third in thirds(light).items():
        label = f"{name}, L* {light[third].min():.0f} to {light[third].max():.0f}"
        row(label, figures(scores[third], smiling[third]))
    for side in (48, 32, 24):
        small = score.batch([images.resize(crop, side) for crop in crops])
        row(f"shrunk to {side} px", figures(small, smiling))
    for style in STYLES:
        drawn = score.batch([sketch(crop, style, seed) for seed, crop in enumerate(crops[::4])])
        row(f"drawn as {style}, 1 in 4", figures(drawn, smiling[::4]))
    place = np.minimum(scores * 5, 4).astype(int)
    for fifth in range(5):
        said = smiling[place == fifth]
        print(f"score {fifth / 5} to {(fifth + 1) / 5}: {said.mean():.2f} of {len(said)} smile")
    if sheet:
        errors(crops, scores, smiling, sheet)


def cufs(folder: Path, score: SmileScore) -> None:
    """Print how many are said to smile of people who do not."""
    items = list(CUFS(path=folder, pairs=True).items())
    for kind in ("photo", "sketch"):
        pictures = [images.read(item.place.file) for item in items if item.kind == kind]
        crops, _ = aligned(pictures)
        false = (score.batch(crops) > SMILING).mean()
        print(f"{folder.name}, {kind}, {len(crops)} neutral people: {false:.3f} said to smile")


def speed(score: SmileScore) -> None:
    """Print the processor time of a face."""
    rng = np.random.default_rng(0)
    for side in (128, 512):
        crop = rng.integers(0, 256, (side, side, 3), np.uint8)
        took = []
        for _ in range(300):
            start = time.process_time()
            score(crop)
            took.append(time.process_time() - start)
        print(f"one crop of {side} px: {np.median(took) * 1e3:.2f} ms")


def row(name: str, values: dict[str, float | None]) -> None:
    """Print one row."""
    cells = "".join(
        f"{'-' if (value := values[key]) is None else format(value, '.3f'):>{width}}"
        for key, width in COLUMNS.items()
    )
    print(f"{name:28}{values['faces']:>6}{cells}", flush=True)


def aligned(pictures: list[Crops]) -> tuple[Crops, list[int]]:
    """Crops [N, 128, 128, 3] of the largest faces, and which pictures these are of."""
    detector, preprocessing = DlibDetector(), Preprocessing()
    crops, found = [], []
    for number, picture in enumerate(pictures):
        try:
            face = find(picture, detector)[0]
            crops.append(preprocessing.align(picture, face).image)
        except NoFaceError:
            continue
        found.append(number)
    return np.stack(crops), found


def attributes(table: Path) -> dict[str, dict[str, bool]]:
    """CelebA's attributes by image and name."""
    _, head, *rows = table.read_text().splitlines()
    return {
        name: dict(zip(head.split(), (value == "1" for value in values), strict=True))
        for name, *values in (line.split() for line in rows)
    }


def errors(
    crops: Crops, scores: NDArray[np.float32], smiling: NDArray[np.bool_], path: Path
) -> None:
    """Write the surest errors: three rows that were said to smile, three that were not."""
    order = np.argsort(scores)
    false = [i for i in order[::-1] if not smiling[i]][:36]
    missed = [i for i in order if smiling[i]][:36]
    rows = [group[i : i + 12] for group in (false, missed) for i in (0, 12, 24)]
    images.write(path, images.montage([[crops[i] for i in row] for row in rows]))


if __name__ == "__main__":
    main()
