import numpy as np
import pytest
import torch

from limner.training.config import DiscriminatorAugmentation
from limner.training.objectives.augmentation import cropped, view_of

ALL = DiscriminatorAugmentation(colour=True, translation=0.125, cutout=0.5)


def look(images, first=0, **settings):
    return view_of(DiscriminatorAugmentation(**settings), 0, first, len(images))(images)


def test_an_image_is_seen_as_its_number_says():
    images = torch.rand(1, 3, 16, 16).expand(6, -1, -1, -1)
    together = view_of(ALL, 0, 10, 6)(images)
    later = view_of(ALL, 0, 13, 2)(images[:2])
    assert torch.equal(together[3:5], later)
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(view_of(ALL, 1, 10, 6)(images), together)


def test_nothing_is_changed_unless_asked():
    images = torch.rand(2, 3, 16, 16)
    assert torch.equal(look(images), images)


def test_gradients_flow_to_all_that_is_seen():
    images = torch.rand(4, 3, 16, 16, requires_grad=True)
    look(images, translation=0.25).sum().backward()
    shown = (images.grad != 0).float().mean(dim=(1, 2, 3))
    assert images.grad.unique().tolist() == [0, 1]
    assert (shown > 0.5).all()  # at most a quarter is lost at each of two sides
    assert (shown < 1).any()


def test_translation_moves_whole_pixels_within_its_bound():
    images = torch.zeros(200, 1, 32, 32)
    images[:, :, 16, 16] = 1
    places = look(images, translation=0.125).nonzero()
    assert len(places) == 200
    shifts = places[:, 2:] - 16
    assert shifts.abs().max() == 4
    assert len(shifts.unique(dim=0)) > 50


def test_cutout_greys_a_square_of_its_size():
    seen = look(torch.ones(300, 3, 32, 32), cutout=0.5)
    gone = (seen == 0).all(dim=1).sum(dim=(1, 2))
    assert gone.max() == 16 * 16
    assert gone.min() >= 8 * 8  # its centre is within
    assert set(seen.unique().tolist()) == {0.0, 1.0}


def test_colour_changes_colours_and_nothing_else():
    images = torch.rand(50, 4, 8, 8)
    seen = look(images, colour=True)
    assert torch.equal(seen[:, 0], images[:, 0])  # the sketch of a pair
    assert not torch.allclose(seen[:, 1:], images[:, 1:], atol=0.05)
    moved = seen[:, 1:].mean(dim=(1, 2, 3)) - images[:, 1:].mean(dim=(1, 2, 3))
    assert moved.abs().max().item() == pytest.approx(0.5, abs=0.05)
    sketches = torch.rand(5, 1, 8, 8)
    assert not torch.allclose(look(sketches, colour=True), sketches, atol=0.05)


def test_colours_change_as_much_as_is_set():
    images = torch.rand(200, 3, 8, 8)
    seen = look(images, colour=True, colour_strength=0.4)
    moved = (seen - images).mean(dim=(1, 2, 3))
    assert moved.abs().max().item() == pytest.approx(0.2, abs=0.02)
    spread = [one - one.mean(dim=1, keepdim=True) for one in (seen, images)]
    times = spread[0].abs().mean(dim=(1, 2, 3)) / spread[1].abs().mean(dim=(1, 2, 3))
    assert 0.6 * 0.8 - 1e-3 < times.min() < 0.65  # saturation by 0.6 to 1.4, contrast by 0.8 to 1.2
    assert 1.4 < times.max() < 1.4 * 1.2 + 1e-3
    unchanged = look(images, colour=True, colour_strength=0.0)
    assert torch.allclose(unchanged, images, atol=1e-6)


def test_parts_of_a_batch_are_those_of_each_image():
    images = torch.rand(3, 2, 9, 11, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    tops, lefts = np.array([0, 2, 4]), np.array([5, 1, 0])
    parts = cropped(images, tops, lefts, (5, 6))
    each = [
        image[:, top : top + 5, left : left + 6]
        for image, top, left in zip(images, tops, lefts, strict=True)
    ]
    assert torch.equal(parts, torch.stack(each))
    parts.sum().backward()
    assert images.grad is not None
    assert images.grad.sum() == parts.numel()
    assert images.grad[1, :, 2:7, 1:7].eq(1).all()
