import dataclasses
import errno
import re

import numpy as np
import pytest
import torch

from limner.errors import DataError, RunError
from limner.training.loop import train
from limner.training.memory import enough_memory
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.run import RunFolder


def of_the_allocator(*args):
    torch.empty(2**50)  # a petabyte


def of_python(*args):
    raise MemoryError


def of_numpy(*args):
    np.zeros(2**50, np.uint8)


def of_the_system(*args):
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


def of_cplusplus(*args):
    raise RuntimeError("std::bad_alloc")


def of_a_gpu(*args):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def of_a_library_of_a_gpu(*args):
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


@pytest.mark.parametrize(
    "runs_out",
    [
        *(of_the_allocator, of_python, of_numpy, of_the_system, of_cplusplus),
        *(of_a_gpu, of_a_library_of_a_gpu),
    ],
)
def test_memory_that_runs_out_leaves_the_state_and_says_what_helps(
    tiny, tmp_path, monkeypatch, runs_out
):
    train(dataclasses.replace(tiny, images=8), tmp_path)
    good = (tmp_path / "state.pt").read_bytes()
    monkeypatch.setattr(Pix2Pix, "step", runs_out)
    with pytest.raises(RunError, match=r"4 images of 32 px.*state\.pt.*batch=2 --set init_from="):
        train(tiny, tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == good


def test_memory_may_run_out_while_a_state_is_read(tiny, tmp_path, monkeypatch):
    """The message must not advise to remove the file, which is intact."""
    train(dataclasses.replace(tiny, images=8), tmp_path)
    monkeypatch.setattr(torch, "load", lambda *args, **kwargs: of_the_allocator())
    with pytest.raises(RunError, match="memory ran out with 4 images") as caught:
        train(tiny, tmp_path)
    assert "remove" not in str(caught.value)


@pytest.mark.parametrize(
    ("batch", "processes", "said"),
    [(4, 2, "2 images of 32 px.*batch=2 "), (12, 4, "3 images.*batch=4 "), (2, 2, "1 image of")],
)
def test_processes_share_the_batch_that_is_named(tiny, tmp_path, batch, processes, said):
    run = RunFolder(tmp_path)
    run.save_state({})
    config = dataclasses.replace(tiny, batch=batch)
    with (
        pytest.raises(RunError, match=said) as caught,
        enough_memory(config, run.state_path, processes),
    ):
        of_python()
    assert ("--set batch=" in str(caught.value)) == (batch > processes)


def test_a_run_that_never_began_may_be_begun_otherwise(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Pix2Pix, "step", of_python)
    with pytest.raises(RunError, match="there is no checkpoint yet: lower batch, size"):
        train(tiny, tmp_path)
    monkeypatch.undo()
    train(dataclasses.replace(tiny, batch=2, images=4), tmp_path)
    assert RunFolder(tmp_path).config().batch == 2
    with pytest.raises(RunError, match="contains a run with other settings: batch"):
        train(tiny, tmp_path)


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes differ"), DataError("out of memory"), OSError(errno.EIO, "I/O")]
)
def test_other_errors_stay_what_they_are(tiny, tmp_path, error):
    with (
        pytest.raises(type(error), match=re.escape(str(error))),
        enough_memory(tiny, RunFolder(tmp_path).state_path, 1),
    ):
        raise error
