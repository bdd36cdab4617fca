"""Runs tasks on this machine, in this process or in several."""

import contextlib
import os
import pickle
import queue
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from limner.engines.tasks import R, Start, T, answer, begin, pickled, result
from limner.errors import EngineError, UsageError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_AHEAD = 2
"""Tasks per worker: the current one and the next."""


@dataclass(frozen=True, kw_only=True)
class LocalEngine:
    """This machine: several processes or, with one worker, this process.

    It does not use `concurrent.futures`: before Python 3.14, its pool waits for running tasks even
    after Ctrl-C.
    """

    workers: int = 1
    together: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"workers is {self.workers}; it must be at least 1")

    @property
    def threads(self) -> int:
        """See `Engine.threads`."""
        return 0 if self.workers == 1 else 1

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Generator[R, None, None]:
        """See `Engine.map`."""
        return self._here(start, tasks) if self.workers == 1 else self._apart(start, tasks)

    def _here(self, start: "Start[T, R]", tasks: Iterable[T]) -> Generator[R, None, None]:
        work = start()
        for task in tasks:
            yield work(task)

    def _apart(self, start: "Start[T, R]", tasks: Iterable[T]) -> Generator[R, None, None]:
        sent = pickled(start)
        hands: list[_Hand] = []
        try:
            for task in tasks:
                hand = min(hands, key=lambda one: one.held, default=None)
                if hand is None or (hand.held and len(hands) < self.workers):
                    with unheard_interrupts():
                        hand = _Hand(sent)
                        hands.append(hand)
                hand.give(task)
                if len(hands) == self.workers and all(one.held >= _AHEAD for one in hands):
                    yield from _finished(hands)
            while any(hand.held for hand in hands):
                yield from _finished(hands)
        finally:  # after Ctrl-C, an error or an early end, workers may be in the middle of a task
            for hand in hands:
                hand.process.kill()
            for hand in hands:
                hand.process.join()
                hand.link.close()


def cores() -> int:
    """Number of CPU cores that this process may use."""
    with contextlib.suppress(AttributeError):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Hand:
    """A worker process as seen by its parent.

    Each worker has its own pipe, and only the parent has the other end. If a worker is lost, even
    in the middle of a result, the parent sees the end of the pipe, and no lock is lost with it.
    """

    def __init__(self, start: bytes) -> None:
        import multiprocessing

        # A fork would inherit locks and the thread state of libraries that are loaded here.
        context = multiprocessing.get_context("spawn")
        self.link, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, start), daemon=True)
        self.held = 0
        try:
            with theirs:
                self.process.start()
        except OSError as error:
            raise EngineError(
                f"a worker process cannot be started ({error.strerror}); use fewer --workers"
            ) from error

    def give(self, task: Any) -> None:
        """Send a task. The worker receives it at once, even while it works on another."""
        try:
            self.link.send_bytes(pickle.dumps(task))
        except OSError as error:
            raise self._lost() from error
        self.held += 1

    def take(self) -> Any:
        """Wait for the result of a task."""
        try:
            done = self.link.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        self.held -= 1
        return result(done)

    def _lost(self) -> EngineError:
        return EngineError(
            "a worker process ended before its work was done, possibly because memory ran out; "
            "run the same command again, with fewer --workers if it happens again"
        )


def _finished(hands: list[_Hand]) -> Iterator[Any]:
    """Wait for a result, then yield all that are ready, at most one per worker."""
    from multiprocessing.connection import wait

    ready = wait([hand.link for hand in hands if hand.held])
    yield from (hand.take() for hand in hands if hand.link in ready)


def _serve(link: "Connection", start: bytes) -> None:
    """Main function of a worker process."""
    # Ctrl-C reaches all processes of a terminal; the parent ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(link, inbox), daemon=True).start()
    # The workers share the cores. NumPy is not loaded yet and reads these when it is.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    work = begin(start)
    while True:
        done = answer(work, inbox.get())
        try:
            link.send_bytes(done)
        except OSError:
            os._exit(1)


def _receive(link: "Connection", inbox: "queue.SimpleQueue[bytes]") -> None:
    """Receive tasks, and end this process when its parent ends, even if that is killed."""
    while True:
        try:
            inbox.put(link.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


@contextlib.contextmanager
def unheard_interrupts() -> Iterator[None]:
    """Delay Ctrl-C, and hide it from processes started meanwhile, even while they start."""
    if threading.current_thread() is not threading.main_thread():  # only that is interrupted
        with _blocked_interrupts():
            yield
        return
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        with _blocked_interrupts():
            yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _blocked_interrupts() -> Iterator[None]:
    """Block Ctrl-C for this thread and what it starts, but not for threads of libraries."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # if it started later, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
