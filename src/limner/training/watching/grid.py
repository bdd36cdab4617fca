"""Sample grids: the same few pictures, translated again at every checkpoint."""

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
from limner.training.feeding.pictures import jitter
from limner.training.feeding.sampling import lift
from limner.training.randomness import Stream, generator_of

COLUMNS = 8
ROWS = 2
GAP = 2
"""px between two pictures."""
FEWEST = 8
"""Pictures from which on they say something about what a generator does to all."""
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
    beside: Pictures
    """Real pictures of the kind that the first generator makes; none where nobody knows."""
    kind: Kind = "photo"
    """What the first generator makes."""
    title: str
    """What they are, in words."""


class SampleGrid:
    """Held-out pictures and what the generators make of them, as PNG.

    From top to bottom: photos of the set as synthetic sketch, result and truth, where the objective
    learns from such pairs, or as drawing, photo that is read from it and drawing of a steady hand,
    where it learns to draw; sketches and photos of the set as they go there and back, where it
    learns from both; drawings of `config.sample_sketches` with their results. A set that holds
    nobody out shows pictures that it learns from.
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
                    title="photos, drawn and read again",
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
                    title="sketches of the set",
                    pictures=drawn,
                    way=there_and_back,
                    truths=[],
                    beside=photos,
                ),
                _Shown(
                    title="photos of the set",
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
                    title="drawings",
                    pictures=drawings,
                    way=(SKETCH_TO_PHOTO,),
                    truths=[],
                    beside=[],
                )
            )

    @property
    def layout(self) -> dict[str, Any]:
        """Where in a grid what is, JSON-ready: for each block of rows what it shows.

        `columns` pictures wide at most; `steps` are rows in turn, as often as `pictures` need.
        """
        blocks = []
        for shown in self.shown:
            steps = ["input", *shown.way] + (["truth"] if shown.truths else [])
            blocks.append({"title": shown.title, "pictures": len(shown.pictures), "steps": steps})
        return {"side": self._size, "gap": GAP, "columns": COLUMNS, "blocks": blocks}

    def write(
        self, path: Path, generators: Mapping[Direction, nn.Module], device: torch.device
    ) -> dict[str, float]:
        """Translate all pictures and write the grid as a PNG.

        Returns:
            How what was made differs from real pictures, by the name it has in `stats.jsonl`:
            `variety_photo` (see `limner.metrics.realism.diversity`) and the differences of
            `limner.metrics.realism.colour`, and the same for sketches. Nothing where the set shows
            fewer than eight to compare with.
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
    """A few of them, evenly spread, as they are but `size` px per side; lifted if photos are."""
    count = min(most, len(pictures))
    chosen = np.linspace(0, len(pictures) - 1, count).round().astype(int)
    rng = np.random.default_rng(0)  # nothing is random about a view that stays as it is
    shown = [jitter(pictures[place], size, STILL, rng) for place in chosen]
    return [lift(one) for one in shown] if lifted else shown


def _looks(shown: _Shown, made: NDArray[np.uint8]) -> dict[str, float]:
    """Few pictures differ by chance; so do those of another kind, of which nothing is said."""
    if min(len(made), len(shown.beside)) < FEWEST:
        return {}
    real = np.stack(shown.beside)
    found = {"variety": diversity(made, real)} | asdict(colour(made).minus(colour(real)))
    if shown.kind == "sketch":
        found = {name: found[name] for name in ("variety", "brightness")}
    return {f"{name}_{shown.kind}": round(value, 6) for name, value in found.items()}
