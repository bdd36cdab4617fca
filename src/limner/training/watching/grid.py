"""Sample grids: the same few images, translated again at every checkpoint."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limner import images
from limner.data.items import Kind, Split
from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.metrics.realism.colour import colour
from limner.metrics.realism.diversity import diversity
from limner.sketching import random_sketch, steady_drawing
from limner.training.config import Augmentation, Config
from limner.training.feeding.batch import to_images, to_tensor
from limner.training.feeding.exposure import lift
from limner.training.feeding.pictures import jitter
from limner.training.randomness import Stream, generator_of

COLUMNS = 8
ROWS = 2
GAP = 2
"""px between two images."""
FEWEST = 8
"""Minimum number of images for statistics of a generator's results."""
STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)

Pictures = list[NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shown:
    """A block of the grid: images and their translations."""

    pictures: Pictures
    """`[S, S]` sketches or `[S, S, 3]` photos."""
    way: tuple[Direction, ...]
    """The generators that are applied in turn; each result is shown."""
    truths: Pictures
    """Ground truth of the result; empty if there is none."""
    beside: Pictures
    """Real images of the kind that the first generator makes; empty if there are none."""
    kind: Kind = "photo"
    """Kind of image that the first generator makes."""
    title: str
    """Heading of the block in the report."""


class SampleGrid:
    """Held-out images and their translations, as PNG.

    From top to bottom, depending on the objective: for synthetic pairs, sketch, result and ground
    truth; for `draughtsman`, photo, sketch, reconstruction and the drawing of a steady hand; for
    unpaired images, sketches and photos of the dataset with their translation and cycle; then
    sketches of `config.sample_sketches` with their results. If the dataset has no test split,
    training images are shown.
    """

    def __init__(self, config: Config, prepared: PreparedSet) -> None:
        rng = generator_of(config.seed, Stream.GRID)
        self._size = config.size
        self._lift = config.lift
        photos = self._held_out(prepared, "photo")
        self.shown: list[_Shown] = []
        if config.objective == "draughtsman":
            drawn = [steady_drawing(photo) for photo in photos]
            self.shown.append(
                _Shown(
                    title="photos, drawn and reconstructed",
                    pictures=photos,
                    way=(PHOTO_TO_SKETCH, *((SKETCH_TO_PHOTO,) if config.reconstructor else ())),
                    truths=drawn,
                    beside=drawn,
                    kind="sketch",
                )
            )
        elif config.objective != "cyclegan":
            sketches = [random_sketch(photo, rng) for photo in photos]
            self.shown.append(
                _Shown(
                    title="photos, sketched by limner",
                    pictures=sketches,
                    way=(SKETCH_TO_PHOTO,),
                    truths=photos,
                    beside=photos,
                )
            )
        if config.objective in ("cyclegan", "hybrid"):
            there_and_back = (SKETCH_TO_PHOTO, PHOTO_TO_SKETCH)
            drawn = [images.to_grey(one) for one in self._held_out(prepared, "sketch")]
            self.shown += [
                _Shown(
                    title="sketches of the dataset",
                    pictures=drawn,
                    way=there_and_back,
                    truths=[],
                    beside=photos,
                ),
                _Shown(
                    title="photos of the dataset",
                    pictures=photos,
                    way=there_and_back[::-1],
                    truths=[],
                    beside=drawn,
                    kind="sketch",
                ),
            ]
        if config.sample_sketches:
            drawings = still(PreparedSet(Path(config.sample_sketches)).images(), self._size)
            drawings = [images.to_grey(drawing) for drawing in drawings]
            self.shown.append(
                _Shown(
                    title="sample sketches",
                    pictures=drawings,
                    way=(SKETCH_TO_PHOTO,),
                    truths=[],
                    beside=[],
                )
            )

    @property
    def layout(self) -> dict[str, Any]:
        """The layout of a grid, JSON-ready: the contents of each block of rows.

        A row has at most `columns` images; the rows of `steps` are repeated if there are more.
        """
        blocks = []
        for shown in self.shown:
            steps = ["input", *shown.way] + (["truth"] if shown.truths else [])
            blocks.append({"title": shown.title, "pictures": len(shown.pictures), "steps": steps})
        return {"side": self._size, "gap": GAP, "columns": COLUMNS, "blocks": blocks}

    def write(
        self, path: Path, generators: Mapping[Direction, nn.Module], device: torch.device
    ) -> dict[str, float]:
        """Translate all images and write the grid as a PNG.

        Returns:
            Differences of generated from real images, by their names in `stats.jsonl`:
            `variety_photo` (see `limner.metrics.realism.diversity`) and the differences of
            `limner.metrics.realism.colour`, and for sketches variety and brightness. Empty if there
            are fewer than eight images to compare.
        """
        rows: list[Pictures] = []
        looks: dict[str, float] = {}
        for shown in self.shown:
            steps = [shown.pictures]
            made = to_tensor(np.stack(shown.pictures)).to(device)
            for direction in shown.way:
                with torch.inference_mode():
                    made = generators[direction](made)
                steps.append(list(to_images(made)))
            looks |= _looks(shown, np.stack(steps[1]))
            steps += [shown.truths] if shown.truths else []
            for start in range(0, len(shown.pictures), COLUMNS):
                rows += [step[start : start + COLUMNS] for step in steps]
        images.write(path, images.montage(rows, gap=GAP))
        return looks

    def _held_out(self, prepared: PreparedSet, kind: Kind) -> Pictures:
        split: Split = "test" if prepared.count("test", kind) else "train"
        return still(
            prepared.images(split, kind), self._size, lifted=self._lift and kind == "photo"
        )


def still(
    pictures: NDArray[np.uint8], size: int, most: int = ROWS * COLUMNS, *, lifted: bool = False
) -> Pictures:
    """At most `most` images, evenly spread, `size` px per side; dark ones lightened if `lifted`."""
    count = min(most, len(pictures))
    chosen = np.linspace(0, len(pictures) - 1, count).round().astype(int)
    rng = np.random.default_rng(0)  # has no effect without augmentation
    shown = [jitter(pictures[place], size, STILL, rng) for place in chosen]
    return [lift(one) for one in shown] if lifted else shown


def _looks(shown: _Shown, made: NDArray[np.uint8]) -> dict[str, float]:
    """Appearance statistics of a block; empty for few images, which differ by chance."""
    if min(len(made), len(shown.beside)) < FEWEST:
        return {}
    real = np.stack(shown.beside)
    found = {"variety": diversity(made, real)} | asdict(colour(made).minus(colour(real)))
    if shown.kind == "sketch":
        found = {name: found[name] for name in ("variety", "brightness")}
    return {f"{name}_{shown.kind}": round(value, 6) for name, value in found.items()}
