"""A run is a folder: what is in it, and how it is written without ever being half-written."""

import contextlib
import io
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from limner import images
from limner.data.prepared import PreparedSet
from limner.directions import SKETCH_TO_PHOTO, Direction
from limner.errors import RunError
from limner.settings import flatten
from limner.training.config import Config
from limner.training.selection import Choice, choose

FREE = frozenset(
    {"data", "drawings", "start", "images", "patience", "save_every", "snapshot_every"}
    | {"device", "devices", "precision", "compile", "threads", "workers"}
)
"""Settings that may change when a run goes on: where things are, how long it is, what computes."""

KEY = "limner"
"""The metadata entry of a snapshot, as JSON. One alone: safetensors writes several in any order."""


class RunFolder:
    """`config.json`, `state.pt`, `grids/*.png`, `snapshot-*.safetensors`, and what was noted.

    What is noted as the run goes on has a line for each time, with the `images` seen until then:
    `stats.jsonl` the terms, `scores.jsonl` what the snapshots got, `warnings.jsonl` what the
    monitors said.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stats_path = path / "stats.jsonl"
        self.scores_path = path / "scores.jsonl"
        self.warnings_path = path / "warnings.jsonl"
        self.layout_path = path / "grid.json"
        self.state_path = path / "state.pt"

    def check(self, config: Config) -> None:
        """Make sure that the folder is new or holds a run of `config`; nothing is written.

        A run that ended before it left anything, for want of memory maybe, may change.

        Raises:
            RunError: It holds a run with another config.
        """
        if self.exists() and (self.state_path.exists() or self.snapshots()):
            there, wanted = flatten(self.config().to_dict()), flatten(config.to_dict())
            differing = [
                n for n in {**there, **wanted} if there.get(n) != wanted.get(n) and n not in FREE
            ]
            if differing:
                listed = ", ".join(
                    f"{n} ({there.get(n, 'none')} there, {wanted.get(n, 'none')} now)"
                    for n in differing
                )
                raise RunError(
                    f"{self.path} holds a run with other settings: {listed}; "
                    "go on with those settings, or name another folder"
                )

    def open(self, config: Config, layout: Mapping[str, Any]) -> None:
        """Write `config.json` and the layout of the grids, and the folder if need be."""
        for folder in (self.path, self.path / "grids"):
            images.remove_parts(folder)
        images.write_bytes(
            self.path / "config.json", json.dumps(config.to_dict(), indent=2).encode()
        )
        images.write_bytes(self.layout_path, json.dumps(layout).encode())

    def exists(self) -> bool:
        """Whether a run was started here."""
        return os.path.exists(self.path / "config.json")  # noqa: PTH110 - Path.exists may raise

    def config(self) -> Config:
        """The config of the run.

        Raises:
            RunError: The folder holds no run.
        """
        try:
            return Config.from_dict(json.loads((self.path / "config.json").read_text()))
        except (OSError, json.JSONDecodeError) as error:
            raise RunError(
                f"{self.path} holds no training run (no readable config.json)"
            ) from error

    def save_state(self, state: dict[str, Any]) -> None:
        """Replace `state.pt`: everything needed to go on."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        images.write_bytes(self.state_path, buffer.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """The last state saved, or None at the start of a run.

        Raises:
            RunError: The file is damaged.
        """
        if not self.state_path.exists():
            return None
        try:
            return torch.load(self.state_path, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]
        except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
            raise RunError(
                f"{self.state_path} cannot be read ({type(error).__name__}); "
                "remove it to start the run again from nothing"
            ) from error

    def save_snapshot(
        self, generators: Mapping[Direction, nn.Module], seen: int, prepared: PreparedSet
    ) -> Path:
        """Write the averaged generators as they stand after `seen` images, and what these were."""
        path = self.snapshot_path(seen)
        about = {
            "config": self.config().to_dict(),
            "images": seen,
            "preprocessing": prepared.preprocessing.to_dict(),
            "sources": prepared.sources,
        }
        tensors = {
            f"{direction}.{name}": tensor.contiguous()
            for direction, network in generators.items()
            for name, tensor in network.state_dict().items()
        }
        images.write_bytes(path, to_safetensors(tensors, {KEY: json.dumps(about)}))
        return path

    def snapshot_path(self, seen: int) -> Path:
        """Where the snapshot after `seen` images is or would be."""
        return self.path / f"snapshot-{seen:09d}.safetensors"

    def snapshots(self) -> list[Path]:
        """All snapshots, oldest first."""
        return sorted(self.path.glob("snapshot-[0-9]*.safetensors"))

    def grids(self) -> list[Path]:
        """All sample grids, oldest first; their stems are the images seen."""
        return sorted(self.path.glob("grids/[0-9]*.png"))

    def choose(self, direction: Direction = SKETCH_TO_PHOTO) -> Choice:
        """The snapshot to export: the one that was scored best, or else the last.

        Raises:
            RunError: There is none.
        """
        snapshots = {int(path.stem.rpartition("-")[2]): path for path in self.snapshots()}
        if not snapshots:
            raise RunError(
                f"{self.path} holds no snapshot; train on, or name a run folder that has one"
            )
        return choose(snapshots, notes(self.scores_path), direction)

    def append_stats(self, stats: Mapping[str, Any]) -> None:
        """Add one line to `stats.jsonl`."""
        append(self.stats_path, stats)

    def drop_stats_after(self, seen: int) -> None:
        """Forget what was noted after the state that a run goes on from."""
        for path in (self.stats_path, self.scores_path, self.warnings_path):
            if path.exists():
                kept = [json.dumps(line) + "\n" for line in notes(path) if line["images"] <= seen]
                images.write_bytes(path, "".join(kept).encode())


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line to what was noted. Raises OutputError."""
    try:
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise images.output_error(path, error) from error


def notes(path: Path) -> list[dict[str, Any]]:
    """What was noted in a file of lines, in order; nothing if it is not there.

    Raises:
        RunError: It cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path} cannot be read; remove it to go on without it") from error
    kept = []
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # the line that an interruption cut short
            values = json.loads(line)
            if isinstance(values, dict) and isinstance(values.get("images"), int):
                kept.append(values)
    return kept
