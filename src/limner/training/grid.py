"""Sample grids: the same few pictures, translated again and again while a run goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limner import images
from limner.data.items import Kind
from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.sketching import random_sketch
from limner.training.batch import to_images, to_tensor
from limner.training.config import Augmentation, Config
from limner.training.pictures import jitter
from limner.training.randomness import Stream, generator_of

COLUMNS = 8
ROWS = 2
STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)

Pictures = list[NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shown:
    """Pictures of which the grid shows what becomes of them."""

    pictures: Pictures
    """`[S, S]` sketches or `[S, S, 3]` photos."""
    way: tuple[Direction, ...]
    """The generators that they go through, one after the other; each result is shown."""
    truths: Pictures
    """What should have come of them; none where nobody knows."""


class SampleGrid:
    """Held-out pictures and what the generators make of them, as PNG.

    From top to bottom: photos of the set as self-made sketch, result and truth, where the objective
    learns from such pairs; sketches and photos of the set as they go there and back, where it
    learns from both; drawings of `config.drawings` with their results. A set that holds nobody out
    shows pictures that it learns from.
    """

    def __init__(self, config: Config, prepared: PreparedSet) -> None:
        rng = generator_of(config.seed, Stream.GRID)
        self._size = config.size
        photos = self._held_out(prepared, "photo")
        self.shown: list[_Shown] = []
        if config.objective != "cyclegan":
            sketches = [random_sketch(photo, rng) for photo in photos]
            self.shown.append(_Shown(pictures=sketches, way=(SKETCH_TO_PHOTO,), truths=photos))
        if config.objective != "pix2pix":
            there_and_back = (SKETCH_TO_PHOTO, PHOTO_TO_SKETCH)
            drawn = [images.to_grey(one) for one in self._held_out(prepared, "sketch")]
            self.shown += [
                _Shown(pictures=drawn, way=there_and_back, truths=[]),
                _Shown(pictures=photos, way=there_and_back[::-1], truths=[]),
            ]
        if config.drawings:
            drawings = self._still(PreparedSet(Path(config.drawings)).images())
            drawings = [images.to_grey(drawing) for drawing in drawings]
            self.shown.append(_Shown(pictures=drawings, way=(SKETCH_TO_PHOTO,), truths=[]))

    def write(
        self, path: Path, generators: Mapping[Direction, nn.Module], device: torch.device
    ) -> None:
        """Translate all pictures and write the grid as a PNG."""
        rows: list[Pictures] = []
        for shown in self.shown:
            steps = [shown.pictures]
            made = to_tensor(np.stack(shown.pictures)).to(device)
            for direction in shown.way:
                with torch.inference_mode():
                    made = generators[direction](made)
                steps.append(list(to_images(made)))
            steps += [shown.truths] if shown.truths else []
            for start in range(0, len(shown.pictures), COLUMNS):
                rows += [step[start : start + COLUMNS] for step in steps]
        images.write(path, images.montage(rows))

    def _held_out(self, prepared: PreparedSet, kind: Kind) -> Pictures:
        return self._still(
            prepared.images("test" if prepared.count("test", kind) else "train", kind)
        )

    def _still(self, pictures: NDArray[np.uint8]) -> Pictures:
        """A few of them, evenly spread, at the size of the run."""
        count = min(ROWS * COLUMNS, len(pictures))
        chosen = np.linspace(0, len(pictures) - 1, count).round().astype(int)
        rng = np.random.default_rng(0)  # nothing is random about a view that stays as it is
        return [jitter(pictures[place], self._size, STILL, rng) for place in chosen]
