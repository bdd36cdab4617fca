"""What was measured, as JSON and as a page."""

import json
from pathlib import Path
from typing import Any

from limner import __version__, images, pages
from limner.features.feature import Role
from limner.features.framing import RESIZE
from limner.metrics.measuring import MetricResult, Measured
from limner.metrics.reports.examples import cases
from limner.metrics.reports.formatting import amount, finite
from limner.metrics.score import Score

__all__ = ["numbers", "write_json", "write_page"]

_HEADLINES = ("identity.rank1", "found.face", "kid", "strokes.recall", "smile.drift")
"""Figures that the page begins with, where they are there."""


def write_json(measured: Measured, path: Path) -> None:
    """Write all figures, with what they rest on. Raises OutputError."""
    text = json.dumps(numbers(measured), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    images.write_bytes(path, text.encode(errors="backslashreplace"))


def write_page(measured: Measured, path: Path) -> None:
    """Write a page that shows them, with the best and the worst pictures. Raises OutputError."""
    values = numbers(measured)
    answers = list(measured.answers)
    shown = cases(measured.subject, answers)
    headlines = [name for name in _HEADLINES if name in measured.figures]
    pages.write(
        path,
        "measure_report.html",
        report=values,
        headlines=[figure for figure in values["figures"] if figure["name"] in headlines],
        answers=[
            {
                "name": answer.measure.name,
                "place": position + 1,
                "title": answer.measure.title,
                "question": answer.measure.question,
                "figures": [f for f in values["figures"] if f["measure"] == position],
                "cases": shown.get(position),
                "has_section": position in shown or any(f.warnings for f in answer.figures),
            }
            for position, answer in enumerate(answers)
        ],
        amount=amount,
    )


def numbers(measured: Measured) -> dict[str, Any]:
    """All of it, ready for JSON."""
    subject = measured.subject
    return {
        "limner": __version__,
        "made": subject.folders.get("made", ""),
        "settings": {
            "size": subject.size,
            "as_is": subject.as_is,
            "resize": RESIZE,
            "draws": measured.resampling.resamples,
            "seed": measured.resampling.seed,
            "confidence": measured.resampling.confidence,
        },
        "pictures": {role: _facts(measured, role) for role in measured.facts},
        "figures": [
            _figure(figure, answer, position, measured)
            for position, answer in enumerate(measured.answers)
            for figure in answer.figures
        ],
        "unanswered": [{"title": one.title, "why": one.why} for one in measured.skipped],
        "warnings": list(measured.warnings),
    }


def _facts(measured: Measured, role: Role) -> dict[str, Any]:
    facts = measured.facts[role]
    return {
        "folder": measured.subject.folders.get(role, ""),
        "n": facts.n,
        "formats": dict(facts.formats.most_common()),
        "sizes": dict(facts.sizes.most_common()),
        "framed": dict(facts.framed.most_common()),
        "grey": facts.grey,
        "constant": facts.constant,
        "lost": dict(sorted(facts.excluded.items())),
    }


def _figure(figure: Score, answer: MetricResult, position: int, measured: Measured) -> dict[str, Any]:
    estimate = figure.estimate
    per_image = figure.by_image
    by_name = per_image is not None and len(per_image) == len(answer.rows)
    return {
        "name": figure.name,
        "title": figure.title,
        "measure": position,
        "value": finite(estimate.value),
        "low": finite(estimate.low),
        "high": finite(estimate.high),
        "n": estimate.n,
        "better": figure.better,
        "target": figure.target if figure.better == "nearer" else None,
        "unit": figure.unit,
        "digits": figure.digits,
        "warnings": list(figure.warnings),
        "of": list(answer.roles),
        "formats": {role: dict(measured.facts[role].formats) for role in answer.roles},
        "resize": answer.resize or RESIZE,
        "features": list(answer.models),
        "each": dict(zip(answer.rows, map(finite, per_image.tolist()), strict=True))
        if by_name and per_image is not None
        else None,
    }
