"""ONNX Runtime sessions that threads may share, and that survive pickling and forks."""

import functools
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.locks import ForkLock


class Session:
    """A model, ready to run on the CPU.

    A session of ONNX Runtime belongs to the process that made it: it cannot be pickled, and of its
    threads a forked process has none. So this one keeps the model's bytes, and each process makes
    a session of its own when it first needs one.
    """

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """Keep a model; nothing is run yet.

        Args:
            model: The contents of an `.onnx` file.
            threads: CPU threads of one call; 0 takes one for each core, at most four: the
                networks here are small, and more of them wait for each other.
        """
        # ONNX Runtime keeps the same bytes, so that they are in memory once.
        self._model, self._threads = model, threads
        self._made: Any = None
        self._process = 0
        """Whose `_made` is."""
        self._making = ForkLock()

    @property
    def runtime(self) -> Any:
        """This process's `onnxruntime.InferenceSession`.

        Raises:
            Exception: ONNX Runtime's own, which have no other base, if the model is damaged.
        """
        with self._making:
            if self._process != os.getpid():
                _LOST.append(self._made)
                self._made, self._process = _start(self._model, self._threads), os.getpid()
            return self._made

    def run(self, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The model's only output for inputs by name."""
        made: NDArray[np.float32]
        [made] = self.runtime.run(None, given)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Session, threads=self._threads), (self._model,)


_LOST: list[Any] = []
"""Sessions of processes that this one was forked from: ending one waits for its threads."""


def _start(model: bytes, threads: int) -> Any:
    # Official builds report to their makers, and keep a number of the machine in a file, unless
    # this is set before they are imported (Privacy.md in the package).
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(_cores(), 4)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its complaints reach the user as our errors
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1
