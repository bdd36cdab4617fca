"""Are the measures right? Each one under the damage that it exists for, and under all others.

    python benchmarks/measure_damages.py --data FOLDER [--people 100]

Real photos of FOLDER stand in for those of a perfect model: they are the truth, limner draws the
sketches of them, and they are damaged step by step. Other photos are the crowd of real ones, again
others those that a model learnt from. For each measure the first table has its main figure
undamaged and at a quarter, a half, three quarters and all of its own damage. In the second, a 1 is
how far a figure gets worse under the whole of its own damage, and the others are multiples of it.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.engines import LocalEngine
from limner.errors import LimnerError
from limner.faces import DlibDetector, Preprocessing, find
from limner.measures.catalogue import standard
from limner.measures.damages import DAMAGES, damaged
from limner.measures.figure import Figure
from limner.measures.measuring import measure
from limner.measures.resampling import Resampling
from limner.measures.subject import Picture, Subject
from limner.measures.words import in_words
from limner.sketching import sketch

OWN = {
    "identity.rank1": "swap",
    "identity.genuine": "swap",
    "strokes.recall": "ignored",
    "geometry.error": "eyes",
    "dependence.explained": "ignored",
    "ssim.grey": "blur",
    "fsim.grey": "blur",
    "kid": "average",
    "fid": "average",
    "smile.drift": "smile",
    "smile_drawn.drift": "smile",
    "skin.error": "cast",
    "skin.chroma": "grey",
    "brightness.drift": "dark",
    "found.face": "scrambled",
    "found.place": "features",
    "sharpness.ratio": "blur",
    "spectrum.distance": "noise",
    "checkerboard.period2": "grid",
    "checkerboard.common": "grid",
    "collapse.variety": "collapsed",
    "collapse.average": "average",
    "copying.share": "copied",
}
"""For each figure the damage that it exists for."""
STEPS = (0.25, 0.5, 0.75, 1.0)

Crops = NDArray[np.uint8]


@dataclass(frozen=True)
class Photos:
    """Framed photos `[n, S, S, 3]` of different people."""

    truth: Crops
    real: Crops
    training: Crops


def load(folder: Path, people: int, size: int = 128) -> Photos:
    """So many true photos, and twice as many of each other kind, evenly over the sources."""
    files = images.files_below(folder)
    order = np.random.default_rng(0).permutation(len(files)).tolist()
    detector, cut, found = DlibDetector(), Preprocessing(size=size), []
    for number in order:
        photo = images.read(files[number])
        try:
            face = find(photo, detector, name=str(files[number]))[0]
            found.append(cut.align(photo, face, name=str(files[number])).image)
        except LimnerError:
            continue
        if len(found) == 5 * people:
            break
    crops = np.stack(found)
    return Photos(crops[:people], crops[people : 3 * people], crops[3 * people :])


class Table:
    """Measures damaged photos; the same features are found once."""

    def __init__(self, photos: Photos, cache: Path, *, workers: int = 1) -> None:
        """Draw the sketches."""
        self.photos, self.cache = photos, cache
        self.engine = LocalEngine(workers=workers)
        drawn = [sketch(photo, "pencil", seed) for seed, photo in enumerate(photos.truth)]
        self.rows = {
            "truth": list(_pictures(photos.truth)),
            "sketch": list(_pictures(drawn)),
        }
        self.crowds = {
            "real": tuple(_pictures(photos.real)),
            "training": tuple(_pictures(photos.training)),
        }

    def figures(self, damage: str, strength: float) -> dict[str, Figure]:
        """All figures of photos with so much of a damage."""
        made = damaged(self.photos.truth, damage, strength, others=self.photos.training)
        rows = {
            f"{number:04d}": {
                "made": picture,
                "truth": self.rows["truth"][number],
                "sketch": self.rows["sketch"][number],
            }
            for number, picture in enumerate(_pictures(made))
        }
        subject = Subject(rows=rows, crowds=self.crowds, size=self.photos.truth.shape[1])
        draws = Resampling(draws=20)  # only the values are looked at
        found = measure(subject, standard(), resampling=draws, engine=self.engine, cache=self.cache)
        return found.figures


def _pictures(crops: Sequence[Crops]) -> Iterator[Picture]:
    for number, crop in enumerate(crops):
        yield Picture(name=str(number), source=images.encode(crop), framed=True)


def worse(figure: Figure, before: Figure) -> float:
    """How much worse a figure is than before."""
    return figure.loss(figure.estimate.value) - before.loss(before.estimate.value)


def steps(table: Table, sound: Mapping[str, Figure], name: str) -> list[Figure]:
    """A figure under its own damage, step by step, from none."""
    damage = OWN[name]
    return [sound[name], *(table.figures(damage, strength)[name] for strength in STEPS)]


def first_table(table: Table, sound: Mapping[str, Figure]) -> Iterator[str]:
    """Each figure under its own damage."""
    yield "| figure | damage | 0 | " + " | ".join(f"{step:g}" for step in STEPS) + " |"
    yield "|---|---|" + "---|" * (1 + len(STEPS))
    for name in OWN:
        values = [in_words(one, one.estimate.value) for one in steps(table, sound, name)]
        yield f"| `{name}` | {OWN[name]} | " + " | ".join(values) + " |"


def second_table(table: Table, sound: Mapping[str, Figure]) -> Iterator[str]:
    """Each figure under all damages, as multiples of what its own does."""
    yield "| figure | " + " | ".join(DAMAGES) + " |"
    yield "|---|" + "---|" * len(DAMAGES)
    spoilt = {damage: table.figures(damage, 1.0) for damage in DAMAGES}
    for name, own in OWN.items():
        whole = worse(spoilt[own][name], sound[name])
        cells = []
        for damage in DAMAGES:
            if name not in spoilt[damage]:
                cells.append("n/a")
                continue
            share = worse(spoilt[damage][name], sound[name]) / whole
            cells.append(f"**{share:.2f}**" if damage == own else f"{share:z.2f}")
        yield f"| `{name}` | " + " | ".join(cells) + " |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Table(load(args.data, args.people), Path(folder), workers=args.workers)
        sound = table.figures("blur", 0.0)
        for lines in (first_table, second_table):
            print()
            for line in lines(table, sound):
                print(line, flush=True)


if __name__ == "__main__":
    main()
