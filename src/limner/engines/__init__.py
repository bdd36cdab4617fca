"""Engines run work on many pictures: in this process, in several, or on a Ray cluster.

The work is given as a function `start`, which is called once in each worker and returns the
function for the tasks; so a detector is loaded once, not for each picture. With several workers,
`start`, tasks and results must be picklable, as functions and classes at the top of a module are.

Worker processes import the main module again. A script that uses more than one worker must
therefore keep its own work under `if __name__ == "__main__":`, as always with Python's
`multiprocessing`; the command line needs no such care.
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
    """The engine that the command line names; 0 workers means one per core.

    Raises:
        UsageError: An address is given without `ray`, or the number of workers is negative.
    """
    if workers < 0:
        raise UsageError(f"workers is {workers}; it must be at least 1, or 0 for one per core")
    if name == "ray":
        from limner.engines.cluster import RayEngine

        return RayEngine(address=address, workers=workers)
    if address:
        raise UsageError("--address is the address of a Ray cluster: add --engine ray")
    return LocalEngine(workers=workers or cores())


def __getattr__(name: str) -> Any:
    # Few users have a cluster, and all benefit from a fast start.
    if name == "RayEngine":
        from limner.engines.cluster import RayEngine

        return RayEngine
    raise AttributeError(f"module 'limner.engines' has no attribute '{name}'")
