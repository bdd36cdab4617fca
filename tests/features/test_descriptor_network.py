"""dlib's descriptor without dlib: the same numbers from the same file."""

import dlib
import numpy as np
import pytest
from PIL import Image

from limner.errors import ModelError
from limner.faces.points import public_file
from limner.features.descriptor_network import DescriptorNetwork


@pytest.fixture(scope="module")
def file():
    return public_file("dlib_face_recognition_resnet_model_v1.dat")


@pytest.fixture(scope="module")
def network(file):
    return DescriptorNetwork(file)


def test_it_gives_dlibs_numbers(network, file, photo):
    face = np.asarray(Image.fromarray(photo[:260, 120:380]).resize((150, 150)))
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), np.uint8)
    chips = np.stack([face, noise, face[:, ::-1]])
    theirs = dlib.face_recognition_model_v1(str(file))
    expected = [theirs.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips]
    np.testing.assert_allclose(network(chips), np.array(expected), atol=2e-6)
    np.testing.assert_allclose(network(chips[1:2]), np.array(expected[1:2]), atol=2e-6)


@pytest.mark.parametrize("damage", ["cut", "other", "nothing", "missing"])
def test_another_file_is_an_error_that_names_it(file, tmp_path, damage):
    path = tmp_path / "model.dat"
    if damage == "cut":
        path.write_bytes(file.read_bytes()[:5_000_000])
    elif damage == "other":
        path.write_bytes(public_file("shape_predictor_5_face_landmarks.dat").read_bytes())
    elif damage == "nothing":
        path.write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.dat is not dlib's face descriptor"):
        DescriptorNetwork(path)
