"""Weights of networks that are not part of limner, from files that the user names."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from limner.errors import MissingExtraError, ModelError

__all__ = ["check_file", "read_weights", "torch_for"]

_SHOWN = 3  # names of tensors in a message


def torch_for(path: Path) -> ModuleType:
    """The module torch, to read a file.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(f"torch, to read {path.name},", "train") from error
    return torch


def check_file(path: Path, *, what: str) -> None:
    """Raise ModelError unless the file exists."""
    if not path.is_file():
        raise ModelError(f"there is no file {path}; name {what}")


def read_weights(
    path: Path, shapes: Mapping[str, tuple[int, ...]], *, what: str
) -> dict[str, NDArray[np.float32]]:
    """Tensors of a file, by name; tensors that are not in `shapes` are ignored.

    Args:
        path: Ends in `.safetensors`, or is a state dict written by `torch.save`. Only tensors are
            read from the latter: it is a pickle, which could otherwise run a program.
        shapes: Names and shapes of the tensors to read.
        what: The expected file, for messages.

    Raises:
        MissingExtraError: torch or safetensors is not installed.
        ModelError: The file is missing, damaged, or contains other tensors.
    """
    check_file(path, what=what)
    held = _safetensors(path, what) if path.suffix == ".safetensors" else _pickled(path, what)
    lacking = [name for name in shapes if name not in held]
    if lacking:
        raise ModelError(
            f"{path} lacks {_some(lacking)} and contains {_some(list(held))}; expected {what}"
        )
    for name, shape in shapes.items():
        found = held[name]
        if found.shape != shape:
            raise ModelError(
                f"{path} contains {name} of shape {list(found.shape)}; expected {list(shape)}, as "
                f"in {what}"
            )
        if not np.isfinite(found).all():
            raise ModelError(f"{path} has values in {name} that are not finite; copy it again")
    return {name: held[name] for name in shapes}


def _safetensors(path: Path, what: str) -> dict[str, NDArray[np.float32]]:
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise MissingExtraError(f"safetensors, to read {path.name},", "train") from error
    try:
        return {name: found.astype(np.float32) for name, found in load_file(path).items()}
    except Exception as error:  # safetensors' own errors have no other base in common
        raise _unreadable(path, what) from error


def _pickled(path: Path, what: str) -> dict[str, NDArray[np.float32]]:
    torch = torch_for(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files of other kinds, which fail below
            # Some of the public files were saved on a GPU.
            held = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tensor.detach().float().numpy() for name, tensor in held.items()}
    except Exception as error:  # a pickle of another kind can raise anything
        raise _unreadable(path, what) from error


def _unreadable(path: Path, what: str) -> ModelError:
    return ModelError(
        f"{path} is damaged, or is neither safetensors nor a state dict of torch; expected {what}"
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more
