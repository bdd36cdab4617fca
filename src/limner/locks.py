"""A lock that does not outlive the process that it was taken in."""

import os
import threading
import weakref


class ForkLock:
    """A lock for threads. In a process just forked it is open, whoever held it.

    The thread that held an ordinary lock is not there to give it back, so that the next one to ask
    for it would wait for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_LOCKS: "weakref.WeakSet[ForkLock]" = weakref.WeakSet()


def _forked() -> None:
    for lock in list(_LOCKS):
        lock._lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_forked)
