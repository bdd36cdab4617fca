import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from limner.errors import MissingExtraError, ModelError
from limner.features.weights import read_weights

SHAPES = {"alpha": (2, 3), "beta": (3,)}


@pytest.fixture
def held():
    rng = np.random.default_rng(0)
    return {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in {**SHAPES, "more": (4,)}.items()
    }


def read(path):
    return read_weights(path, SHAPES, what="some weights")


def test_torch_and_safetensors_give_the_same(held, tmp_path):
    tensors = {name: nn_parameter(found) for name, found in held.items()}
    torch.save(tensors, tmp_path / "some.pth")
    save_file(held, tmp_path / "some.safetensors")
    for name in ("some.pth", "some.safetensors"):
        found = read(tmp_path / name)
        assert set(found) == {"alpha", "beta"}
        for key, value in found.items():
            assert np.array_equal(value, held[key])


def nn_parameter(found):
    return torch.nn.Parameter(torch.from_numpy(found))  # as state dicts of old hold them


def test_half_floats_become_floats(held, tmp_path):
    save_file(
        {name: found.astype(np.float16) for name, found in held.items()},
        path := tmp_path / "h.safetensors",
    )
    assert read(path)["beta"].dtype == np.float32


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"hello, world")
    with pytest.raises(ModelError, match="nor a state dict of torch; expected some weights"):
        read(tmp_path / f"a{suffix}")


def test_pickles_run_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "ran").touch, ()

    torch.save({"alpha": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ModelError):
        read(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [[1, 2], {"alpha": 3}, torch.zeros(2)])
def test_other_contents_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="neither safetensors nor a state dict"):
        read(tmp_path / "other.pth")


def test_what_lacks_and_what_is_there_are_named(held, tmp_path):
    del held["beta"]
    save_file(held, tmp_path / "a.safetensors")
    with pytest.raises(
        ModelError, match="lacks beta and contains alpha, more; expected some weights"
    ):
        read(tmp_path / "a.safetensors")
    save_file({f"x{i}": held["more"] for i in range(5)}, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="lacks alpha, beta and contains x0, x1, x2 and 2 more"):
        read(tmp_path / "b.safetensors")


def test_other_shapes_and_values_are_refused(held, tmp_path):
    save_file({**held, "beta": held["alpha"]}, tmp_path / "a.safetensors")
    with pytest.raises(
        ModelError, match=r"beta of shape \[2, 3\]; expected \[3\], as in some weights"
    ):
        read(tmp_path / "a.safetensors")
    held["alpha"][0, 1] = np.nan
    save_file(held, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="values in alpha that are not finite"):
        read(tmp_path / "b.safetensors")


def test_a_missing_file_says_what_to_name(tmp_path):
    with pytest.raises(ModelError, match=r"there is no file .*no.pth; name some weights"):
        read(tmp_path / "no.pth")


@pytest.mark.parametrize(
    ("name", "package"), [("a.pth", "torch"), ("a.safetensors", "safetensors.numpy")]
)
def test_missing_packages_name_the_extra(tmp_path, monkeypatch, name, package):
    (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"read .*limner\[train\]"):
        read(tmp_path / name)
