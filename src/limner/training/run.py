"""A run is a folder: what is in it, and how it is written without ever being half-written."""

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
from limner.directions import Direction
from limner.errors import RunError
from limner.settings import flatten
from limner.training.config import Config

FREE = frozenset(
    {"data", "drawings", "start", "images", "save_every", "snapshot_every"}
    | {"device", "devices", "precision", "compile", "threads", "workers"}
)
"""Settings that may change when a run goes on: where things are, how long it is, what computes."""

KEY = "limner"
"""The metadata entry of a snapshot, as JSON. One alone: safetensors writes several in any order."""


class RunFolder:
    """`config.json`, `stats.jsonl`, `state.pt`, `grids/*.png` and `snapshot-*.safetensors`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stats_path = path / "stats.jsonl"
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

    def open(self, config: Config) -> None:
        """Write `config.json`, and the folder if need be."""
        images.write_bytes(
            self.path / "config.json", json.dumps(config.to_dict(), indent=2).encode()
        )

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
        return sorted(self.path.glob("snapshot-*.safetensors"))

    def append_stats(self, stats: dict[str, float]) -> None:
        """Add one line to `stats.jsonl`."""
        try:
            with self.stats_path.open("a") as file:
                file.write(json.dumps(stats) + "\n")
        except OSError as error:
            raise images.output_error(self.stats_path, error) from error

    def drop_stats_after(self, seen: int) -> None:
        """Forget what was noted after the state that a run goes on from."""
        if not self.stats_path.exists():
            return
        kept = []
        for line in self.stats_path.read_text().splitlines():
            try:
                if json.loads(line)["images"] <= seen:
                    kept.append(line + "\n")
            except (json.JSONDecodeError, KeyError):
                continue  # the line that an interruption cut short
        images.write_bytes(self.stats_path, "".join(kept).encode())
