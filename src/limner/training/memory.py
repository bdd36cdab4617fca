"""What is said where memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from limner.errors import LimnerError, RunError
from limner.training.config import Config
from limner.training.run import RunFolder

__all__ = ["enough_memory"]

_SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "_ALLOC_FAILED")
"""What torch and its libraries say on Linux, on Windows, and on GPUs."""


@contextmanager
def enough_memory(config: Config, run: RunFolder, processes: int) -> Iterator[None]:
    """Turn running out of memory into an error that says which settings to lower.

    Raises:
        RunError: Memory ran out. The last state is as it was.
    """
    try:
        yield
    except LimnerError:
        raise
    except (MemoryError, RuntimeError) as error:
        known = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not (known or any(sign in str(error) for sign in _SIGNS)):
            raise
        each = config.batch // processes
        what = f"memory ran out with {each} images of {config.size} px at a time"
        widths = "batch, size, generator.width or discriminator.width"
        if run.state_path.exists():
            raise RunError(
                f"{what}; the last good state is {run.state_path}. Go on from it where more memory "
                f"is free, or on more `devices`; or begin another run with a lower batch and its "
                f"networks: --set batch={max(1, each // 2)} --set start={run.path}"
            ) from error
        raise RunError(f"{what}; nothing was learnt yet: lower {widths}") from error
