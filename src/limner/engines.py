"""Where work on many pictures is done: in this process, in a pool of them, or on a Ray cluster.

Work comes as a `start`, called once in each worker, that gives the function for the tasks: so
that a detector is loaded once and not for each picture. Both have to be picklable unless there is
one worker.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from limner.errors import EngineError, UsageError

__all__ = ["Engine", "EngineName", "LocalEngine", "RayEngine", "cores", "engine_of"]

EngineName = Literal["local", "ray"]

T = TypeVar("T")
R = TypeVar("R")
Start = Callable[[], Callable[[T], R]]

_AHEAD = 2
"""Tasks in a worker's hands: the one it works on, and the next."""


class Engine(Protocol):
    """Anything that does tasks."""

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        """The result of each task, in the order in which they get done.

        Tasks are taken as there is room for them, and no more results wait than workers are busy.

        Raises:
            EngineError: Workers were lost. What a task itself raises is raised here.
        """


@dataclass(frozen=True, kw_only=True)
class LocalEngine:
    """This machine: processes of their own, or with one worker this process."""

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"workers is {self.workers}; at least 1 is needed")

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        """See `Engine.map`."""
        return self._here(start, tasks) if self.workers == 1 else self._pool(start, tasks)

    def _here(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        work = start()
        for task in tasks:
            yield work(task)

    def _pool(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        pool = ProcessPoolExecutor(
            self.workers,
            # A fork would share locks and the threads' state of libraries that are loaded here.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(start,),
        )
        waiting: set[Future[R]] = set()
        try:
            for task in tasks:
                waiting.add(pool.submit(_do, task))
                if len(waiting) >= _AHEAD * self.workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BrokenProcessPool as error:
            raise EngineError(
                "a worker process ended before its work was done, as they do where memory runs "
                "out; run the same command again, with fewer --workers if it happens again"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """A Ray cluster, through Ray Data. Pictures must lie under the same paths on all its nodes."""

    address: str = ""
    """Of the cluster, e.g. `auto` or `ray://head:10001`; '' starts one on this machine."""
    workers: int = 0
    """Worker processes in all; 0 takes one for each core of the cluster."""

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        """See `Engine.map`; the tasks are listed before the first is done."""
        import ray

        # What a worker says belongs to its log, not between our lines of progress.
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        ours = not ray.is_initialized()
        if ours:
            try:
                ray.init(address=self.address or None, **options)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise EngineError(
                    f"no Ray cluster answers at '{self.address}' ({error}); start one with "
                    "'ray start --head', or leave --address out to use this machine"
                ) from error
        try:
            yield from self._map(start, tasks)
        finally:
            if ours:
                ray.shutdown()

    def _map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Iterator[R]:
        import ray

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        rows = [{"task": pickle.dumps(task)} for task in tasks]
        if not rows:
            return
        workers = self.workers or int(ray.cluster_resources().get("CPU", 1))
        workers = min(workers, len(rows))
        results = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _RayWorker,
            fn_constructor_args=(pickle.dumps(start),),
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
        try:
            for row in results.iter_rows():
                yield pickle.loads(row["result"])
        except ray.exceptions.RayError as error:
            raise EngineError(
                f"the Ray cluster lost the work ({type(error).__name__}); see its log, and run "
                "the same command again"
            ) from error


def engine_of(name: EngineName, *, workers: int = 0, address: str = "") -> Engine:
    """The engine that the command line names; 0 workers are one for each core.

    Raises:
        UsageError: An address without `ray`, or a number of workers below zero.
    """
    if workers < 0:
        raise UsageError(f"workers is {workers}; at least 1 is needed, or 0 for one a core")
    if name == "ray":
        return RayEngine(address=address, workers=workers)
    if address:
        raise UsageError("--address is that of a Ray cluster: add --engine ray")
    return LocalEngine(workers=workers or cores())


def cores() -> int:
    """CPU cores that this process may use."""
    with contextlib.suppress(AttributeError):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_work: Callable[[Any], Any]


def _begin(start: "Start[Any, Any]") -> None:
    """Make a fresh worker process ready."""
    global _work  # noqa: PLW0603 - a pool's worker has no other place
    # Ctrl-C reaches all processes of a terminal; the parent tells the workers when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = start()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell anybody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Any) -> Any:
    return _work(task)


class _RayWorker:
    def __init__(self, start: bytes) -> None:
        self._work = pickle.loads(start)()

    def __call__(self, row: dict[str, Any]) -> dict[str, bytes]:
        return {"result": pickle.dumps(self._work(pickle.loads(row["task"])))}
