"""Export of a trained generator as one `.onnx` file that contains everything needed to use it."""

import dataclasses
import json
import logging
import typing
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors import SafetensorError, safe_open
from torch import nn

from limner import __version__
from limner.directions import CHANNELS, SKETCH_TO_PHOTO, Direction
from limner.errors import ModelError, RunError, UsageError
from limner.faces import Preprocessing
from limner.model import KEY, ModelCard
from limner.model_file import HALF, save
from limner.networks.config import GeneratorConfig
from limner.networks.generator import make_generator, turned
from limner.training.config import Config
from limner.training.memory import ran_out
from limner.training.run import ENTRIES as SNAPSHOT_ENTRIES
from limner.training.run import KEY as SNAPSHOT_KEY
from limner.training.run import RunFolder, digest_of

OPSET = 18
_DAMAGE = (
    *(SafetensorError, AttributeError, KeyError, RecursionError, RuntimeError),
    *(TypeError, ValueError),
)
"""Errors raised by files that are damaged or not snapshots."""


def export(
    source: Path,
    out: Path,
    *,
    direction: Direction | None = None,
    name: str | None = None,
) -> ModelCard:
    """Write a generator of a run's best snapshot, or of the named snapshot, as an ONNX model.

    The best is chosen by `limner.training.run.RunFolder.choose`: by its score on held-out faces, or
    the last one if none was scored.

    Weights are stored with 16 bits, which halves the file and changes no output by more than one
    grey level; ONNX Runtime computes with 32. The file can be shared: it contains no path of this
    machine.

    Args:
        source: A run folder, or one of its `snapshot-*.safetensors`.
        out: The `.onnx` file to write.
        direction: Which of its generators; by default that of sketch to photo, or the only one.
        name: The model's name; by default the file's stem.

    Returns:
        The model card, which is also in the file's metadata.

    Raises:
        UsageError: There is no such direction.
        RunError: There is no snapshot, or the run has no generator of that direction.
        ModelError: The snapshot is damaged.
        OutputError: `out` cannot be written.
    """
    if direction not in (None, *typing.get_args(Direction)):
        known = " and ".join(typing.get_args(Direction))
        raise UsageError(f"direction is '{direction}'; choose from {known}")
    snapshot = source if source.is_file() else RunFolder(source).choose(direction).snapshot
    found = [direction] if direction else directions_of(snapshot)
    way: Direction = found[0] if found else SKETCH_TO_PHOTO
    trained = load_snapshot(snapshot, way)
    config = trained.config
    settings = turned(config.generator, way)
    card = ModelCard(
        name=name or out.stem,
        direction=way,
        preprocessing=dataclasses.replace(trained.preprocessing, size=config.size),
        experiment=config.experiment,
        images_seen=trained.seen,
        generator=dataclasses.asdict(settings),
        sources=trained.sources,
        limner=__version__,
        weights="",
    )
    model = to_onnx(trained.generator, settings, side=config.size, ends=card.ends)
    return save(out, model, card)


def directions_of(source: Path) -> list[Direction]:
    """The directions of the generators in a run, or in one of its snapshots.

    Raises:
        RunError: The run has no snapshot.
        ModelError: The snapshot is damaged.
    """
    snapshot = source if source.is_file() else RunFolder(source).choose().snapshot
    try:
        with safe_open(snapshot, framework="pt") as file:
            heads = {name.partition(".")[0] for name in file.keys()}  # noqa: SIM118 - as below
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{snapshot} is damaged or not a snapshot; export another snapshot of the run"
        ) from error
    return [direction for direction in typing.get_args(Direction) if direction in heads]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Contents of a snapshot."""

    config: Config
    seen: int
    """Images seen."""
    preprocessing: Preprocessing
    """That of the dataset."""
    sources: dict[str, Any]
    generator: nn.Module
    """The EMA generator, for evaluation."""


def load_snapshot(snapshot: Path, direction: Direction) -> Trained:
    """A generator of a snapshot, and what is known of it.

    Raises:
        RunError: The run has no generator of that direction.
        ModelError: The snapshot is damaged.
    """
    try:
        with safe_open(snapshot, framework="pt") as file:
            about = json.loads((file.metadata() or {})[SNAPSHOT_KEY])
            held = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no dictionary
        if unknown := about.keys() - SNAPSHOT_ENTRIES:
            raise KeyError(*unknown)
        # Snapshots of an earlier version have no digest.
        if (digest := about.pop("digest", None)) not in (None, digest_of(about, held)):
            raise ValueError(f"its digest is not {digest}")
        prefix = f"{direction}."
        tensors = {k.removeprefix(prefix): one for k, one in held.items() if k.startswith(prefix)}
        config = Config.from_dict(about["config"])
        if not tensors and direction != config.direction:
            raise RunError(
                f"{snapshot} has no generator of {direction}: the objective '{config.objective}' "
                "does not train it; use an experiment whose objective is cyclegan or hybrid"
            )
        generator = make_generator(turned(config.generator, direction))
        generator.load_state_dict(tensors)
        return Trained(
            config=config,
            seen=int(about["images"]),
            preprocessing=Preprocessing.from_dict(about["preprocessing"]),
            sources=about["sources"],
            generator=generator.eval(),
        )
    except RunError:
        raise
    except OSError as error:
        raise ModelError(f"{snapshot} cannot be read ({error.strerror}); check the path") from error
    except _DAMAGE as error:
        if ran_out(error):
            raise
        raise ModelError(
            f"{snapshot} is damaged or not a snapshot of this version of limner; export another "
            "snapshot of the run"
        ) from error


def to_onnx(
    generator: nn.Module,
    settings: GeneratorConfig,
    *,
    side: int,
    ends: tuple[str, str] = ("sketch", "photo"),
) -> onnx.ModelProto:
    """The network as an ONNX graph from `ends[0]` `[N, inputs, side, side]` to `ends[1]`.

    Depending on `settings`, it also takes `literal` `[N]` and `hints` `[N, 4, side, side]`, see
    `limner.networks.guidance`. N is free; the side is fixed, so that the runtime can plan memory.
    """
    taken = {ends[0]: torch.zeros(2, settings.inputs, side, side)}
    if settings.literal:
        taken["literal"] = torch.ones(2)
    if settings.hints:
        taken["hints"] = torch.zeros(2, CHANNELS["hints"], side, side)
    many = {0: torch.export.Dim("batch")}
    given = {"x": many} | dict.fromkeys(list(taken)[1:], many)
    with warnings.catch_warnings():
        # The exporter warns about its own internals, and about packages that it does not need.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            generator,
            (taken[ends[0]],),
            kwargs={name: one for name, one in taken.items() if name != ends[0]},
            input_names=list(taken),
            output_names=[ends[1]],
            dynamic_shapes=given,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:  # only the old exporter, according to the signature
        raise ModelError("torch exported nothing")
    model: onnx.ModelProto = program.model_proto
    _halve(model)
    remove_traces(model)
    onnx.checker.check_model(model)
    return model


def remove_traces(model: onnx.ModelProto) -> None:
    """Remove, in place, metadata about the machine and the program that wrote a model.

    For each node, the exporter stores the call stack with the paths of the source files, which
    include the user's name. None of it is needed to run the model. All metadata and doc strings are
    removed, those of subgraphs and functions too, and the build after a `+` in the exporter's
    version. The card, weights and names stay.
    """
    card = [(entry.key, entry.value) for entry in model.metadata_props if entry.key == KEY]
    _remove_notes(model)
    for key, value in card:
        model.metadata_props.add(key=key, value=value)
    model.producer_version = model.producer_version.partition("+")[0]


def _remove_notes(message: Any) -> None:
    """Remove doc strings and metadata of a protobuf message and of all messages in it.

    By the fields' names, since each version of ONNX adds them to more kinds of messages.
    """
    for name in ("doc_string", "metadata_props"):
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in (value,) if hasattr(value, "DESCRIPTOR") else value:
                _remove_notes(one)


def _halve(model: onnx.ModelProto) -> None:
    """Store the float weights with 16 bits, each with a cast that is folded on loading."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}{HALF}"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}{HALF}"], [name], to=onnx.TensorProto.FLOAT)
        )
    for cast in reversed(casts):
        graph.node.insert(0, cast)
