"""Reading the model card and the weights of an exported model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from limner.errors import ModelError
from limner.model import KEY, ModelCard
from limner.shipped import shipped_models

__all__ = ["path_of", "read_model"]

_HALF = ".half"
"""Suffix that `limner.export` adds to the names of weights stored with 16 bits."""


def path_of(named: str) -> Path:
    """The path that a setting names: itself, or the file of the shipped model of that name.

    What exists in the working directory comes first, as it may be a run folder.
    """
    path = Path(named)
    return path if path.exists() else shipped_models().get(named, path)


def read_model(path: Path) -> tuple[ModelCard, dict[str, Tensor]]:
    """The model card of an exported model, and its weights by their names in the network.

    Raises:
        ModelError: The file is missing or damaged, or was not exported by limner.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        model = onnx.load_model(path, load_external_data=False)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except DecodeError as error:
        raise ModelError(f"{path} is not an ONNX model or is damaged; export it again") from error
    entries: dict[str, Any] = {entry.key: entry.value for entry in model.metadata_props}
    if KEY not in entries:
        raise ModelError(f"{path} was not exported by limner; name a limner model or a run folder")
    weights = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype in (np.float16, np.float32):
            # A copy: the file's bytes are read-only.
            weights[tensor.name.removesuffix(_HALF)] = torch.tensor(values, dtype=torch.float32)
    return ModelCard.from_json(entries[KEY], name=str(path)), weights
