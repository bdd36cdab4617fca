"""The interface of engines, and the pickling of tasks and results."""

import functools
import pickle
import traceback
from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar

from limner.errors import EngineError, UsageError

T = TypeVar("T")
R = TypeVar("R")
Start = Callable[[], Callable[[T], R]]


class Engine(Protocol):
    """Anything that runs tasks."""

    @property
    def threads(self) -> int:
        """CPU threads that one task should use; 0 lets the task use all cores."""

    @property
    def together(self) -> int:
        """Number of items of a few hundredths of a second each that make a task worth sending."""

    def map(self, start: "Start[T, R]", tasks: Iterable[T]) -> Generator[R, None, None]:
        """The result of each task, in the order in which they finish.

        Tasks are read as workers have room for them, and no more results wait than workers are
        busy. Closing the generator ends the workers.

        Raises:
            EngineError: Workers were lost. Exceptions of a task or of `start` are raised here too.
            UsageError: `start` cannot be pickled.
        """


def begin(start: bytes) -> Callable[[Any], Any]:
    """The function for the tasks. If `start` fails, each task raises its exception."""
    try:
        work: Callable[[Any], Any] = pickle.loads(start)()  # noqa: S301 - from our parent
        return work
    except Exception as error:
        return functools.partial(_fail, error)


def _fail(reason: Exception, _: object) -> None:
    raise reason


def answer(work: Callable[[Any], Any], task: bytes) -> bytes:
    """Whether a task succeeded, and its result or exception, pickled."""
    try:
        return pickle.dumps((True, work(pickle.loads(task))))  # noqa: S301 - from our parent
    except Exception as error:
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)  # noqa: S301 - some exceptions cannot be unpickled
        except Exception:
            named = EngineError(f"a worker failed ({type(error).__name__}: {error})")
            return pickle.dumps((False, named))
        return answer


def result(answer: bytes) -> Any:
    """The result in the output of `answer`; raises what the task raised."""
    went_well, value = pickle.loads(answer)  # noqa: S301 - from our own worker
    if not went_well:
        raise value
    return value


def pickled(start: Callable[[], Any]) -> bytes:
    """Pickle `start` for `begin`. Raises UsageError if it cannot be pickled."""
    try:
        return pickle.dumps(start)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{start!r} cannot be sent to workers ({error}); define it at the top of a module, "
            "or use one worker"
        ) from error
