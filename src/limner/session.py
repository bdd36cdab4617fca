"""ONNX Runtime sessions that threads can share and that survive pickling and forks."""

import functools
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.locks import ForkLock


class Session:
    """A model, ready to run on the CPU.

    A session of ONNX Runtime belongs to the process that made it: it cannot be pickled, and its
    threads do not exist in a forked process. So this class keeps the model's bytes, and each
    process makes its own session when it first needs one.
    """

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """Keep a model; nothing is run yet.

        Args:
            model: The contents of an `.onnx` file.
            threads: CPU threads per call; 0 for one per core, at most four. More would wait for
                each other, as the networks are small.
        """
        # ONNX Runtime keeps the same bytes, so they are in memory once.
        self._model, self._threads = model, threads
        self._made: Any = None
        self._process = 0
        """The process that `_made` belongs to."""
        self._making = ForkLock()

    @property
    def runtime(self) -> Any:
        """This process's `onnxruntime.InferenceSession`.

        Raises:
            Exception: The model is damaged; ONNX Runtime's exceptions have no other common base.
        """
        with self._making:
            if self._process != os.getpid():
                _LOST.append(self._made)
                self._made, self._process = _start(self._model, self._threads), os.getpid()
            return self._made

    def run(self, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The model's only output, given its inputs by name."""
        made: NDArray[np.float32]
        [made] = self.runtime.run(None, given)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(Session, threads=self._threads), (self._model,)


_LOST: list[Any] = []
"""Sessions of parent processes, kept because deleting one would wait for its threads."""


def runtime() -> Any:
    """ONNX Runtime, told to keep to itself.

    Official builds report to their makers, and keep a number of the machine in a file, unless a
    variable is set before they are imported (Privacy.md in the package).
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def _start(model: bytes, threads: int) -> Any:
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(_cores(), 4)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its errors reach the user as limner's own
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1
