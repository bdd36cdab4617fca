"""Sensitivity of the metrics: each one under the corruption that it must notice, and all others.

    python benchmarks/corruptions.py --data FOLDER [--people 100]

Aligned photos from all sources in FOLDER take the place of a perfect model's generated photos and
are corrupted, see `limner.metrics.validation.sensitivity`. The first table shows each metric's main
score without corruption, and at a quarter, a half, three quarters and the full strength of its
target corruption. In the second table, 1 is how much a score gets worse under its target corruption
at full strength; the other values are multiples of that.
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
    """Return `people` photos to corrupt, and twice as many of each other kind."""
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


def target_table(test: SensitivityTest) -> Iterator[str]:
    """Yield the lines of a table: each score under its target corruption, step by step."""
    yield "| score | corruption | " + " | ".join(f"{step:g}" for step in STEPS) + " |"
    yield "|---|---|" + "---|" * len(STEPS)
    for name, corruption in TARGET.items():
        scores = [test.scores(corruption, step)[name] for step in STEPS]
        values = " | ".join(in_words(one, one.estimate.value) for one in scores)
        yield f"| `{name}` | {corruption} | {values} |"


def full_table(test: SensitivityTest) -> Iterator[str]:
    """Yield the lines of a table: each score under every corruption."""
    yield "| score | " + " | ".join(CORRUPTIONS) + " |"
    yield "|---|" + "---|" * len(CORRUPTIONS)
    for name, target in TARGET.items():
        cells = (
            f"**{test.relative_loss(name, corruption):.2f}**"
            if corruption == target
            else f"{test.relative_loss(name, corruption):z.2f}"
            for corruption in CORRUPTIONS
        )
        yield f"| `{name}` | " + " | ".join(cells) + " |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos")
    parser.add_argument("--people", type=int, default=100, help="photos to corrupt")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = load(args.data, args.people)
        test = SensitivityTest(photos, Path(folder), engine=LocalEngine(workers=2))
        for table in (target_table, full_table):
            print()
            for line in table(test):
                print(line, flush=True)


if __name__ == "__main__":
    main()
