"""Where work on many pictures is done: in this process, in several, or on a Ray cluster.

Work comes as a `start`, called once in each worker, that gives the function for the tasks: so
that a detector is loaded once and not for each picture. `start`, tasks and results have to be
picklable unless there is one worker: functions and classes at the top of a module are.

Worker processes are started again and import the main module again. A script that uses more than
one worker therefore has to keep its own work under `if __name__ == "__main__":`, as with all of
Python's `multiprocessing`; the command line needs no such care.
"""

from typing import TYPE_CHECKING, Any, Literal

from limner.engines.local import LocalEngine, cores
from limner.engines.tasks import Engine
from limner.errors import UsageError

if TYPE_CHECKING:
    from limner.engines.cluster import RayEngine

__all__ = ["Engine", "EngineName", "LocalEngine", "RayEngine", "cores", "engine_of"]

EngineName = Literal["local", "ray"]


def engine_of(name: EngineName, *, workers: int = 0, address: str = "") -> Engine:
    """The engine that the command line names; 0 workers are one for each core.

    Raises:
        UsageError: An address without `ray`, or a number of workers below zero.
    """
    if workers < 0:
        raise UsageError(f"workers is {workers}; it must be at least 1, or 0 for one per core")
    if name == "ray":
        from limner.engines.cluster import RayEngine

        return RayEngine(address=address, workers=workers)
    if address:
        raise UsageError("--address is that of a Ray cluster: add --engine ray")
    return LocalEngine(workers=workers or cores())


def __getattr__(name: str) -> Any:
    # Few have a cluster, and a cold start is what most wait for.
    if name == "RayEngine":
        from limner.engines.cluster import RayEngine

        return RayEngine
    raise AttributeError(f"module 'limner.engines' has no attribute '{name}'")
