"""How much fine detail have real photos, and those that a model generates?

    python benchmarks/detail.py SET [--size 256] [--model portrait]... [--drawings FOLDER...]

Many photos of a dataset are enlarged, so that a model with the detail of real photos seems too
sharp beside all of them. For each source and resolution of the originals: the level of the finest
half octave (`spectrum.high` of limner measure; dB of the variance), and the amplitude of a grid of
2 px in grey levels (`limner.training.objectives.losses.grid_amplitude`). Then the same for photos
that models generate from drawings.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from limner import Translator, images
from limner.data.prepared import PreparedSet
from limner.errors import LimnerError
from limner.metrics.realism.spectrum import spectrum
from limner.training.objectives.losses import grid_amplitude

EYES = 90
"""px between the outer eye corners in the original, of which a crop of 256 px has about 100."""


def main() -> None:
    """Print a line for each group of photos, and for each model and folder of drawings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prepared", metavar="SET", type=Path, help="dataset of photos")
    parser.add_argument(
        "--size", type=int, default=256, help="side in px at which all are compared"
    )
    parser.add_argument("--model", action="append", default=[], help="name or file of a model")
    parser.add_argument("--drawings", type=Path, nargs="*", default=[], help="folders")
    parser.add_argument("--most", type=int, default=300, help="photos and drawings of each group")
    options = parser.parse_args()
    prepared = PreparedSet(options.prepared)
    photos = prepared.images(kind="photo")
    sources = np.array(prepared.column("source", kind="photo"))
    eyes = np.array([e or 0 for e in prepared.column("eye_distance", kind="photo")])
    groups = {"all": eyes >= 0, f"{EYES} px and more": eyes >= EYES, "less": eyes < EYES}
    groups |= {source: (sources == source) & (eyes >= EYES) for source in np.unique(sources)}
    for name, members in groups.items():
        chosen = np.flatnonzero(members)
        if len(chosen):
            shown = chosen[
                np.linspace(0, len(chosen) - 1, min(len(chosen), options.most), dtype=int)
            ]
            line(name, (images.resize(photos[place], options.size) for place in shown))
    for model in options.model:
        translator = Translator(model)
        for folder in options.drawings:
            drawings = images.files_below(folder)[: options.most]
            generated = (translator.translate(path)[0].image for path in drawings)
            line(f"{model}, {folder}", (images.resize(one, options.size) for one in generated))


def line(name: str, pictures: Iterable[NDArray[np.uint8]]) -> None:
    """Print the measures of some pictures, `[S, S, 3]` each."""
    of_each = []
    for picture in pictures:
        tensor = torch.tensor(picture).permute(2, 0, 1)[None] / 127.5 - 1
        of_each.append((spectrum(picture)[-1], 127.5 * grid_amplitude(tensor).item()))
    detail, grid = np.mean(of_each, axis=0)
    print(f"{name:32} {len(of_each):4}  finest half octave {detail:6.1f} dB  grid {grid:.3f}")


if __name__ == "__main__":
    try:
        main()
    except LimnerError as error:
        raise SystemExit(f"detail.py: {error}") from None
