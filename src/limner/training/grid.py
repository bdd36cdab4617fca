"""Sample grids: the same few drawings, translated again and again while a run goes on."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limner import images
from limner.data.prepared import PreparedSet
from limner.sketching import random_sketch
from limner.training.config import Augmentation, Config
from limner.training.pairs import jitter, to_images, to_tensor

COLUMNS = 8
ROWS = 2
STILL = Augmentation(mirror=False, rotation=0, scale=0, shift=0)


class SampleGrid:
    """Held-out photos as sketch, result and truth; hand-drawn sketches as sketch and result.

    A set that holds nobody out shows photos that it learns from.
    """

    def __init__(self, config: Config, photos: PreparedSet) -> None:
        held_out = _spread(
            photos.images("test" if photos.count("test", "photo") else "train", "photo"),
            ROWS * COLUMNS,
        )
        rng = np.random.default_rng([config.seed, 3])
        self.photos = [jitter(photo, config.size, STILL, rng) for photo in held_out]
        self.sketches = [random_sketch(photo, rng) for photo in self.photos]
        self.drawings: list[NDArray[np.uint8]] = []
        if config.drawings:
            drawn = _spread(PreparedSet(Path(config.drawings)).images(), ROWS * COLUMNS)
            still = [jitter(drawing, config.size, STILL, rng) for drawing in drawn]
            self.drawings = [images.to_grey(drawing) for drawing in still]

    def write(self, path: Path, generator: nn.Module, device: torch.device) -> None:
        """Translate all drawings and write the grid as a PNG."""
        rows: list[list[NDArray[np.uint8]]] = []
        for drawings, truths in ((self.sketches, self.photos), (self.drawings, [])):
            if not drawings:
                continue
            sketches = to_tensor(np.stack(drawings)[..., None]).to(device)
            with torch.inference_mode():
                made = [np.asarray(image) for image in to_images(generator(sketches))]
            shown = [np.broadcast_to(d[..., None], (*d.shape, 3)) for d in drawings]
            for start in range(0, len(drawings), COLUMNS):
                row = slice(start, start + COLUMNS)
                rows += [tiles for tiles in (shown[row], made[row], truths[row]) if tiles]
        if rows:
            images.write(path, images.montage(rows))


def _spread(photos: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """At most `count` of them, evenly spread over the set."""
    chosen = np.linspace(0, len(photos) - 1, min(count, len(photos))).round().astype(int)
    spread: NDArray[np.uint8] = photos[chosen]
    return spread
