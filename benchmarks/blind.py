"""Which of two models makes the better photos, judged by eye without knowing which made which.

    python benchmarks/blind.py make FOLDER --models A B --drawings FILE_OR_DIR... [--most 20]
    python benchmarks/blind.py count FOLDER CHOICES

`make` writes a sheet per drawing, `FOLDER/01.png` and so on: the drawing, and the two photos at the
same size with their sides shuffled. Look at them one by one and write a line for each into a text
file: its number, and `left`, `right` or `same`; anything after that is a comment. `count` reads
that file and only then `FOLDER/key.json`, which says which side was which. It prints each choice,
the counts, and how likely counts so uneven would be without a difference (two-sided sign test).

From folders, drawings at even distances are taken, so that each gives its share of `--most`.
"""

import argparse
import json
import math
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.translator import Translator

KEY = "key.json"
SIDES = ("left", "right")
SAME = "same"
SIDE = 384
"""Side of the pictures on a sheet in px."""


def main() -> None:
    """Make the sheets, or count the choices."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write the sheets and the key")
    making.add_argument("folder", type=Path)
    making.add_argument("--models", nargs=2, required=True, metavar=("A", "B"))
    making.add_argument("--drawings", type=Path, nargs="+", required=True)
    making.add_argument("--most", type=int, default=20)
    counting = commands.add_parser("count", help="count the choices with the key")
    counting.add_argument("folder", type=Path)
    counting.add_argument("choices", type=Path)
    options = parser.parse_args()
    if options.command == "make":
        make(options.folder, options.models, chosen(options.drawings, options.most))
    else:
        print(count(options.folder, options.choices.read_text(encoding="utf-8")))


def chosen(places: Sequence[Path], most: int) -> list[Path]:
    """At most `most` drawings: all files that are named, the rest evenly from the folders."""
    files = [place for place in places if place.is_file()]
    folders = [place for place in places if not place.is_file()]
    for number, folder in enumerate(folders):
        there = [path for path in images.files_below(folder) if path not in files]
        share = (most - len(files)) // (len(folders) - number)
        picked = np.linspace(0, len(there) - 1, min(share, len(there))).round().astype(int)
        files += [there[index] for index in picked]
    return files[:most]


def make(folder: Path, models: Sequence[str], drawings: Sequence[Path]) -> None:
    """Write a sheet per drawing, and the key. The sides are random and cannot be repeated."""
    folder.mkdir(parents=True)
    translators = [Translator(model) for model in models]
    key = {}
    for number, drawing in enumerate(drawings, 1):
        made = [translator.translate(drawing)[0] for translator in translators]
        order = [0, 1] if secrets.randbelow(2) else [1, 0]
        shown = [made[0].aligned.image, *(made[index].image for index in order)]
        images.write(folder / f"{number:02}.png", sheet(shown))
        key[f"{number:02}"] = {side: models[i] for side, i in zip(SIDES, order, strict=True)}
    (folder / KEY).write_text(json.dumps(key, indent=1), encoding="utf-8")


def sheet(shown: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures `[H, W, 3]` or `[H, W]` side by side, all enlarged to `SIDE`."""
    return images.montage([[images.resize(picture, SIDE) for picture in shown]], gap=8)


def count(folder: Path, choices: str) -> str:
    """The choices with the models that they were for, and the counts.

    Raises:
        SystemExit: A line is not a choice, or a sheet was chosen for twice or never.
    """
    key = json.loads((folder / KEY).read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for line in filter(str.strip, choices.splitlines()):
        number, choice, *_ = [*line.split(maxsplit=2), "", ""]
        number = number.zfill(2)
        if number not in key or choice not in (*SIDES, SAME) or number in found:
            raise SystemExit(
                f"'{line}': write the number of a sheet, once, and left, right or same"
            )
        found[number] = SAME if choice == SAME else key[number][choice]
    if missing := sorted(key.keys() - found.keys()):
        raise SystemExit(f"no choice for {', '.join(missing)}")
    models = sorted(key["01"].values())
    wins = [sum(one == model for one in found.values()) for model in models]
    lines = [f"{number} {one}" for number, one in sorted(found.items())]
    counts = [f"{model} {number}" for model, number in zip(models, wins, strict=True)]
    ties = len(found) - sum(wins)
    return "\n".join([*lines, f"{', '.join(counts)}, {SAME} {ties}; p = {sign_test(*wins):.2g}"])


def sign_test(first: int, second: int) -> float:
    """The probability of counts at least so uneven if both were equally likely; ties left out."""
    both = first + second
    tail = sum(math.comb(both, number) for number in range(min(first, second) + 1)) / 2**both
    return min(1.0, 2 * tail)


if __name__ == "__main__":
    main()
