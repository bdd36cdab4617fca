"""Train the 5-landmark predictor that comes with limner.

    python -m limner.face_training.points PHOTOS OUT.dat

PHOTOS contains one folder per source. Every photo is labelled by the public-domain predictor; the
new one learns these landmarks on the photo and on sketches made of it, so that it is better on
sketches and has a fifth of the size. A tenth of the people is held out; their errors are written to
OUT.json.
"""

import argparse
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import DataError
from limner.faces.detect import DlibDetector
from limner.faces.points import (
    PATCH_BOX,
    PointPredictor,
    mirror,
    patch_transform,
    public_predictor,
)
from limner.faces.warp import apply, warp
from limner.sketching import STYLES, random_sketch, sketch

__all__ = ["Settings", "train"]

_SIDE = 320  # px of a patch: enough of the person for the sketch styles to estimate tones
_SKETCH_SIDE = 176  # px; time is proportional to pixels, and a sketch has no finer detail
_MAX_SPREAD = 0.03  # of the inter-ocular distance; labels that vary more with the box are unusable


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the training; the file's size is about trees x 2^depth x 60 bytes."""

    photos_each: int = 2
    """Patches of each photo, each with its own box, rotation and mirroring."""
    sketches_each: int = 3
    """Patches of sketches of each photo, likewise."""
    box_shift: float = 0.06
    """Maximum shift of the box, as a share of its side: the detector's stride."""
    box_scale: float = 0.12
    """Maximum change of the box's side, as a share: the detector's pyramid step."""
    turn: float = 9.0
    """Standard deviation of the rotation in degrees."""
    cascade_depth: int = 12
    trees: int = 130
    """Trees per cascade level."""
    tree_depth: int = 4
    feature_pool_size: int = 400
    padding: float = 0.2
    """How far beyond the landmarks pixels are compared, as a share of the box's side: without
    padding, the outer eye corners are seen from inside only."""
    oversampling: int = 8
    """Starting shapes per patch."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """A photo with the landmarks of the public predictor."""

    path: Path
    held_out: bool
    centre: tuple[float, float]
    """(x, y) of the detector's box in px."""
    side: float
    """Of the box in px."""
    points: NDArray[np.float64]
    """[5, 2] (x, y) in px."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """An image of a face as the predictor's input."""

    grey: NDArray[np.uint8]
    """[320, 320]."""
    points: NDArray[np.float64]
    """[5, 2] (x, y) in px of `grey`."""


def person(path: Path) -> str:
    """Name of the person in a photo; the London sets show the same people, by number."""
    if path.parent.name.startswith("london_"):
        return f"london {path.stem.split('_')[0]}"
    return f"{path.parent.name} {path.stem}"


def label(path: Path, detector: DlibDetector, public: PointPredictor) -> Labelled | None:
    """Label one photo; None if no face is found, or if its landmarks depend on the box.

    The label is the median over shifted boxes, which is less noisy than one prediction.
    """
    grey = images.read(path, grey=True)
    faces = detector(grey)
    if not faces:
        return None
    left, top, right, bottom = faces[0].box
    x, y, side = (left + right) / 2, (top + bottom) / 2, float(right - left)
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(6):
        at = x + side * rng.uniform(-0.04, 0.04), y + side * rng.uniform(-0.04, 0.04)
        seen.append(public(grey, at, side * rng.uniform(0.95, 1.1)))
    points = np.median(seen, axis=0)
    spread = np.std(seen, axis=0).max() / np.linalg.norm(points[0] - points[2])
    if spread > _MAX_SPREAD:
        return None
    held_out = zlib.crc32(person(path).encode()) % 10 == 0
    return Labelled(path=path, held_out=held_out, centre=(x, y), side=side, points=points)


def patches(photo: Labelled, settings: Settings) -> list[Patch]:
    """Make the training patches of one photo."""
    rng = np.random.default_rng((settings.seed, zlib.crc32(str(photo.path.name).encode())))
    made = []
    image = images.read(photo.path)
    for index in range(settings.photos_each + settings.sketches_each):
        shift = rng.uniform(-settings.box_shift, settings.box_shift, 2) * photo.side
        side = photo.side * (1 + rng.uniform(-settings.box_scale, settings.box_scale))
        centre = photo.centre[0] + shift[0], photo.centre[1] + shift[1]
        transform = patch_transform(
            centre, side, float(rng.normal(0, settings.turn)), patch_side=_SIDE
        )
        if index < settings.photos_each:
            grey = images.to_grey(warp(image, transform, (_SIDE, _SIDE)))
        else:
            small = warp(image, transform * (_SKETCH_SIDE / _SIDE), (_SKETCH_SIDE,) * 2)
            grey = _enlarge(random_sketch(small, rng))
        points = apply(transform, photo.points)
        if rng.random() < 0.5:
            grey = np.ascontiguousarray(grey[:, ::-1])
            points = mirror(points, _SIDE)
        made.append(Patch(grey=grey, points=points))
    return made


def fit(training: Sequence[Patch], settings: Settings, out: Path) -> None:
    """Train dlib's predictor on the patches and save it."""
    import dlib

    first = (_SIDE - PATCH_BOX) // 2
    box = dlib.rectangle(first, first, first + PATCH_BOX - 1, first + PATCH_BOX - 1)
    options = dlib.shape_predictor_training_options()
    options.cascade_depth = settings.cascade_depth
    options.num_trees_per_cascade_level = settings.trees
    options.tree_depth = settings.tree_depth
    options.feature_pool_size = settings.feature_pool_size
    options.feature_pool_region_padding = settings.padding
    options.oversampling_amount = settings.oversampling
    options.random_seed = str(settings.seed)
    # dlib 20.0 counts references to arrays in its threads without holding the interpreter lock.
    options.num_threads = 1
    shapes = []
    for patch in training:
        # dlib's coordinates are integers and start at the middle of the first pixel.
        whole = np.rint(patch.points - 0.5).astype(int).tolist()
        parts = [dlib.point(x, y) for x, y in whole]
        shapes.append([dlib.full_object_detection(box, parts)])
    predictor = dlib.train_shape_predictor([patch.grey for patch in training], shapes, options)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.dat"
        predictor.save(str(made))
        images.write_bytes(out, made.read_bytes())


def errors(
    predictor: PointPredictor, photos: Sequence[Labelled], style: str | None = None
) -> dict[str, float]:
    """Mean landmark error over the inter-ocular distance: of outer eye corners, of all landmarks.

    Args:
        predictor: The predictor to measure.
        photos: Labelled photos.
        style: Measure on sketches in this style, or with None on the photos themselves.
    """
    distances = []
    for photo in photos:
        transform = patch_transform(photo.centre, photo.side, patch_side=_SIDE)
        patch = warp(images.read(photo.path), transform, (_SIDE, _SIDE))
        grey = images.to_grey(patch) if style is None else sketch(patch, style, seed=1)
        truth = apply(transform, photo.points)
        distance = np.linalg.norm(predictor.in_patch(grey) - truth, axis=1)
        distances.append(distance / np.linalg.norm(truth[0] - truth[2]))
    table = np.array(distances)
    return {
        "eye_corners": round(float(table[:, [0, 2]].mean()), 4),
        "all_points": round(float(table.mean()), 4),
    }


def train(photos: Path, out: Path, settings: Settings, *, workers: int) -> dict[str, Any]:
    """Label, train, save and measure; return the report that is also written next to `out`.

    Raises:
        DataError: There are no photos with a face.
    """
    paths = sorted(path for path in photos.glob("*/*") if path.is_file())
    with ProcessPoolExecutor(workers, initializer=_use_one_thread) as pool:
        labelled = [photo for photo in pool.map(_label, paths, chunksize=16) if photo]
        if not labelled:
            raise DataError(f"{photos}: no photo with a face; expected folders of photos in it")
        seen = [photo for photo in labelled if not photo.held_out]
        made = pool.map(patches, seen, [settings] * len(seen), chunksize=16)
        training = [patch for some in made for patch in some]
    fit(training, settings, out)
    unseen = [photo for photo in labelled if photo.held_out]
    report = {
        "settings": asdict(settings),
        "photos": {"all": len(paths), "labelled": len(labelled), "held_out": len(unseen)},
        "patches": len(training),
        "bytes": out.stat().st_size,
        "held_out_errors": dict(_compare(out, unseen)),
    }
    images.write_bytes(out.with_suffix(".json"), (json.dumps(report, indent=2) + "\n").encode())
    return report


def _compare(
    out: Path, photos: Sequence[Labelled]
) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
    ours, public = PointPredictor(out), PointPredictor(public_predictor())
    for style in (None, *STYLES):
        yield (
            "photo" if style is None else style,
            {"ours": errors(ours, photos, style), "public": errors(public, photos, style)},
        )


def _use_one_thread() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"


_tools: list[Any] = []


def _label(path: Path) -> Labelled | None:
    if not _tools:  # once per process, as dlib's objects can't be sent to one
        _tools.extend((DlibDetector(public_predictor()), PointPredictor(public_predictor())))
    return label(path, *_tools)


def _enlarge(drawing: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = np.eye(2, 3) * (_SIDE / _SKETCH_SIDE)
    return warp(drawing, scale, (_SIDE, _SIDE))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of folders of photos")
    parser.add_argument("out", type=Path, help="file to write, .dat")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trees", type=int, default=Settings.trees)
    parser.add_argument("--oversampling", type=int, default=Settings.oversampling)
    args = parser.parse_args()
    settings = Settings(trees=args.trees, oversampling=args.oversampling)
    report = train(args.photos, args.out, settings, workers=args.workers)
    print(json.dumps(report["held_out_errors"], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
