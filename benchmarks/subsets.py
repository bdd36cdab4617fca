"""Is the model equally good for everybody, and for every kind of drawing?

Photos of CelebA are drawn by limner, one drawing each, and translated. Prints scores against the
ground truth, with 95% confidence intervals over the people: of all, by attributes that CelebA's
annotators gave (sex, age group, glasses, beard), by skin tone (thirds of the typology angle of the
photo, see `limner.metrics.likeness.skin`), and by style of the drawing.

    python benchmarks/subsets.py --celeba DIR [--model NAME|FILE] [--people N] [--set SET]

With --set, the held-out photos of a dataset made by `limner prepare` are used instead, by skin
tone and style only. CelebA is for research only: nothing of it is shown or kept. Its light, its
photographers and its annotators differ between groups, so a difference here may be theirs.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.data.annotations import key_of, read_flags
from limner.data.prepared import PreparedSet
from limner.errors import NoFaceError
from limner.faces import find
from limner.features.evaluation_set import EvaluationSet
from limner.guidance import literal_of
from limner.metrics.catalogue import standard
from limner.metrics.likeness.skin import skin, typology_angle
from limner.metrics.measuring import measure
from limner.metrics.resampling import Resampling
from limner.sketching import STYLES, sketch
from limner.translator import Translator

SCORES = {
    "identity.genuine": "distance",
    "fsim.grey": "FSIM",
    "smile.drift": "smiles",
    "skin.error": "skin",
    "skin.lightness": "skin L*",
    "brightness.drift": "brightness",
}
ATTRIBUTES = {
    "Male": ("men", "women"),
    "Young": ("young", "not young"),
    "Eyeglasses": ("glasses", "no glasses"),
    "No_Beard": ("no beard", "beard"),
}
"""CelebA's attributes, and how people with and without them are called."""
_ENOUGH = 10
"""Fewer people than this get no row."""
_RESAMPLES = 2000

Faces = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class People:
    """Photos, and who belongs to which group."""

    photos: Faces
    """`[N, S, S, 3]`."""
    groups: Mapping[str, NDArray[np.bool_]]
    """`[N]` for each group."""


def main() -> None:
    """Print the table of each model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--celeba", type=Path, help="folder of CelebA")
    parser.add_argument("--set", type=Path, help="dataset whose held-out photos to use")
    parser.add_argument("--model", action="append", help="shipped name or file; may repeat")
    parser.add_argument("--people", type=int, default=600, help="number of photos")
    options = parser.parse_args()
    if (options.celeba is None) == (options.set is None):
        parser.error("give either --celeba or --set")
    for name in options.model or ["portrait"]:
        translator = Translator(name)
        people = (
            celebrities(options.celeba, options.people, translator)
            if options.celeba
            else held_out(options.set, options.people, translator)
        )
        print_table(people, translator)


def celebrities(folder: Path, count: int, translator: Translator) -> People:
    """Return aligned photos of CelebA, evenly spaced, and the groups by its attributes."""
    table = min(folder.rglob("list_attr_celeba.*"))
    flags = {name: read_flags(table, name).rows for name in ATTRIBUTES}
    files = images.files_below(folder / "img_align_celeba")
    photos, chosen = [], []
    for file in files[:: max(1, len(files) // count)][:count]:
        picture = images.read(file)
        try:
            face = find(picture, translator.detector, name=file.name)[0]
            aligned = translator.card.preprocessing.align(picture, face, name=file.name)
        except NoFaceError:
            continue
        photos.append(aligned.image)
        chosen.append(key_of(file.name))
    groups: dict[str, NDArray[np.bool_]] = {}
    for name, called in ATTRIBUTES.items():
        have = np.array([flags[name][key][1] for key in chosen])
        groups |= {called[0]: have, called[1]: ~have}
    return People(photos=np.stack(photos), groups=groups | tones(photos))


def held_out(folder: Path, count: int, translator: Translator) -> People:
    """Return held-out photos of a dataset, evenly spaced."""
    faces = PreparedSet(folder).images("test", "photo")
    side = translator.card.preprocessing.size
    photos = [images.resize(one, side) for one in faces[:: max(1, len(faces) // count)][:count]]
    return People(photos=np.stack(photos), groups=tones(photos))


def tones(photos: Sequence[Faces]) -> dict[str, NDArray[np.bool_]]:
    """Return the thirds of people by the typology angle of their photos."""
    angles = typology_angle(np.stack([skin(photo) for photo in photos]))
    low, high = np.quantile(angles, [1 / 3, 2 / 3])
    return {
        f"darkest skin (ITA below {low:.0f}°)": angles < low,
        "between": (angles >= low) & (angles < high),
        f"lightest skin (ITA from {high:.0f}°)": angles >= high,
    }


def print_table(people: People, translator: Translator) -> None:
    """Translate drawings of all people, and print the scores of each group and each style."""
    everybody = np.ones(len(people.photos), bool)
    print(f"{translator.card.name}: {len(everybody)} people, in the style pencil")
    print(f"{'':32s}    n" + "".join(f"{title:>24s}" for title in SCORES.values()))
    found = scores_of(people.photos, "pencil", translator)
    for name, group in {"everybody": everybody, **people.groups}.items():
        print_row(name, found, group)
    for style in STYLES:
        if style != "pencil":
            print_row(f"style {style}", scores_of(people.photos, style, translator), everybody)


def scores_of(photos: Faces, style: str, translator: Translator) -> dict[str, dict[int, float]]:
    """Return, for each score, its values by the person's number."""
    drawings = [sketch(photo, style, seed) for seed, photo in enumerate(photos)]
    literal = literal_of(translator.card, drawings, None)
    with tempfile.TemporaryDirectory(prefix="limner-") as place:
        folders = {name: Path(place) / name for name in ("generated", "sketches", "photos")}
        for number, (photo, drawing) in enumerate(zip(photos, drawings, strict=True)):
            given = literal and [literal[number]]
            generated = translator.batch([drawing], literal=given)[0]
            for folder, one in zip(folders.values(), (generated, drawing, photo), strict=True):
                images.write(folder / f"{number}.png", one)
        evaluated = EvaluationSet.of_folders(
            folders["generated"],
            sketches=folders["sketches"],
            ground_truth=folders["photos"],
            as_is=True,
        )
        measured = measure(evaluated, standard(), resampling=Resampling(resamples=100))
    values: dict[str, dict[int, float]] = {}
    for result in measured.results:
        for score in result.scores:
            if score.name in SCORES and (each := score.by_image) is not None:
                numbers = map(int, result.rows)
                values[score.name] = dict(zip(numbers, each.tolist(), strict=True))
    return values


def print_row(
    name: str, found: Mapping[str, Mapping[int, float]], group: NDArray[np.bool_]
) -> None:
    """Print means over a group, with intervals of a bootstrap over its people."""
    if group.sum() < _ENOUGH:
        return
    cells = []
    for score in SCORES:
        here = found.get(score, {})
        values = np.array([here[i] for i in np.flatnonzero(group).tolist() if i in here])
        drawn = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
        low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        cells.append(f"{values.mean():.3f} ({low:.3f}..{high:.3f})".rjust(24))
    print(f"{name:32s} {group.sum():4d}" + "".join(cells))


if __name__ == "__main__":
    main()
