"""Errors for running out of memory."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from limner.errors import LimnerError, RunError
from limner.training.config import Config

__all__ = ["enough_memory", "ran_out"]

_SIGNS = (
    *("can't allocate memory", "not enough memory", "out of memory", "_ALLOC_FAILED"),
    *("bad_alloc", "bad allocation", "Storage size calculation overflowed"),
)
"""Parts of the messages of torch and its libraries on Linux, on Windows, and on GPUs."""


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out, of the machine or of a GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


@contextmanager
def enough_memory(config: Config, state: Path, processes: int) -> Iterator[None]:
    """Turn running out of memory into an error that says which settings to lower.

    Args:
        config: Of the run.
        state: Its checkpoint file, in the run folder.
        processes: Number of processes that share a batch.

    Raises:
        RunError: Memory ran out. The last checkpoint is unchanged.
    """
    try:
        yield
    except LimnerError:
        raise
    except (MemoryError, OSError, RuntimeError) as error:
        if not ran_out(error):
            raise
        each = config.batch // processes
        shown = "1 image" if each == 1 else f"{each} images"
        what = f"memory ran out with {shown} of {config.size} px at a time"
        widths = "batch, size, generator.width or discriminator.width"
        if state.exists():
            lower = (
                "; or start another run with a smaller batch from its networks: --set "
                f"batch={each // 2 * processes} --set init_from={state.parent}"
                if each > 1
                else "; the batch is as small as it can be"
            )
            raise RunError(
                f"{what}; the last checkpoint is {state}. Resume on a machine with more free "
                f"memory, or with more `devices`{lower}"
            ) from error
        raise RunError(f"{what}; there is no checkpoint yet: lower {widths}") from error
