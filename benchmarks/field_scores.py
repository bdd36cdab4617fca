"""Scores of models and of folders of photos, such as the exemplar method's, on the same sketches.

All are computed as by `limner compare`; (+) and (-) mark what is significantly better and worse
than the first one's. `field.py` and `quantisation.py` print them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from exemplar import Exemplar
from numpy.typing import NDArray

from limner import evaluation, images
from limner.data.prepared import PreparedSet
from limner.engines import engine_of
from limner.errors import NoFaceError
from limner.faces import Preprocessing, find
from limner.features.cache import default_folder
from limner.metrics.comparison import Cell, Comparison, compare
from limner.metrics.faithfulness.detection import FaceDetection
from limner.metrics.faithfulness.hatching import Hatching
from limner.metrics.faithfulness.smiles import SmileDrift
from limner.metrics.likeness.brightness import Brightness
from limner.metrics.likeness.fsim import Fsim
from limner.metrics.likeness.identity import Identity
from limner.metrics.likeness.skin import Skin
from limner.metrics.likeness.ssim import Ssim
from limner.metrics.measuring import measure
from limner.metrics.realism.checkerboard import Checkerboard
from limner.metrics.realism.collapse import Collapse
from limner.metrics.realism.kid import Kid
from limner.metrics.realism.sharpness import Sharpness
from limner.metrics.reports.formatting import in_words
from limner.sketching import sketch
from limner.translator import Translator

Pictures = NDArray[np.uint8]

SIDE = 128
METRICS = (
    *(Identity(), Ssim(), Fsim(), Hatching(), Skin(), Brightness(), Checkerboard(), Kid()),
    *(SmileDrift(against="ground_truth"), Collapse(), Sharpness(), FaceDetection()),
)
SHOWN = {
    "identity.rank1": "rank-1",
    "identity.rank5": "rank-5",
    "identity.genuine": "distance to the ground truth",
    "ssim.grey": "SSIM",
    "fsim.grey": "FSIM",
    "hatching.kept": "hatching left on the skin",
    "skin.error": "skin, CIEDE2000",
    "brightness.drift": "brightness",
    "checkerboard.common": "strongest common grid",
    "smile.drift": "more smiles than in the ground truth",
    "kid": "KID on face descriptors",
    "collapse.diversity": "diversity, relative to real photos",
    "sharpness.ratio": "sharpness, relative to real photos",
    "detection.rate": "faces detected",
}
"""Scores in the table, by their names in `limner compare --json`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Aligned pairs of photos and sketches."""

    names: Sequence[str]
    """The files' names without suffixes."""
    photos: Pictures
    """`[N, 128, 128, 3]`."""
    sketches: Pictures
    """`[N, 128, 128]`."""


def drawn_pairs(path: Path, count: int) -> Pairs:
    """Return so many photos of a dataset's training split, drawn in the style `pencil`."""
    faces = PreparedSet(path).images("train", "photo")
    places = np.unique(np.linspace(0, len(faces) - 1, count).round().astype(int))
    photos = np.stack([images.resize(faces[place], SIDE) for place in places])
    sketches = np.stack([sketch(photo, "pencil", seed) for seed, photo in enumerate(photos)])
    return Pairs(names=[str(place) for place in places], photos=photos, sketches=sketches)


def hand_drawn_pairs(folder: Path, every: int = 1) -> Pairs:
    """Return the pairs of `photos/` and `sketches/`; without those in which no face is found.

    Sketches are aligned and cleaned as for a model of limner.
    """
    translator, preprocessing = Translator(threads=1), Preprocessing(size=SIDE)
    names, photos, sketches = [], [], []
    for path in sorted((folder / "sketches").iterdir())[::every]:
        photo = images.read(folder / "photos" / path.name)
        try:
            [aligned] = translator.align(path)
            [face, *_] = find(photo, translator.detector, name=path.name)
            photos.append(preprocessing.align(photo, face, name=path.name).image)
        except NoFaceError as error:
            print(f"skipped: {error}")
            continue
        names.append(path.stem)
        sketches.append(images.resize(images.to_grey(aligned.image), SIDE))
    return Pairs(names=names, photos=np.stack(photos), sketches=np.stack(sketches))


def write_photos(drawn: Pairs, taught: Pairs, out: Path) -> None:
    """Make photos of sketches by the exemplar method; a person's own pair is never used."""
    exemplar = Exemplar(taught.photos, taught.sketches)
    for name, drawing in zip(drawn.names, drawn.sketches, strict=True):
        own = taught.names.index(name) if taught is drawn else None
        images.write(out / f"{name}.png", exemplar(drawing, without=own))


def scores(
    model: str,
    folder: Path,
    hand_drawn: Mapping[str, Pairs],
    drawn: Pairs,
    work: Path,
    *,
    workers: int = 0,
) -> Comparison:
    """Compare limner with the exemplar method on the sketches of one folder.

    Args:
        model: limner's model.
        folder: Folder of `photos/` and `sketches/`.
        hand_drawn: The pairs of this folder and of others, by the folders' names.
        drawn: Pairs of photos and limner's own sketches.
        work: Where to write the photos.
        workers: Processes; 0 for all cores.
    """
    here = hand_drawn[folder.name]
    taught = {f"exemplar, {len(drawn.names)} drawn photos": drawn}
    for name, pairs in hand_drawn.items():
        which = "the others of this folder" if pairs is here else name
        taught[f"exemplar, {which}"] = pairs
    for title, pairs in taught.items():
        write_photos(here, pairs, work / title)
    return compared(
        [model, *(str(work / title) for title in taught)], folder, work, workers=workers
    )


def compared(names: Sequence[str], folder: Path, work: Path, *, workers: int = 0) -> Comparison:
    """Compare models and folders of photos on the sketches of one folder.

    Args:
        names: Models and folders.
        folder: Folder of `photos/` and `sketches/`.
        work: Where to write the photos of models, each in a folder of the model's name.
        workers: Processes; 0 for all cores.
    """
    sketches, truth = folder / "sketches", folder / "photos"
    found = evaluation.candidates(names, work, sketches=sketches)
    sets = evaluation.evaluation_sets(found, sketches=sketches, ground_truth=truth)
    engine = engine_of("local", workers=workers)
    return compare(
        {
            name: measure(evaluated, METRICS, engine=engine, cache=default_folder())
            for name, evaluated in sets.items()
        }
    )


def table(compared: Comparison) -> str:
    """Return the shown scores as a table in Markdown."""
    count = max(one.scores["detection.rate"].estimate.n for one in compared.measured)
    lines = [
        f"| {count} sketches | {' | '.join(compared.names)} |",
        f"|---|{'---|' * len(compared.names)}",
    ]
    rows = {row.name: row for row in compared.rows}
    for name, title in SHOWN.items():
        if name in rows:
            cells = " | ".join(map(in_a_cell, rows[name].cells))
            lines.append(f"| {title} | {cells} |")
    return "\n".join(lines)


def in_a_cell(cell: Cell | None) -> str:
    """Return a score, marked where it differs significantly from the first one's."""
    if cell is None:
        return ""
    text = in_words(cell.score, cell.score.estimate.value)
    if cell.difference is None or not cell.difference.significant:
        return text
    return f"({'+' if cell.difference.better else '-'}) {text}"
