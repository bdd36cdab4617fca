"""A progress bar with the time left, on stderr if it is a terminal."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")


class Bar:
    """A progress bar whose total may grow. Made by `bar`."""

    def __init__(self, progress: "Progress | None", task: "TaskID | None", total: int) -> None:
        self._progress, self._task, self._total = progress, task, total

    def advance(self, count: int = 1) -> None:
        """Count more items as done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)

    def expect(self, more: int) -> None:
        """Add items to the total."""
        self._total += more
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=self._total)


@contextlib.contextmanager
def bar(what: str, total: int) -> Iterator[Bar]:
    """A progress bar for `total` items, called `what`."""
    if total < 2:  # this also saves a cold start the import below
        yield Bar(None, None, total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield Bar(progress, progress.add_task(what, total=total), total)


def track(items: Sequence[T], what: str) -> Iterator[T]:
    """Iterate over `items`, called `what`, with a progress bar."""
    with bar(what, len(items)) as progress:
        for item in items:
            yield item
            progress.advance()
