"""Accuracy and speed of the smile score.

    OMP_NUM_THREADS=1 python benchmarks/smile.py --data DIR [--sheet SHEET.png]

First the results that `limner.face_training.smile` stored with the shipped weights: labelled
people, each scored by weights that were not trained on them, as photos and drawn in every style.
Then the shipped weights, on pictures that were not used for training:

- CelebA in DIR/research/celeba*, by its attribute `Smiling`, and within that by `Male`,
  `Pale_Skin`, `Mouth_Slightly_Open` and thirds of measured skin lightness (CIELAB L* of both
  cheeks; lighting counts as much as skin); as they are, shrunk, and drawn. Variants of the score
  were chosen on the first half of the images, so these results are for the second half.
- CUFS in DIR/research/cufs*, with hand-drawn sketches: everyone has a neutral expression by the
  database's protocol, so every detected smile is false.

`smiling` is the proportion of smiling faces: a constant answer has this accuracy, or 1 minus it.
`missed` is the miss rate among smiling faces, `false` the false-positive rate among the others.
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
    """Print one table per set, then the time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument(
        "--sheet", type=Path, help="picture to write, of the most confident errors on CelebA"
    )
    options = parser.parse_args()
    if options.data is None:
        parser.error("give --data DIR, or set LIMNER_DATA in the environment")
    score = SmileScore()
    held_out()
    for folder in sorted(options.data.glob("research/celeba*")):
        celeba(folder, score, options.sheet)
    for folder in sorted(options.data.glob("research/cufs*")):
        cufs(folder, score)
    speed(score)


def held_out() -> None:
    """Print the results stored with the weights."""
    report = json.loads((resources.files("limner.faces") / "smile.json").read_text())
    for part in ("cross_validated", "test"):
        found = report[part]
        print(f"labelled people, {part}: {found.pop('people')}\n{HEADER}")
        for name, values in found.items():
            row(name, values)


def celeba(folder: Path, score: SmileScore, sheet: Path | None) -> None:
    """Print the results on the second half of the images."""
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
        labels = smiling[place == fifth]
        print(f"score {fifth / 5} to {(fifth + 1) / 5}: {labels.mean():.2f} of {len(labels)} smile")
    if sheet:
        errors(crops, scores, smiling, sheet)


def cufs(folder: Path, score: SmileScore) -> None:
    """Print the proportion of neutral faces that are scored as smiling."""
    items = list(CUFS(path=folder, pairs=True).items())
    for kind in ("photo", "sketch"):
        pictures = [images.read(item.place.file) for item in items if item.kind == kind]
        crops, _ = aligned(pictures)
        false = (score.batch(crops) > SMILING).mean()
        print(f"{folder.name}, {kind}, {len(crops)} neutral people: {false:.3f} scored as smiling")


def speed(score: SmileScore) -> None:
    """Print the processor time per face."""
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
    """Return crops [N, 128, 128, 3] of the largest faces, and the indices of their pictures."""
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
    """Return CelebA's attributes by image and name."""
    _, head, *rows = table.read_text().splitlines()
    return {
        name: dict(zip(head.split(), (value == "1" for value in values), strict=True))
        for name, *values in (line.split() for line in rows)
    }


def errors(
    crops: Crops, scores: NDArray[np.float32], smiling: NDArray[np.bool_], path: Path
) -> None:
    """Write the most confident errors: three rows of false smiles, three of missed ones."""
    order = np.argsort(scores)
    false = [i for i in order[::-1] if not smiling[i]][:36]
    missed = [i for i in order if smiling[i]][:36]
    rows = [group[i : i + 12] for group in (false, missed) for i in (0, 12, 24)]
    images.write(path, images.montage([[crops[i] for i in row] for row in rows]))


if __name__ == "__main__":
    main()
