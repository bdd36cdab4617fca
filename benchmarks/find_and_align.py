"""Speed of finding and aligning faces, and faces found, compared with the 2018 pipeline.

    python benchmarks/find_and_align.py --data FOLDER

The 2018 study ran dlib's HOG detector on pictures enlarged twice (upsampling 2). Both process every
picture in turn and align with the same code. Times are processor time of one core, so that other
programs on the machine matter little; each result is the median of the rounds.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median

# One thread each; set before any library reads these.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import dlib
import numpy as np

from limner import images
from limner.errors import NoFaceError
from limner.faces import Detector, DlibDetector, Face, Preprocessing, find
from limner.faces.points import PointPredictor


class StudyDetector:
    """dlib's HOG detector with upsampling 2, as the study's code called it."""

    def __init__(self) -> None:
        self._find = dlib.get_frontal_face_detector()
        self._predict = PointPredictor()

    def __call__(self, grey: np.ndarray, *, thorough: bool = False) -> list[Face]:
        """Return the faces in [H, W] grey, the largest first; always thorough."""
        del thorough
        found = []
        for box in self._find(grey, 2):
            sides = (box.left(), box.top(), box.right() + 1, box.bottom() + 1)
            centre = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
            points = self._predict(grey, centre, box.width())
            found.append(Face(box=sides, score=0.0, points=points.astype(np.float32)))
        return sorted(found, key=lambda face: face.box[0] - face.box[2])


def seconds(image: np.ndarray, detector: Detector, settings: Preprocessing) -> tuple[float, bool]:
    """Return the processor time to find and align one face, and whether one was found."""
    start = time.process_time()
    try:
        settings.align(image, find(image, detector)[0])
        found = True
    except NoFaceError:
        found = False
    return time.process_time() - start, found


def main() -> None:
    """Print one line per folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--pictures", type=int, default=40, help="per folder, evenly spread")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.data is None:
        parser.error("give --data FOLDER, or set LIMNER_DATA in the environment")
    detectors = {"limner": DlibDetector(), "study": StudyDetector()}
    settings = Preprocessing()
    print(
        f"{'limner | study':34}{'pictures':>9}{'found':>14}{'per second and core':>24}{'ratio':>8}"
    )
    for folder in sorted(args.data.glob("**/cufs_*/*/")):
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        pictures = [images.read(path, grey=True) for path in spread(paths, args.pictures)]
        rounds: dict[str, list[float]] = {name: [] for name in detectors}
        hits = dict.fromkeys(detectors, 0)
        for _ in range(args.rounds):
            total, hits = dict.fromkeys(detectors, 0.0), dict.fromkeys(detectors, 0)
            for picture in pictures:
                for name, detector in detectors.items():
                    took, hit = seconds(picture, detector, settings)
                    total[name] += took
                    hits[name] += hit
            for name in detectors:
                rounds[name].append(len(pictures) / total[name])
        speed = {name: median(values) for name, values in rounds.items()}
        print(
            f"{folder.parent.name + '/' + folder.name:34}{len(pictures):>9}"
            f"{hits['limner']:>7}{hits['study']:>7}"
            f"{speed['limner']:>12.1f}{speed['study']:>12.1f}"
            f"{speed['limner'] / speed['study']:>8.1f}",
            flush=True,
        )


def spread(paths: list[Path], count: int) -> list[Path]:
    """Return at most `count` of the paths, evenly spread."""
    return paths[:: max(1, len(paths) // count)][:count]


if __name__ == "__main__":
    main()
