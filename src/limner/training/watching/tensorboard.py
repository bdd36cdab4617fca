"""Logs of a run as event files for TensorBoard."""

import warnings
from pathlib import Path

from limner import images
from limner.errors import MissingExtraError
from limner.training.run import RunFolder, read_jsonl

__all__ = ["write_events"]

_OWN = {"images", "each"}
"""Entries of a line that are not curves."""


def write_events(path: Path, out: Path) -> None:
    """Write the curves, grids and warnings of a run as an event file.

    Event files of an earlier call are replaced, so a run can be converted again as it progresses.

    Args:
        path: The run folder.
        out: Folder to write into, for `tensorboard --logdir`.

    Raises:
        MissingExtraError: TensorBoard is not installed.
        RunError: `path` is not a run.
        ImageError: A grid is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own imports
            from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("TensorBoard's event files", "tensorboard") from error
    run = RunFolder(path)
    config = run.config()
    for old in out.glob("events.out.tfevents.*"):
        old.unlink()
    with SummaryWriter(str(out)) as writer:
        writer.add_text("config", _as_code(config.to_share()))
        for group, file in (("run", run.stats_path), ("snapshots", run.scores_path)):
            for line in read_jsonl(file):
                for name in sorted(line.keys() - _OWN):
                    writer.add_scalar(f"{group}/{name}", line[name], line["images"])
        for line in read_jsonl(run.warnings_path):
            writer.add_text("warnings", line["text"], line["images"])
        for grid in run.grids():
            seen = int(grid.stem)
            writer.add_image("grid", images.read(grid), seen, dataformats="HWC")


def _as_code(values: dict[str, object]) -> str:
    return "\n".join(f"    {name} = {value}" for name, value in values.items())
