"""Are the measures right? Each one under the damage that it exists for, and under all others.

    python benchmarks/corruptions.py --data FOLDER [--people 100]

Framed photos of FOLDER, evenly over its sources: so many stand in for those of a perfect model and
are damaged, see `limner.metrics.validation.sensitivity`. In the first table each measure's main
figure, undamaged and at a quarter, a half, three quarters and all of its own damage. In the second,
a 1 is how far a figure gets worse under the whole of its own damage, and the others are multiples
of that.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from limner import images
from limner.engines import LocalEngine
from limner.errors import LimnerError
from limner.faces import DlibDetector, Preprocessing, find
from limner.metrics.reports.formatting import in_words
from limner.metrics.validation.corruptions import CORRUPTIONS
from limner.metrics.validation.sensitivity import TARGET, Photos, SensitivityTest

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def load(folder: Path, people: int) -> Photos:
    """So many photos to damage, and twice as many of each other kind."""
    files = images.files_below(folder)
    detector, cut, found = DlibDetector(), Preprocessing(), []
    for number in np.random.default_rng(0).permutation(len(files)).tolist():
        photo = images.read(files[number])
        try:
            face = find(photo, detector)[0]
            found.append(cut.align(photo, face).image)
        except LimnerError:
            continue
        if len(found) == 5 * people:
            break
    crops = np.stack(found)
    return Photos(crops[:people], crops[people : 3 * people], crops[3 * people :])


def own_damages(trial: SensitivityTest) -> Iterator[str]:
    """Each figure under its own damage, step by step."""
    yield "| figure | damage | " + " | ".join(f"{step:g}" for step in STEPS) + " |"
    yield "|---|---|" + "---|" * len(STEPS)
    for name, corruption in TARGET.items():
        scores = [trial.scores(corruption, step)[name] for step in STEPS]
        values = " | ".join(in_words(one, one.estimate.value) for one in scores)
        yield f"| `{name}` | {corruption} | {values} |"


def all_damages(trial: SensitivityTest) -> Iterator[str]:
    """Each figure under all damages."""
    yield "| figure | " + " | ".join(CORRUPTIONS) + " |"
    yield "|---|" + "---|" * len(CORRUPTIONS)
    for name, own in TARGET.items():
        cells = (
            f"**{trial.relative_loss(name, corruption):.2f}**"
            if corruption == own
            else f"{trial.relative_loss(name, corruption):z.2f}"
            for corruption in CORRUPTIONS
        )
        yield f"| `{name}` | " + " | ".join(cells) + " |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--people", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = load(args.data, args.people)
        trial = SensitivityTest(photos, Path(folder), engine=LocalEngine(workers=2))
        for lines in (own_damages, all_damages):
            print()
            for line in lines(trial):
                print(line, flush=True)


if __name__ == "__main__":
    main()
