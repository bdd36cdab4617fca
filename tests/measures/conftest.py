"""Folders of results to measure: framed faces of one portrait in many lights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from limner import images
from limner.faces import DlibDetector, Preprocessing, find
from limner.sketching import sketch

Fill = Callable[..., Path]


@pytest.fixture(scope="session")
def crops(person) -> NDArray[np.uint8]:
    """`[12, 64, 64, 3]`: framed faces."""
    face = find(person(0), DlibDetector())[0]
    cut = Preprocessing(size=64)
    return np.stack([cut.align(person(number), face).image for number in range(12)])


@pytest.fixture
def fill(tmp_path) -> Fill:
    """Write pictures into a new folder: `fill("made", pictures, names=...)`."""

    def write(name, pictures, *, names=None, suffix=".png"):
        folder = tmp_path / name
        for number, picture in enumerate(pictures):
            stem = f"p{number:02d}" if names is None else names[number]
            images.write(folder / f"{stem}{suffix}", picture)
        return folder

    return write


@pytest.fixture
def folders(crops, fill) -> dict[str, Path]:
    """Made photos that are the true ones a little darker, their sketches, and the true ones."""
    darker = np.clip(crops * 0.9, 0, 255).astype(np.uint8)
    return {
        "made": fill("made", darker),
        "sketches": fill("sketches", [sketch(crop, seed=n) for n, crop in enumerate(crops)]),
        "truth": fill("truth", crops, suffix=".jpg"),
    }
