"""A comparison as JSON and as a printable page."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limner import __version__, images, pages
from limner.features.feature import Role
from limner.features.files import framed
from limner.metrics.comparison import Cell, Comparison, Row
from limner.metrics.reports.evaluation import numbers
from limner.metrics.reports.examples import chosen
from limner.metrics.reports.formatting import amount, finite

__all__ = ["write_json", "write_page"]

_ROW = 20  # px per model in a diagram
_HEAD = 34  # px of its axis
_SIDE, _SMALL = 128, 80
"""Side of the pictures in px, and if there are many models."""
_MANY = 5
_LABEL = 23  # characters of a name next to a diagram


def write_json(comparison: Comparison, path: Path) -> None:
    """Write all scores of all models, and their differences. Raises OutputError."""
    values = _numbers(comparison)
    values["models"] = {
        name: numbers(measured)
        for name, measured in zip(comparison.names, comparison.measured, strict=True)
    }
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    images.write_bytes(path, text.encode(errors="backslashreplace"))


def write_page(comparison: Comparison, path: Path) -> None:
    """Write a page that shows the models side by side. Raises OutputError."""
    values = _numbers(comparison)
    by_metric: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(comparison.rows):
        by_metric[row.metric].append(place)
    pages.write(
        path,
        "comparison_report.html",
        report=values,
        groups={title: [values["rows"][p] for p in places] for title, places in by_metric.items()},
        diagrams={
            title: [_diagram(comparison, comparison.rows[place]) for place in places]
            for title, places in by_metric.items()
        },
        cases=_cases(comparison),
        amount=amount,
    )


def _numbers(comparison: Comparison) -> dict[str, Any]:
    warnings: dict[str, list[str]] = defaultdict(list)
    for name, measured in zip(comparison.names, comparison.measured, strict=True):
        for warning in measured.warnings:
            warnings[warning].append(name)
    for name, warning in comparison.untested.items():
        warnings[warning].append(name)
    everywhere = len(comparison.names)
    return {
        "limner": __version__,
        "names": list(comparison.names),
        "n": [measured.facts["generated"].n for measured in comparison.measured],
        "resamples": comparison.measured[0].resampling.resamples,
        "rows": [_row(row) for row in comparison.rows],
        "warnings": [
            {"text": text, "of": [] if len(names) == everywhere else names}
            for text, names in warnings.items()
        ],
        "skipped": [{"title": one.title, "reason": one.why} for one in comparison.skipped],
    }


def _row(row: Row) -> dict[str, Any]:
    like = next(cell.score for cell in row.cells if cell is not None)
    return {
        "name": row.name,
        "title": row.title,
        "metric": row.metric,
        "better": row.better,
        "target": like.target if row.better == "nearer" else None,
        "unit": like.unit,
        "digits": like.digits,
        "warnings": sorted({w for cell in row.cells if cell for w in cell.score.warnings}),
        "cells": [_cell(cell) for cell in row.cells],
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    estimate, difference = cell.score.estimate, cell.difference
    return {
        "value": finite(estimate.value),
        "low": finite(estimate.low),
        "high": finite(estimate.high),
        "n": estimate.n,
        "best": cell.best,
        "difference": None
        if difference is None
        else {
            "value": finite(difference.value),
            "low": finite(difference.low),
            "high": finite(difference.high),
            "better": difference.better,
            "p": difference.p,
            "q": difference.q,
            "significant": difference.significant,
        },
    }


def _diagram(comparison: Comparison, row: Row) -> dict[str, Any]:
    """A dot for each model, and its confidence interval."""
    figure, axes = pages.figure(340, _HEAD + _ROW * len(row.cells))
    words = []
    for place, (name, cell) in enumerate(zip(comparison.names, row.cells, strict=True)):
        if cell is None:
            continue
        estimate = cell.score.estimate
        factor = 100 if cell.score.unit == "%" else 1
        ends = [factor * estimate.low, factor * estimate.high]
        colour = pages.SERIES[1] if cell.best else pages.SERIES[0]
        axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot([factor * estimate.value], [place], "o", color=colour, markersize=5)
        words.append(f"{name} {factor * estimate.value:.4g}")
    if row.better == "nearer":
        like = next(cell.score for cell in row.cells if cell is not None)
        axes.axvline(
            like.target * (100 if like.unit == "%" else 1), color=pages.QUIET, linewidth=0.8
        )
    labels = [_short(name) for name in comparison.names]
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_ylim(len(comparison.names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.locator_params(axis="x", nbins=5)
    description = f"{row.metric}, {row.title}: {', '.join(words)}"
    unit = next(cell.score.unit for cell in row.cells if cell is not None)
    title = f"{row.title}, in {unit}" if unit else row.title
    return {"title": title, "better": row.better, "svg": pages.svg(figure, description)}


def _short(name: str) -> str:
    """A name that fits next to a diagram: a long one is cut in the middle; no lone surrogates."""
    name = name.encode(errors="backslashreplace").decode()
    if len(name) <= _LABEL:
        return name
    half = (_LABEL - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """The pictures to show for a metric."""

    metric: str
    title: str
    """Title of the score that they were chosen by."""
    groups: dict[str, list[str]]


def _cases(comparison: Comparison) -> list[dict[str, Any]]:
    """For each metric, the pictures with the best, median and worst scores over all models."""
    shown: dict[str, _Shown] = {}
    for row in comparison.rows:
        if row.metric not in shown and (found := _shown(comparison, row)) is not None:
            shown[row.metric] = found
    names = {name for one in shown.values() for group in one.groups.values() for name in group}
    pictures = [framed(measured.evaluated, sorted(names)) for measured in comparison.measured]
    side = _SIDE if len(pictures) <= _MANY else _SMALL
    return [
        {
            "metric": one.metric,
            "title": one.title,
            "groups": {
                kind: [_column(pictures, name, side) for name in group]
                for kind, group in one.groups.items()
            },
        }
        for one in shown.values()
    ]


def _shown(comparison: Comparison, row: Row) -> _Shown | None:
    """The pictures to show by a score; None unless it has a value per picture for all models."""
    scores = [cell.score for cell in row.cells if cell is not None]
    losses = [score.losses for score in scores]
    known = [loss for loss in losses if loss is not None]
    names = [measured.rows_of(row.name) for measured in comparison.measured]
    if len(known) < len(comparison.names) or len(set(names)) > 1 or names[0] is None:
        return None
    if any(len(loss) != len(names[0]) for loss in known):
        return None
    mean = np.mean(known, axis=0)
    if np.ptp(mean) == 0:
        return None
    groups = {kind: [names[0][place] for place in rows] for kind, rows in chosen(mean).items()}
    title = scores[0].per_image_title or row.title
    return _Shown(metric=row.metric, title=title, groups=groups)


def _column(pictures: list[dict[str, dict[Role, Any]]], name: str, side: int) -> dict[str, Any]:
    first = pictures[0][name]
    others: tuple[Role, ...] = ("sketch", "ground_truth")
    return {
        "name": name,
        "generated": [
            pages.embedded(of_model[name]["generated"], side=side)
            if "generated" in of_model[name]
            else None
            for of_model in pictures
        ],
    } | {role: pages.embedded(first[role], side=side) if role in first else None for role in others}
