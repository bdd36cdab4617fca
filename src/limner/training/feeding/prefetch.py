"""Prefetching: worker processes draw images ahead of the training loop."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from limner.engines.local import unheard_interrupts
from limner.errors import EngineError
from limner.training.feeding.batch import Part
from limner.training.feeding.pictures import TrainingImages

__all__ = ["Prefetcher"]

_BATCHES = 4
"""Batches that each worker prefetches."""

Drawn = dict[str, Tensor]


class _Parts(Dataset[Drawn]):
    """The images of a part, in 0..255; a worker draws one part at a time."""

    def __init__(self, images: TrainingImages) -> None:
        self.images = images

    def __getitem__(self, part: Part) -> Drawn:
        return self.images.draw(part.first, part.count)


class Prefetcher:
    """Draws the parts of a run in order; the same ones with any number of workers.

    The workers share one copy of the images, and end with this process even if it is killed.
    Without workers, each part is drawn when it is requested.
    """

    def __init__(
        self,
        images: TrainingImages,
        parts: Callable[[], Iterator[Part]],
        *,
        workers: int,
        pinned: bool = False,
    ) -> None:
        """Start the workers.

        Args:
            images: The training images.
            parts: Starts the sequence of parts that will be requested.
            workers: Number of processes; 0 for none.
            pinned: Put the results into pinned memory, for a CUDA GPU.

        Raises:
            EngineError: They cannot be started.
        """
        self.images = images
        self._parts = parts()
        self._drawn: Iterator[Drawn] | None = None
        if not workers:
            return
        loader = DataLoader(
            _Parts(images),
            batch_size=None,
            sampler=_Sequence(parts),
            num_workers=workers,
            worker_init_fn=_begin,
            # A fork would share locks and thread state of the libraries that are loaded here.
            multiprocessing_context="spawn",
            prefetch_factor=_BATCHES,
            pin_memory=pinned,
            generator=torch.Generator(),  # or it would use the networks' generator
        )
        try:
            with unheard_interrupts(), _no_alarm(), _one_thread():
                self._drawn = iter(loader)
        except (RuntimeError, OSError) as error:
            raise EngineError(
                f"{workers} worker processes cannot be started ({error}); the images must fit "
                "into this machine's shared memory: set fewer workers or provide more of it"
            ) from error

    def __next__(self) -> tuple[Part, Drawn]:
        """The next part, and its images.

        Raises:
            EngineError: A worker was lost.
        """
        part = next(self._parts)
        if self._drawn is None:
            return part, self.images.draw(part.first, part.count)
        try:
            return part, next(self._drawn)
        except (EOFError, OSError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
                raise  # an error while drawing
            raise EngineError(
                "a process that prefetches images was lost, perhaps because memory ran out; the "
                "same command resumes the run from the last checkpoint; set `workers` lower if it "
                "happens again"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._drawn = None  # ends the workers


class _Sequence:
    """A sequence that can be iterated repeatedly, without a length."""

    def __init__(self, begin: Callable[[], Iterator[Part]]) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[Part]:
        return self._begin()


@contextmanager
def _no_alarm() -> Iterator[None]:
    """Keep the loader from raising an error in the middle of a step when a worker is lost.

    The loader then notices the loss when the next images are due, between two steps.
    """
    mine = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD")
    before = signal.getsignal(signal.SIGCHLD) if mine else None
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGCHLD, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes that start now compute with one thread each.

    From 256 px on, matrix products of the sketch styles are large enough for OpenBLAS to start more
    threads; those of all workers would fight for the cores.
    """
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def _begin(worker: int) -> None:
    """Ignore signals, which reach all processes of a group: the parent ends this process."""
    del worker
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
