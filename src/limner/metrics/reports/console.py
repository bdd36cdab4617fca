"""Scores as tables in a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from limner.metrics.comparison import Cell, Comparison
from limner.metrics.measuring import Measured
from limner.metrics.reports.formatting import better, in_words

__all__ = ["comparison_table", "table"]

_WIDE = 240  # columns


def table(measured: Measured) -> None:
    """Print scores to stdout, and warnings to stderr."""
    shown = Table(box=None, pad_edge=False)
    for heading, side in (
        ("score", "left"),
        ("value", "right"),
        ("95% confidence interval", "right"),
    ):
        shown.add_column(heading, justify="left" if side == "left" else "right")
    shown.add_column("n", justify="right")
    shown.add_column("better")
    for result in measured.results:
        shown.add_row(f"[bold]{result.metric.title}[/]")
        for score in result.scores:
            estimate = score.estimate
            shown.add_row(
                f"  {score.title}",
                in_words(score, estimate.value),
                f"{in_words(score, estimate.low)} to {in_words(score, estimate.high)}",
                f"{estimate.n:,}",
                better(score),
            )
    _console().print(shown)
    said = Console(stderr=True, highlight=False, soft_wrap=True)
    notes = [
        warning
        for result in measured.results
        for score in result.scores
        for warning in score.warnings
    ]
    for warning in dict.fromkeys([*measured.warnings, *notes]):
        said.print(f"note: {warning}", markup=False)
    for one in measured.skipped:
        said.print(f"not measured: {one.title}: {one.why}", markup=False)


def comparison_table(comparison: Comparison) -> None:
    """Print a comparison to stdout, and warnings to stderr."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("score")
    shown.add_column("better")
    for name in comparison.names:
        shown.add_column(Text(name), justify="right")  # brackets in names are not markup
    metric = ""
    for row in comparison.rows:
        if row.metric != metric:
            metric = row.metric
            shown.add_row(f"[bold]{metric}[/]")
        like = next(cell.score for cell in row.cells if cell is not None)
        shown.add_row(f"  {row.title}", better(like), *(_of_cell(cell) for cell in row.cells))
    _console().print(shown)
    said = Console(stderr=True, highlight=False, soft_wrap=True)
    for name, measured in zip(comparison.names, comparison.measured, strict=True):
        for warning in measured.warnings:
            said.print(f"note: {name}: {warning}", markup=False)
    cells = [cell for row in comparison.rows for cell in row.cells if cell is not None]
    for warning in dict.fromkeys(w for cell in cells for w in cell.score.warnings):
        said.print(f"note: {warning}", markup=False)
    for name, warning in comparison.untested.items():
        said.print(f"note: {name}: {warning}", markup=False)
    for one in comparison.skipped:
        said.print(f"not measured: {one.title}: {one.why}", markup=False)
    said.print(
        f"bold: best; (+) and (-): significantly better and worse than {comparison.names[0]}",
        markup=False,
    )


def _console() -> Console:
    """As wide as the terminal; for a file or a pipe, wide enough that no line wraps."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def _of_cell(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    value = in_words(cell.score, cell.score.estimate.value)
    sign = ""
    if cell.difference is not None and cell.difference.significant:
        sign = "(+) " if cell.difference.better else "(-) "
    return f"{sign}[bold]{value}[/]" if cell.best else f"{sign}{value}"
