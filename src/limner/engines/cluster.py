"""Runs tasks on a Ray cluster."""

import contextlib
import logging
import os
import pickle
import socket
import warnings
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from limner.engines.tasks import R, Start, T, answer, begin, pickled, result
from limner.errors import EngineError

_PATIENCE = 10.0
"""Seconds to wait for a Ray cluster."""
_RETRIES = 3
"""How often a Ray cluster repeats a task whose worker was lost. Nodes may disappear, but a picture
that crashes its worker must not be retried for ever."""


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """A Ray cluster, through Ray Data.

    limner must be installed on all nodes, and pictures must have the same paths on all of them.
    All tasks are listed before the first is done. Results wait in Ray's object store, which slows
    the workers down before it is full.
    """

    address: str = ""
    """Address of the cluster, e.g. `auto` or `head:6379`; '' for the one that RAY_ADDRESS names,
    as in a job submitted to Ray, or else one started on this machine."""
    workers: int = 0
    """Worker processes in all; 0 for one per core of the cluster."""
    threads: ClassVar[int] = 1
    together: ClassVar[int] = 8  # Ray Data needs several milliseconds per task

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Generator[R, None, None]:
        """See `Engine.map`."""
        # Ray Data would record usage statistics for its authors, and warn that there is no
        # Prometheus. A user who wants either sets these variables.
        os.environ.setdefault("RAY_DATA_USAGE_DISABLED", "1")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray
        import ray.data

        sent = pickled(start)
        rows = [{"task": pickle.dumps(task)} for task in tasks]
        if not rows:
            return
        ours = not ray.is_initialized()
        if ours:
            connect(self.address)
        try:
            with _quiet_ray_data():
                yield from self._map(sent, rows)
        except ray.exceptions.RayError as error:
            raise EngineError(
                f"the Ray cluster lost the work ({type(error).__name__}); see its log, and run "
                "the same command again"
            ) from error
        finally:
            if ours:
                ray.shutdown()

    def _map(self, start: bytes, rows: list[dict[str, bytes]]) -> Iterator[Any]:
        import ray
        import ray.data

        resources: Any = ray.cluster_resources  # it has no types
        workers = self.workers or int(resources().get("CPU", 1)) or 1
        worker: Any = _RayWorker  # Ray wraps it
        with warnings.catch_warnings():
            # Ray Data 2.60 deprecates options like that for retries, without a replacement yet.
            warnings.simplefilter("ignore", DeprecationWarning)
            answers = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
                worker,
                fn_constructor_args=(start, os.getcwd()),  # noqa: PTH109 - it travels as text
                num_cpus=1,
                compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows))),
                max_task_retries=_RETRIES,
            )
        for row in answers.iter_rows():
            yield result(row["answer"])


def connect(address: str) -> None:
    """Connect to a Ray cluster, see `RayEngine.address`.

    Raises:
        EngineError: None answers.
    """
    import ray

    address = address or os.environ.get("RAY_ADDRESS") or "local"
    # Output of the workers belongs in their log, not between the lines of the progress bar.
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address == "local":
        options["include_dashboard"] = False
    try:
        _knock(address)
        with _quiet_ray_core():
            ray.init(address=address, **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineError(
            f"no Ray cluster answers at '{address}' ({error}); start one with "
            "'ray start --head', or leave --address out to use this machine"
        ) from error


def _knock(address: str) -> None:
    """Raise OSError unless something listens at the address: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


class _RayWorker:
    def __init__(self, start: bytes, folder: str) -> None:
        with contextlib.suppress(OSError):  # relative paths are those of the parent
            os.chdir(folder)
        self._work = begin(start)

    def __call__(self, row: dict[str, Any]) -> dict[str, bytes]:
        return {"answer": answer(self._work, row["task"])}


@contextlib.contextmanager
def _quiet_ray_core() -> Iterator[None]:
    """Keep Ray's C++ part from writing to stderr; everything still goes to its log.

    Ray Data makes it print a complaint in every run (ray-project/ray#53727). It reads its log level
    from the environment when it starts, and reports that on stderr too.
    """
    name = "RAY_BACKEND_LOG_LEVEL"
    before = os.environ.get(name)
    stderr = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a place
            os.dup2(nowhere.fileno(), 2)
        os.environ[name] = before or "fatal"
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextlib.contextmanager
def _quiet_ray_data() -> Iterator[None]:
    """Let Ray Data write to its log only."""
    import ray.data

    context = ray.data.DataContext.get_current()
    handlers = logging.getLogger("ray.data").handlers
    console = [(h, h.level) for h in handlers if isinstance(h, logging.StreamHandler)]
    bars = context.enable_progress_bars
    try:
        context.enable_progress_bars = False
        for handler, _ in console:
            handler.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        context.enable_progress_bars = bars
        for handler, level in console:
            handler.setLevel(level)
