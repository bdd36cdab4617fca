"""The report of an evaluation, as JSON and as a page."""

import json
from pathlib import Path
from typing import Any

from limner import __version__, images, pages
from limner.features.feature import Role
from limner.features.framing import RESIZE
from limner.metrics.measuring import Measured, MetricResult
from limner.metrics.reports.examples import cases
from limner.metrics.reports.formatting import amount, finite
from limner.metrics.score import Score

__all__ = ["numbers", "write_json", "write_page"]

_HEADLINES = ("identity.rank1", "detection.rate", "kid", "strokes.recall", "smile.drift")
"""Scores at the top of the page, if they were computed."""


def write_json(measured: Measured, path: Path) -> None:
    """Write all scores, with the pictures and networks behind them. Raises OutputError."""
    text = json.dumps(numbers(measured), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    images.write_bytes(path, text.encode(errors="backslashreplace"))


def write_page(measured: Measured, path: Path) -> None:
    """Write a page of all scores, with the best and the worst pictures. Raises OutputError."""
    values = numbers(measured)
    results = list(measured.results)
    shown = cases(measured.evaluated, results)
    headlines = [name for name in _HEADLINES if name in measured.scores]
    pages.write(
        path,
        "measure_report.html",
        report=values,
        headlines=[score for score in values["scores"] if score["name"] in headlines],
        results=[
            {
                "name": result.metric.name,
                "place": position + 1,
                "title": result.metric.title,
                "question": result.metric.question,
                "scores": [score for score in values["scores"] if score["metric"] == position],
                "cases": shown.get(position),
                "has_section": position in shown or any(score.warnings for score in result.scores),
            }
            for position, result in enumerate(results)
        ],
        amount=amount,
    )


def numbers(measured: Measured) -> dict[str, Any]:
    """All scores, with the pictures and networks behind them, ready for JSON."""
    evaluated = measured.evaluated
    return {
        "limner": __version__,
        "generated": evaluated.folders.get("generated", ""),
        "settings": {
            "size": evaluated.size,
            "as_is": evaluated.as_is,
            "resize": RESIZE,
            "resamples": measured.resampling.resamples,
            "seed": measured.resampling.seed,
            "confidence": measured.resampling.confidence,
        },
        "pictures": {role: _facts(measured, role) for role in measured.facts},
        "scores": [
            _score(score, result, position, measured)
            for position, result in enumerate(measured.results)
            for score in result.scores
        ],
        "skipped": [{"title": one.title, "reason": one.why} for one in measured.skipped],
        "warnings": list(measured.warnings),
    }


def _facts(measured: Measured, role: Role) -> dict[str, Any]:
    facts = measured.facts[role]
    return {
        "folder": measured.evaluated.folders.get(role, ""),
        "n": facts.n,
        "formats": dict(facts.formats.most_common()),
        "sizes": dict(facts.sizes.most_common()),
        "framed": dict(facts.framed.most_common()),
        "grey": facts.grey,
        "constant": facts.constant,
        "excluded": dict(sorted(facts.excluded.items())),
    }


def _score(score: Score, result: MetricResult, position: int, measured: Measured) -> dict[str, Any]:
    estimate = score.estimate
    per_image = score.by_image
    by_name = per_image is not None and len(per_image) == len(result.rows)
    return {
        "name": score.name,
        "title": score.title,
        "metric": position,
        "value": finite(estimate.value),
        "low": finite(estimate.low),
        "high": finite(estimate.high),
        "n": estimate.n,
        "better": score.better,
        "target": score.target if score.better == "nearer" else None,
        "unit": score.unit,
        "digits": score.digits,
        "warnings": list(score.warnings),
        "of": list(result.roles),
        "formats": {role: dict(measured.facts[role].formats) for role in result.roles},
        "resize": result.resize or RESIZE,
        "features": list(result.models),
        "per_image": dict(zip(result.rows, map(finite, per_image.tolist()), strict=True))
        if by_name and per_image is not None
        else None,
    }
