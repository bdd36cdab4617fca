import dlib
import numpy as np
import pytest
import torch

from limner.errors import DataError
from limner.faces import DlibDetector, Preprocessing
from limner.faces.points import public_file
from limner.features.descriptor import Descriptor
from limner.networks.descriptor import FaceDescriptor
from limner.training.objectives.losses import identity

FILE = public_file("dlib_face_recognition_resnet_model_v1.dat")


@pytest.fixture(scope="module")
def descriptor():
    return FaceDescriptor.from_dlib(FILE)


@pytest.fixture(scope="module")
def crop(photo):
    face = DlibDetector()(photo)[0]
    return Preprocessing(size=128).align(photo, face).image


def as_tensor(*crops):
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1


def test_it_computes_the_same_as_dlib(descriptor, photo):
    chips = [np.ascontiguousarray(photo[y : y + 150, 150:300]) for y in (0, 50, 200)]
    theirs = np.array(dlib.face_recognition_model_v1(str(FILE)).compute_face_descriptor(chips))
    ours = descriptor(torch.from_numpy(np.stack(chips)).permute(0, 3, 1, 2).float())
    assert np.abs(theirs).max() > 0.1
    assert np.abs(ours.numpy() - theirs).max() < 1e-5


def test_aligned_crops_are_cropped_as_by_the_metric(descriptor, crop):
    measured = Descriptor()(crop[None])[0]
    described = descriptor.describe(as_tensor(crop))[0].numpy()
    assert np.linalg.norm(measured - described) < 0.25  # two people are 0.6 apart


def test_grey_is_described_as_colour_without_colour(descriptor, crop):
    grey = crop.mean(axis=2, keepdims=True).astype(np.uint8)
    thrice = np.repeat(grey, 3, axis=2)
    assert torch.allclose(
        descriptor.describe(as_tensor(grey)), descriptor.describe(as_tensor(thrice)), atol=1e-5
    )


def test_stages_returns_the_outputs_of_inner_blocks(descriptor, crop):
    crops = as_tensor(crop, crop[:, ::-1])
    described, inner = descriptor.stages(crops)
    assert torch.equal(described, descriptor.describe(crops))
    assert [stage.shape[1] for stage in inner] == [32, 64, 128, 256]
    seen = []
    hooks = [
        descriptor.blocks[number].register_forward_hook(lambda module, given, out: seen.append(out))
        for number in (2, 6, 9, 12)
    ]
    descriptor.describe(crops)
    for hook in hooks:
        hook.remove()
    assert all(map(torch.equal, inner, seen))


def test_following_the_gradient_brings_the_descriptor_closer(descriptor, crop):
    truth = as_tensor(crop)
    made = (truth.flip(3) * 0.5).requires_grad_()
    optimiser = torch.optim.SGD([made], lr=0.5)
    losses = []
    for _ in range(5):
        loss = identity(descriptor.describe(made), descriptor.describe(truth))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert all(parameter.grad is None for parameter in descriptor.parameters())
    assert identity(descriptor.describe(truth), descriptor.describe(truth)).item() == 0


@pytest.mark.parametrize("content", [b"", b"no network", FILE.read_bytes()[:300_000]])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "x.dat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.dat is not dlib's face descriptor"):
        FaceDescriptor.from_dlib(path)
