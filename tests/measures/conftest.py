"""What tests of several measures share."""

from pathlib import Path

import numpy as np
import pytest
import torch


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
