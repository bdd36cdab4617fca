import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from limner.training.feeding.batch import Batch, Part, to_images, to_tensor


def test_pictures_come_back_as_they_went():
    rng = np.random.default_rng(0)
    for shape, channels in (((2, 8, 6, 3), 3), ((2, 8, 6), 1)):
        pictures = rng.integers(0, 256, shape, dtype=np.uint8)
        tensor = to_tensor(pictures)
        assert tensor.shape == (2, channels, 8, 6)
        assert -1 <= tensor.min() < tensor.max() <= 1
        assert np.array_equal(to_images(tensor), pictures)


def test_how_literally_a_sketch_is_meant_is_no_picture():
    drawn = {
        "photo": torch.full((2, 4, 4, 3), 255, dtype=torch.uint8),
        "literal": torch.tensor([0.25, 1.0], dtype=torch.float64),
    }
    fabric = Fabric(accelerator="cpu", devices=1)
    batch = Batch.of(Part(first=8, count=2), drawn, fabric)
    assert batch.images.keys() == {"photo"}
    assert batch["photo"].max() == 1
    assert batch.literal.tolist() == [0.25, 1.0]
    assert batch.on(fabric).literal is batch.literal
    del drawn["literal"]
    assert Batch.of(Part(first=8, count=2), drawn, fabric).literal is None


@pytest.mark.parametrize(("shared", "start"), [(False, 8), (True, 4)])
def test_a_part_knows_where_its_batch_begins(shared, start):
    images = {"photo": torch.zeros(2, 3, 4, 4)}
    assert Batch(first=8, images=images, shared=shared).start(2) == start


def test_colours_count_where_they_are_opaque():
    hints = torch.zeros(1, 2, 2, 4, dtype=torch.uint8)
    hints[0, 0, 0] = torch.tensor([255, 0, 51, 255])
    hints[0, 1, 1] = torch.tensor([255, 255, 255, 0])
    photo = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    batch = Batch.from_drawn({"photo": photo, "hints": hints}, first=0)
    assert batch.images.keys() == {"photo"}
    assert batch.hints.shape == (1, 4, 2, 2)
    assert batch.hints[0, :, 0, 0].tolist() == pytest.approx([1, -1, -0.6, 1])
    assert batch.hints[0, :, 1, 1].tolist() == [0, 0, 0, 0]
    fabric = Fabric(accelerator="cpu", devices=1)
    assert torch.equal(batch.on(fabric).hints, batch.hints)
