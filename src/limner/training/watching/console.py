"""Progress of a run in a terminal, or as lines in a log."""

import sys
from collections import deque
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from limner.training.selection import FIGURES

if TYPE_CHECKING:
    from limner.training.loop import Progress

__all__ = ["Console", "time_left"]

_REPORTS = 10
"""Reports that the time left is estimated from; it includes saving and scoring."""


class Console:
    """Shows the progress of a run on stderr; give `report` to `limner.training.loop.train`.

    In a terminal, a bar and the terms stay in place, and only snapshots and warnings add lines.
    Elsewhere each report is a line.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        """Show it in `file`, by default stderr."""
        self._file = file or sys.stderr
        self._stack = ExitStack()
        self._recent: deque[tuple[int, float]] = deque(maxlen=_REPORTS)
        self._seen = 0
        self._live: Any = None
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def report(self, progress: "Progress") -> None:
        """Show a progress report."""
        count = progress.seen - self._seen if self._recent else 1
        self._seen = progress.seen
        self._recent.append((count, count / max(progress.rate, 1e-9)))
        per_image = sum(time for _, time in self._recent) / sum(n for n, _ in self._recent)
        seconds = (progress.images - progress.seen) * per_image
        if progress.seconds_left is not None:
            seconds = min(seconds, progress.seconds_left)
        left = time_left(seconds)
        terms = "  ".join(f"{name} {value:.3f}" for name, value in progress.stats.items())
        if self._file.isatty():
            self._show(progress, left, terms)
        else:
            self.say(
                f"{progress.seen:>8} of {progress.images} images  epoch {progress.epochs:.2f}  "
                f"{progress.rate:.1f}/s  {left} left  {terms}"
            )
        if progress.scores:
            figures = ", ".join(f"{FIGURES[n].title} {v:.4g}" for n, v in progress.scores.items())
            self.say(f"snapshot after {progress.seen:,} images: {figures}")
        for warning in progress.warnings:
            self.say(f"limner: warning: after {progress.seen:,} images {warning}")

    def say(self, text: str) -> None:
        """Show a permanent line of text."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=self._file, flush=True)

    def _show(self, progress: "Progress", left: str, terms: str) -> None:
        from rich.console import Console as RichConsole
        from rich.console import Group
        from rich.live import Live
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars
        from rich.text import Text

        if self._live is None:
            columns = (
                TextColumn("{task.fields[said]}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[left]} left"),
            )
            console = RichConsole(file=self._file)
            self._bar = Bars(*columns, console=console, expand=True)
            self._bar.add_task("", total=1.0, said="", left="")
            self._live = self._stack.enter_context(
                Live(console=console, transient=True, auto_refresh=False)
            )
        said = (
            f"{progress.seen:,} of {progress.images:,} images  epoch {progress.epochs:.2f}  "
            f"{progress.rate:.1f}/s"
        )
        task = self._bar.task_ids[0]
        self._bar.update(task, completed=progress.share, said=said, left=left)
        self._live.update(Group(self._bar, Text(terms, style="dim")), refresh=True)


def time_left(seconds: float) -> str:
    """A duration as text: `42 s`, `12 min`, `3 h 05`, `2 d 07 h`."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{round(seconds)} s"
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02} h"
