"""Models between a model and a fine-tuned version of it.

Fine-tuning gains something and forgets something. The weights on the line between a model and its
fine-tuned version make working models too, and often one of them is better than both ends: it
keeps most of what was gained, loses less, and errors of which each has its own are weaker (Wortsman
et al. 2022, *Robust Fine-Tuning of Zero-Shot Models*, arXiv:2109.01903, section 3).
"""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from limner import settings
from limner.errors import UsageError
from limner.model import ModelCard
from limner.model_file import load, save

__all__ = ["average"]


def average(
    before: Path, after: Path, out: Path, *, share: float = 0.5, name: str | None = None
) -> ModelCard:
    """Write the model whose weights are `(1 - share) * before + share * after`.

    Models that were trained independently have nothing in common that could be averaged; of them,
    the result is noise.

    Args:
        before: An `.onnx` model.
        after: A fine-tuned version of it.
        out: The `.onnx` file to write.
        share: Share of `after`, 0 to 1.
        name: The model's name; by default the file's stem.

    Returns:
        The model card: that of `after`, with the training data of both.

    Raises:
        UsageError: The networks differ, or the share is not within 0 and 1.
        ModelError: A model is missing or damaged, or was not exported by limner.
        OutputError: `out` cannot be written.
    """
    settings.at_least("share", share, 0)
    settings.at_most("share", share, 1)
    (first, start), (last, tuned) = load(before), load(after)
    _check_alike(before, first, after, last)
    given = {tensor.name: numpy_helper.to_array(tensor) for tensor in start.graph.initializer}
    for tensor in tuned.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if not np.issubdtype(values.dtype, np.floating):
            continue
        there = given.get(tensor.name)
        if there is None or (there.shape, there.dtype) != (values.shape, values.dtype):
            raise UsageError(f"{before} and {after} have different graphs; export both again")
        mixed = (1 - share) * there.astype(np.float64) + share * values.astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(mixed.astype(values.dtype), tensor.name))
    onnx.checker.check_model(tuned)
    card = dataclasses.replace(
        last, name=name or out.stem, sources={**first.sources, **last.sources}
    )
    return save(out, tuned, card)


def _check_alike(before: Path, first: ModelCard, after: Path, last: ModelCard) -> None:
    for name in ("direction", "preprocessing", "generator"):
        if getattr(first, name) != getattr(last, name):
            raise UsageError(
                f"{before} and {after} differ in {name}; only a model and a fine-tuned "
                "version of it can be averaged"
            )
