"""The folder of a run: its files, each written completely or not at all."""

import contextlib
import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from limner import images
from limner.data.prepared import PreparedSet
from limner.directions import Direction
from limner.errors import RunError, UsageError
from limner.settings import flatten
from limner.training.config import FOLDERS, Config
from limner.training.memory import ran_out
from limner.training.selection import Choice, choose

FREE = frozenset(
    FOLDERS
    | {"images", "decay_by", "patience", "save_every", "snapshot_every"}
    | {"device", "devices", "precision", "compile", "threads", "workers", "cache_on_device"}
)
"""Settings that may change when a run is resumed: paths, length, checkpoints, and devices."""

KEY = "limner"
"""The metadata entry of a snapshot, as JSON. Only one: safetensors writes several in any order."""
ENTRIES = frozenset({"config", "images", "preprocessing", "sources", "digest"})
"""Keys of that entry."""


class RunFolder:
    """`config.json`, `state.pt`, `grids/*.png`, `snapshot-*.safetensors`, and the logs.

    All but `config.json` can be shared: it contains the paths that are needed to resume.
    Each line of a log contains the `images` seen until then. `stats.jsonl` contains the loss
    terms, `scores.jsonl` the scores of the snapshots, `warnings.jsonl` the monitors' warnings.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stats_path = path / "stats.jsonl"
        self.scores_path = path / "scores.jsonl"
        self.warnings_path = path / "warnings.jsonl"
        self.layout_path = path / "grid.json"
        self.state_path = path / "state.pt"

    def check(self, config: Config) -> None:
        """Make sure that the folder is new or contains a run of `config`; nothing is written.

        The config may change if the run ended before its first checkpoint or snapshot.

        Raises:
            RunError: It contains a run with another config.
        """
        if self.exists() and (self.state_path.exists() or self.snapshots()):
            require_same(fixed_settings(self.config()), config, self.path)

    def open(self, config: Config, layout: Mapping[str, Any]) -> None:
        """Write `config.json` and the layout of the grids; create the folder if necessary.

        Raises:
            OutputError: They cannot be written.
        """
        for folder in (self.path, self.path / "grids"):
            try:
                images.remove_parts(folder)
            except OSError as error:
                raise images.output_error(folder, error) from error
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
            RunError: The folder contains no run, or its config is damaged or of another version.
        """
        path = self.path / "config.json"
        try:
            return Config.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise RunError(
                f"{self.path} is not a run folder (no readable config.json); name one"
            ) from error
        except (ValueError, RecursionError) as error:  # a UsageError is a ValueError
            what = str(error) if isinstance(error, UsageError) else "it is not JSON"
            raise RunError(
                f"{path} is damaged or of another version of limner: {what}; repair it, or "
                "remove it and give the settings of the run again"
            ) from error

    def save_state(self, state: dict[str, Any]) -> None:
        """Replace `state.pt`: everything needed to resume."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        images.write_bytes(self.state_path, buffer.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """The last checkpoint, or None at the start of a run.

        Raises:
            RunError: The file is damaged or is not a checkpoint.
        """
        try:
            file = self.state_path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunError(
                f"{self.state_path} cannot be read ({error.strerror}); make it readable"
            ) from error
        with file:
            try:
                _check_archive(file)
                state = torch.load(file, map_location="cpu", weights_only=True)
            except Exception as error:  # damaged files may raise anything
                if ran_out(error):
                    raise
                raise RunError(
                    f"{self.state_path} cannot be read: it is damaged or not a checkpoint "
                    f"({type(error).__name__}); restore a copy of it, or remove it to start the "
                    "run from scratch"
                ) from error
        if not isinstance(state, dict):
            raise RunError(
                f"{self.state_path} is not a checkpoint; remove it to start the run from scratch"
            )
        return state

    def runtime(self) -> dict[str, Any]:
        """How the last checkpoint was computed, see `limner.training.devices.runtime`.

        Only that is read; {} if unknown. `load_state` reports damage.
        """
        try:
            state = torch.load(self.state_path, map_location="cpu", weights_only=True, mmap=True)
            return dict(state["how"])
        except Exception:  # damaged files may raise anything
            return {}

    def save_snapshot(
        self, generators: Mapping[Direction, nn.Module], seen: int, prepared: PreparedSet
    ) -> Path:
        """Write the EMA generators after `seen` images, with the config and the data sources.

        Snapshots are shared, so they contain no absolute path.
        """
        path = self.snapshot_path(seen)
        about = {
            "config": self.config().to_share(),
            "images": seen,
            "preprocessing": prepared.preprocessing.to_dict(),
            "sources": prepared.sources,
        }
        tensors = {
            f"{direction}.{name}": tensor.contiguous()
            for direction, network in generators.items()
            for name, tensor in network.state_dict().items()
        }
        about["digest"] = digest_of(about, tensors)
        images.write_bytes(path, to_safetensors(tensors, {KEY: json.dumps(about)}))
        return path

    def snapshot_path(self, seen: int) -> Path:
        """Path of the snapshot after `seen` images, whether it exists or not."""
        return self.path / f"snapshot-{seen:09d}.safetensors"

    def snapshots(self) -> list[Path]:
        """All snapshots, oldest first."""
        return _numbered(self.path.glob("snapshot-*.safetensors"))

    def grids(self) -> list[Path]:
        """All sample grids, oldest first; their stems are the images seen."""
        return _numbered(self.path.glob("grids/*.png"))

    def choose(self, direction: Direction | None = None) -> Choice:
        """The snapshot to export: the one with the best score, or else the last.

        Raises:
            RunError: There is none.
        """
        snapshots = {int(path.stem.rpartition("-")[2]): path for path in self.snapshots()}
        if not snapshots:
            raise RunError(
                f"{self.path} contains no snapshot; train longer, or name a run folder that has one"
            )
        return choose(snapshots, read_jsonl(self.scores_path), direction)

    def append_stats(self, stats: Mapping[str, Any]) -> None:
        """Add one line to `stats.jsonl`."""
        append(self.stats_path, stats)

    def drop_stats_after(self, seen: int) -> None:
        """Drop log lines after the checkpoint that a run resumes from."""
        for path in (self.stats_path, self.scores_path, self.warnings_path):
            if path.exists():
                kept = [
                    json.dumps(line) + "\n" for line in read_jsonl(path) if line["images"] <= seen
                ]
                images.write_bytes(path, "".join(kept).encode())


def fixed_settings(config: Config) -> dict[str, Any]:
    """The settings that must not change when a run is resumed, by their dotted names."""
    return {name: v for name, v in flatten(config.to_dict()).items() if name not in FREE}


def require_same(there: Mapping[str, Any], config: Config, place: Path) -> None:
    """Make sure that the run at `place`, with the settings `there`, has those of `config`.

    Raises:
        RunError: It has not; the message lists the settings that differ.
    """
    wanted = fixed_settings(config)
    listed = ", ".join(
        f"{name} ({there.get(name, 'none')} there, {wanted.get(name, 'none')} now)"
        for name in {**there, **wanted}
        if there.get(name) != wanted.get(name)
    )
    if listed := " ".join(listed.split()):  # a value may have several lines
        raise RunError(
            f"{place} contains a run with other settings: {listed}; "
            "resume with those settings, or name another folder"
        )


def digest_of(about: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of a snapshot's metadata and tensors, in hexadecimal: safetensors itself has none."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line to a log, completely or not at all. Raises OutputError."""
    rest = (json.dumps(line) + "\n").encode()
    try:
        # Unbuffered: a buffer would retry a failed write when the file is closed.
        with path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        raise images.output_error(path, error) from error


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The lines of a log, in order; none if the file is missing.

    Damaged lines are skipped, for example one that an interruption cut short.

    Raises:
        RunError: It cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise RunError(
            f"{path} cannot be read ({error.strerror}); remove it to resume without it"
        ) from error
    kept = []
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            values = json.loads(line.decode())
            if _is_note(values):
                kept.append(values)
    return kept


def _is_note(values: Any) -> bool:
    """Whether a line has the images seen, and otherwise only valid entries of a log."""
    if not isinstance(values, dict) or type(values.get("images")) is not int:
        return False
    if not 0 <= values["images"] < 2**53:
        return False
    numbers = {n: v for n, v in values.items() if n not in {"each", "monitor", "about", "text"}}
    texts = [values[name] for name in ("monitor", "about", "text") if name in values]
    each = values.get("each", {})
    if not isinstance(each, dict) or (each and each.keys() != numbers.keys() - {"images"}):
        return False
    shares = [share for one in each.values() if isinstance(one, list) for share in one or [None]]
    return (
        len(texts) in (0, 3)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(one, list) for one in each.values())
        and all(_is_number(value) for value in [*numbers.values(), *shares])
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**1023 if isinstance(value, int) else math.isfinite(value)


def _numbered(paths: Iterable[Path]) -> list[Path]:
    """Those whose names end in the images seen, sorted by that number."""
    return sorted(path for path in paths if re.fullmatch(r"(snapshot-)?[0-9]{9,16}", path.stem))


def _check_archive(file: Any) -> None:
    """Raise an error unless an open file is an archive with correct checksums.

    torch does not check them: it would resume from damaged weights.
    """
    with zipfile.ZipFile(file) as archive:
        stored = all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
        if not stored or archive.testzip() is not None:
            raise zipfile.BadZipFile
    file.seek(0)
