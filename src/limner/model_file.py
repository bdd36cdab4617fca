"""Model files as graphs, for what changes or learns from their weights.

To use a model, see `limner.translator`.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from limner import images
from limner.errors import ModelError
from limner.model import KEY, ModelCard

__all__ = ["HALF", "load", "named_weights", "save"]

HALF = ".half"
"""Suffix of the names of weights that are stored with 16 bits."""


def load(path: Path) -> tuple[ModelCard, onnx.ModelProto]:
    """The card and the graph of an exported model.

    Raises:
        ModelError: The file is missing or damaged, or was not exported by limner.
    """
    try:
        model = onnx.load_model(path, load_external_data=False)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except DecodeError as error:
        raise ModelError(f"{path} is not an ONNX model or is damaged; export it again") from error
    cards = {entry.key: entry.value for entry in model.metadata_props}
    if KEY not in cards:
        raise ModelError(f"{path} was not exported by limner; name a limner model or a run folder")
    return ModelCard.from_json(cards[KEY], name=str(path)), model


def save(path: Path, model: onnx.ModelProto, card: ModelCard) -> ModelCard:
    """Write a model with its card, and the digest of its weights in it.

    Args:
        path: The `.onnx` file to write.
        model: The graph; its metadata are replaced, in place.
        card: Of the model; its digest is replaced.

    Returns:
        The card in the file.

    Raises:
        OutputError: The file cannot be written.
    """
    card = dataclasses.replace(card, weights=_digest(model))
    del model.metadata_props[:]
    model.metadata_props.add(key=KEY, value=json.dumps(card.to_dict()))
    images.write_bytes(path, model.SerializeToString())
    return card


def named_weights(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """The weights of a graph by their names in the network, and its other constants of floats."""
    found = {}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype in (np.float16, np.float32):
            found[tensor.name.removesuffix(HALF)] = values.astype(np.float32)
    return found


def _digest(model: onnx.ModelProto) -> str:
    digest = hashlib.sha256()
    for tensor in sorted(model.graph.initializer, key=lambda t: t.name):
        digest.update(tensor.name.encode() + numpy_helper.to_array(tensor).tobytes())
    return digest.hexdigest()
