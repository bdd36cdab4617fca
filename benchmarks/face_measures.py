"""What the measures that look at faces say where there is nothing to find, and how long they take.

    OMP_NUM_THREADS=1 python benchmarks/face_measures.py --data DIR [--points 68]

- Points: how far those of a photo are from those of drawings of the same photo, which limner makes
  in each of its styles: the predictor's own error, under which nothing is seen. Beside it how far
  they are from the sketch drawn by hand, and from another person's photo. 68 points are found by a
  predictor whose training set excludes commercial use; the photos of DIR/research/cufs*.
- Smiles: more in photos than in sketches drawn by hand of the same serious people, and what the
  score says of the same people serious and smiling (DIR/open/london_*, from which it learnt).
- Faces found, and their place, in photos of DIR/open, and in the same photos scrambled.
- Milliseconds of processor time a picture of 128 px, on one thread.
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
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("LIMNER_DATA"))
    parser.add_argument("--points", type=int, choices=(5, 68), default=5)
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    options = parser.parse_args()
    if options.data is None:
        parser.error("--data DIR is needed, or LIMNER_DATA in the environment")
    feature = LandmarksFeature(options.points)
    for folder in sorted(options.data.glob("research/cufs*")):
        photos, drawings = aligned_pairs(folder, options.every)
        print(f"{folder.name}: {len(photos)} people")
        points(feature, photos, drawings)
        smiles("photos above hand-drawn sketches", photos, drawings)
    serious, smiling = (
        framed(sorted((options.data / "open" / f"london_{one}").iterdir())[:: options.every])
        for one in ("neutral", "smiling")
    )
    smiles("smiling above serious, London", smiling, serious[: len(smiling)])
    faces = framed(images.files_below(options.data / "open")[:: 6 * options.every])
    look("photos", faces)
    look("scrambled", corrupted(faces, "scrambled", 1, others=faces))
    for one in (feature, SMILE, SKIN, BRIGHTNESS, DETECTION):
        print(f"{one.key.partition('/')[0]:12s} {milliseconds(one, faces[:200]):6.2f} ms")


def described(feature: Feature, pictures: Crops) -> NDArray[np.float32]:
    """A feature of each picture, as `limner measure` finds it: `[N, D]`."""
    extract = feature.start()
    in_three = pictures if pictures.ndim == 4 else np.stack([pictures] * 3, axis=-1)
    return np.stack([extract(picture) for picture in in_three])


def framed(files: list[Path]) -> Crops:
    """Faces `[N, 128, 128, 3]` of the pictures in which one is found."""
    detector, preprocessing, crops = DlibDetector(), Preprocessing(), []
    for file in files:
        picture = images.read(file)
        try:
            crops.append(preprocessing.align(picture, find(picture, detector)[0]).image)
        except NoFaceError as error:
            print(f"left out: {error}")
    return np.stack(crops)


def points(feature: LandmarksFeature, photos: Crops, drawings: Crops) -> None:
    """Print the errors of points against those of the photos."""

    def row(name: str, pictures: Crops, found: NDArray[np.float32]) -> None:
        other = described(feature, pictures).reshape(len(photos), -1, 2)
        errors = landmark_errors(other, found.reshape(other.shape)).mean(axis=1)
        print(f"  points, {name:28s} {errors.mean():.4f}  median {np.median(errors):.4f}")

    found = described(feature, photos)
    for style in STYLES:
        generated = np.stack([sketch(photo, style, seed) for seed, photo in enumerate(photos)])
        row(f"drawn as {style}", generated, found)
    row("drawn by hand", drawings, found)
    row("another's photo", np.roll(photos, 1, axis=0), found)


def smiles(name: str, generated: Crops, before: Crops) -> None:
    """Print the drift of smiles."""
    scores = [described(SMILE, one)[:, 0] for one in (generated, before)]
    drift, higher = smile_drift(*scores).mean(), (scores[0] - scores[1]).mean()
    print(f"  smiles, {name:36s} {drift:+.3f}  score {higher:+.3f}")


def look(name: str, pictures: Crops) -> None:
    """Print in how many a face is found."""
    there, _, off = described(DETECTION, pictures).T
    print(
        f"{name}: {len(pictures)}, face in {there.mean():.4f}, in place in "
        f"{(off <= IN_PLACE).mean():.4f}; eyes off by {np.median(off):.4f} (median)"
    )


def milliseconds(feature: Feature, pictures: Crops) -> float:
    """Of processor time, a warm start."""
    extract = feature.start()
    extract(pictures[0])
    start = time.process_time()
    for picture in pictures:
        extract(picture)
    return 1000 * (time.process_time() - start) / len(pictures)


if __name__ == "__main__":
    main()
