"""Reading the model card and the weights of an exported model."""

from pathlib import Path

import torch
from torch import Tensor

from limner.model import ModelCard
from limner.shipped import shipped_models

__all__ = ["path_of", "read_model"]


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
    from limner.model_file import load, named_weights  # ONNX, which most runs do not need

    card, model = load(path)
    weights = named_weights(model)
    return card, {name: torch.tensor(values) for name, values in weights.items()}
