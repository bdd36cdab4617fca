"""Prefetching: worker processes draw images ahead of the training loop."""

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
"""That each worker draws ahead."""

Drawn = dict[str, Tensor]


class _Parts(Dataset[Drawn]):
    """The images of a part, in 0..255: what a worker draws at a time."""

    def __init__(self, images: TrainingImages) -> None:
        self.images = images

    def __getitem__(self, part: Part) -> Drawn:
        return self.images.draw(part.first, part.count)


class Prefetcher:
    """Draws the parts of a run in their order; the same ones with any number of workers.

    The workers share one copy of the pictures, and end with this process even if it is killed.
    Without workers, each part is drawn when it is asked for.
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
            images: What is drawn.
            parts: Begins the sequence of what will be asked for.
            workers: How many; 0 for none.
            pinned: Keep what was drawn where a GPU of CUDA can fetch it by itself.

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
            # A fork would share locks and the threads' state of libraries that are loaded here.
            multiprocessing_context="spawn",
            prefetch_factor=_BATCHES,
            pin_memory=pinned,
            generator=torch.Generator(),  # or it would draw from the one of the networks
        )
        try:
            with unheard_interrupts(), _no_alarm():
                self._drawn = iter(loader)
        except (RuntimeError, OSError) as error:
            raise EngineError(
                f"{workers} worker processes cannot be started ({error}); the pictures must fit "
                "into the shared memory of this machine: give fewer workers or more of it"
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
                raise  # what went wrong while it drew
            raise EngineError(
                "a process that draws images ahead was lost, as they are where memory runs out; "
                "the same command resumes it from the last state, with a lower `workers` if it "
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
        self._drawn = None  # which ends them


class _Sequence:
    """What can be gone through again and again, without a length."""

    def __init__(self, begin: Callable[[], Iterator[Part]]) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[Part]:
        return self._begin()


@contextmanager
def _no_alarm() -> Iterator[None]:
    """Keep the loader from raising an error in the midst of a step when a worker is lost.

    It finds out when its turn comes to bring images, and the networks are whole until then.
    """
    mine = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD")
    before = signal.getsignal(signal.SIGCHLD) if mine else None
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGCHLD, before)


def _begin(worker: int) -> None:
    """Leave it to the parent to end this process: signals reach all processes of a group."""
    del worker
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
