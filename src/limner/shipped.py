"""Model files: the shipped ones by name, and others by path."""

import os
from importlib import resources
from pathlib import Path

from limner.errors import ModelError

__all__ = ["DEFAULT_DRAWER", "DEFAULT_MODEL", "find_model", "read_model", "shipped_models"]

_SUFFIX = ".onnx"
DEFAULT_MODEL = "portrait"
"""The model that turns sketches into photos unless another is named."""
DEFAULT_DRAWER = "draughtsman"
"""The model that turns photos into sketches unless another is named."""


def shipped_models() -> dict[str, Path]:
    """The models that come with the package, by name."""
    folder = Path(str(resources.files("limner") / "models"))
    return {file.stem: file for file in sorted(folder.glob(f"*{_SUFFIX}"))}


def find_model(model: str | Path) -> Path:
    """The file of a model.

    Args:
        model: Name of a shipped model, or path of an `.onnx` file.

    Raises:
        ModelError: There is no such model.
    """
    shipped = shipped_models()
    if str(model) in shipped:
        return shipped[str(model)]
    path = Path(model)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises on some names
        known = ", ".join(shipped) or "none"
        raise ModelError(
            f"there is no model '{model}'; shipped with limner: {known}; or name a file"
        )
    return path


def read_model(path: Path) -> bytes:
    """The bytes of a model file. Raises ModelError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error
