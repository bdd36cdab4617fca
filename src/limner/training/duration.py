"""Times as people write them: `2h`, `1h30m`, `90s`."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from limner.errors import UsageError

__all__ = ["alarm", "seconds_of"]

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_TEXT = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNITS))
_MOST = 366 * 86_400
"""Seconds; timers have an upper limit."""


def seconds_of(text: str) -> int:
    """Seconds of a text such as `2h`, `1h30m`, `90s`, or a number of seconds.

    Raises:
        UsageError: It is not a time, is 0, or is more than 366 days.
    """
    plain = text.strip().lower()
    if plain.isascii() and plain.isdecimal():
        plain += "s"
    found = _TEXT.fullmatch(plain) if plain else None
    if found is None:
        raise UsageError(f"'{text}' is not a time; write it as 2h, 1h30m, 45m or 90s")
    counts = zip(found.groups(), _UNITS.values(), strict=True)
    seconds = sum(int(count or 0) * each for count, each in counts)
    if not 0 < seconds <= _MOST:
        raise UsageError(f"'{text}' is {seconds:,} s; it must be from 1 second to 366 days")
    return seconds


@contextmanager
def alarm(seconds: float | None) -> Iterator[threading.Event]:
    """An event that is set after this many seconds; never for None."""
    event = threading.Event()
    if seconds is None:
        yield event
        return
    timer = threading.Timer(seconds, event.set)
    timer.daemon = True  # it must not keep the process alive
    timer.start()
    try:
        yield event
    finally:
        timer.cancel()
