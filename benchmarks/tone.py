"""Does a drawing's tone predict its photo's brightness? In limner's pairs and hand-drawn ones.

    python benchmarks/tone.py SET [--experiment lifelike] [--set FIELD=VALUE]... [--pairs FOLDER...]

For training pairs of an experiment: the correlation between the median grey levels of the face in
drawing and photo, and the mean level of photos by the level of their drawings. A model cannot learn
more than this about the tone of hand-drawn sketches. For each FOLDER, which contains `sketches/`
and `photos/`: the quartiles of both levels.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.data.prepared import PreparedSet
from limner.errors import LimnerError
from limner.experiments import EXPERIMENTS, config_of
from limner.faces import DlibDetector, Preprocessing, find
from limner.training.config import Config
from limner.training.feeding.pictures import TrainingImages

EDGES = (0, 180, 205, 225, 240, 256)


def main() -> None:
    """Print the correlation, and the levels of both kinds of pairs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prepared", metavar="SET", type=Path, help="dataset of photos")
    parser.add_argument("--experiment", choices=EXPERIMENTS, default="lifelike")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", help="see limner train"
    )
    parser.add_argument("--count", type=int, default=600, help="pairs to draw")
    parser.add_argument(
        "--pairs", type=Path, nargs="*", default=[], help="folders of hand-drawn pairs"
    )
    options = parser.parse_args()
    config = config_of(options.experiment).with_settings(options.settings)
    drawn, shown = of_training(options.prepared, config, options.count)
    print(f"{options.experiment}: correlation {np.corrcoef(drawn, shown)[0, 1]:.2f}")
    for low, high in itertools.pairwise(EDGES):
        here = (drawn >= low) & (drawn < high)
        if here.any():
            mean = shown[here].mean()
            print(f"  drawings of {low:3} to {high - 1}: {here.sum():4}, photos {mean:.0f}")
    for folder in options.pairs:
        for kind in ("sketches", "photos"):
            levels = of_folder(folder / kind)
            quartiles = ", ".join(f"{level:.0f}" for level in np.percentile(levels, (25, 50, 75)))
            print(f"{folder.name}, {kind}: {len(levels)}, quartiles {quartiles}")


def level(face: NDArray[np.uint8]) -> float:
    """Return the median grey level of the middle of an aligned crop."""
    side = len(face)
    inner = slice(side // 4, side - side // 4)
    return float(np.median(images.to_grey(face)[inner, inner]))


def of_training(folder: Path, config: Config, count: int) -> NDArray[np.float64]:
    """Return the levels of drawings and photos `[2, count]` in training pairs."""
    feed = TrainingImages.of(config, PreparedSet(folder), sketches=False, pairs=True)
    pairs = (feed[number] for number in range(count))
    return np.array([(level(one["sketched"]), level(one["photo"])) for one in pairs]).T


def of_folder(folder: Path) -> NDArray[np.float64]:
    """Return the levels `[N]` of the faces that are found."""
    detector, preprocessing = DlibDetector(), Preprocessing(size=128)
    found = []
    for file in images.files_below(folder):
        picture = images.read(file)
        try:
            [face] = find(picture, detector, name=str(file))
        except LimnerError as error:
            print(error)
            continue
        found.append(level(preprocessing.align(picture, face).image))
    return np.array(found)


if __name__ == "__main__":
    main()
