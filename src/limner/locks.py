"""A lock that a forked process does not inherit."""

import os
import threading
import weakref


class ForkLock:
    """A lock for threads that is open in a forked process, whoever held it before.

    The fork does not contain the thread that held an ordinary lock, so nothing would release it
    and the next thread would wait for ever.
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
