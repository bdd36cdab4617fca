"""What tests of several measures share: folders of results, and a network of chance."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
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


@pytest.fixture(scope="session")
def random_vgg(tmp_path_factory) -> Path:
    """A file as torchvision's VGG16, with the classifier that it comes with, but random."""
    rng = np.random.default_rng(0)
    sizes = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256}
    sizes |= dict.fromkeys((17, 19, 21, 24, 26, 28), 512)
    held, before = {}, 3
    for place, size in sizes.items():
        kernel = rng.standard_normal((size, before, 3, 3), np.float32) * (2 / 9 / before) ** 0.5
        held[f"features.{place}.weight"] = torch.from_numpy(kernel)
        held[f"features.{place}.bias"] = 0.1 * torch.from_numpy(
            rng.standard_normal(size, np.float32)
        )
        before = size
    held["classifier.6.bias"] = torch.zeros(1000)
    path = tmp_path_factory.mktemp("vgg") / "vgg16-397923af.pth"
    torch.save(held, path)
    return path
