"""Noise floor and cost of the metrics that look at faces.

    OMP_NUM_THREADS=1 python benchmarks/face_metrics.py --data DIR [--landmarks 68]

- Landmarks: the error between a photo and limner's drawings of it in each style. This is the error
  of the predictor itself; smaller errors cannot be measured. For comparison, the errors of the
  hand-drawn sketch and of another person's photo. The predictor of 68 landmarks was trained on data
  that excludes commercial use. Photos: DIR/research/cufs*.
- Smiles: the drift from hand-drawn sketches to photos of the same serious people, and from serious
  to smiling photos of the same people (DIR/open/london_*, on which the score was trained).
- Faces found, and their position, in photos of DIR/open, and in the same photos scrambled.
- Milliseconds of processor time per picture of 128 px, on one thread.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sketch_styles import aligned_pairs

from limner import images
from limner.errors import NoFaceError
from limner.faces import DlibDetector, Preprocessing, find
from limner.features.feature import Feature
from limner.metrics.faithfulness.detection import DETECTION, IN_PLACE
from limner.metrics.faithfulness.smiles import SMILE, smile_drift
from limner.metrics.likeness.brightness import BRIGHTNESS
from limner.metrics.likeness.landmarks import LandmarksFeature, landmark_errors
from limner.metrics.likeness.skin import SKIN
from limner.metrics.validation.corruptions import corrupted
from limner.sketching import STYLES, sketch

Crops = NDArray[np.uint8]


def main() -> None:
    """Print all results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--landmarks", type=int, choices=(5, 68), default=5)
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    options = parser.parse_args()
    if options.data is None:
        parser.error("give --data DIR, or set LIMNER_DATA in the environment")
    feature = LandmarksFeature(options.landmarks)
    for folder in sorted(options.data.glob("research/cufs*")):
        photos, drawings = aligned_pairs(folder, options.every)
        print(f"{folder.name}: {len(photos)} people")
        landmarks(feature, photos, drawings)
        smiles("hand-drawn sketches to photos", photos, drawings)
    serious, smiling = (
        aligned(sorted((options.data / "open" / f"london_{one}").iterdir())[:: options.every])
        for one in ("neutral", "smiling")
    )
    smiles("serious to smiling, London", smiling, serious[: len(smiling)])
    faces = aligned(images.files_below(options.data / "open")[:: 6 * options.every])
    detection("photos", faces)
    detection("scrambled", corrupted(faces, "scrambled", 1, others=faces))
    for one in (feature, SMILE, SKIN, BRIGHTNESS, DETECTION):
        print(f"{one.key.partition('/')[0]:12s} {milliseconds(one, faces[:200]):6.2f} ms")


def described(feature: Feature, pictures: Crops) -> NDArray[np.float32]:
    """Return a feature of each picture `[N, D]`, as `limner measure` computes it."""
    extract = feature.start()
    rgb = pictures if pictures.ndim == 4 else np.stack([pictures] * 3, axis=-1)
    return np.stack([extract(picture) for picture in rgb])


def aligned(files: list[Path]) -> Crops:
    """Return the aligned faces `[N, 128, 128, 3]` of the pictures in which one is found."""
    detector, preprocessing, crops = DlibDetector(), Preprocessing(), []
    for file in files:
        picture = images.read(file)
        try:
            crops.append(preprocessing.align(picture, find(picture, detector)[0]).image)
        except NoFaceError as error:
            print(f"skipped: {error}")
    return np.stack(crops)


def landmarks(feature: LandmarksFeature, photos: Crops, drawings: Crops) -> None:
    """Print landmark errors, compared with the landmarks of the photos."""

    def row(name: str, pictures: Crops, found: NDArray[np.float32]) -> None:
        other = described(feature, pictures).reshape(len(photos), -1, 2)
        errors = landmark_errors(other, found.reshape(other.shape)).mean(axis=1)
        print(f"  landmarks, {name:28s} {errors.mean():.4f}  median {np.median(errors):.4f}")

    found = described(feature, photos)
    for style in STYLES:
        generated = np.stack([sketch(photo, style, seed) for seed, photo in enumerate(photos)])
        row(f"drawn as {style}", generated, found)
    row("hand-drawn", drawings, found)
    row("another person's photo", np.roll(photos, 1, axis=0), found)


def smiles(name: str, generated: Crops, before: Crops) -> None:
    """Print the smile drift."""
    scores = [described(SMILE, one)[:, 0] for one in (generated, before)]
    drift, higher = smile_drift(*scores).mean(), (scores[0] - scores[1]).mean()
    print(f"  smiles, {name:36s} {drift:+.3f}  difference of the scores {higher:+.3f}")


def detection(name: str, pictures: Crops) -> None:
    """Print the proportion of pictures in which a face is found."""
    found, _, off = described(DETECTION, pictures).T
    print(
        f"{name}: {len(pictures)}, face found in {found.mean():.4f}, in place in "
        f"{(off <= IN_PLACE).mean():.4f}; eyes off by {np.median(off):.4f} (median)"
    )


def milliseconds(feature: Feature, pictures: Crops) -> float:
    """Return milliseconds of processor time per picture, after a warm-up."""
    extract = feature.start()
    extract(pictures[0])
    start = time.process_time()
    for picture in pictures:
        extract(picture)
    return 1000 * (time.process_time() - start) / len(pictures)


if __name__ == "__main__":
    main()
