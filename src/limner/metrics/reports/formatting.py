"""Values of scores as text."""

import math
from collections.abc import Mapping
from typing import Any

from limner.metrics.score import Score

__all__ = ["amount", "better", "finite", "in_words"]

_MINUS = "\N{MINUS SIGN}"
_SPACE = "\N{NO-BREAK SPACE}"


def in_words(score: Score, value: float) -> str:
    """A value of a score for a terminal: `43.2%`, `-0.8 dB`."""
    return _amount(value, score.unit, score.digits, sign="z")


def amount(value: float | None, score: Mapping[str, Any], *, signed: bool = False) -> str:
    """A value for a page: `43.2%`, `−0.8 dB`, a dash for none.

    Args:
        value: The value, or None.
        score: Contains its `unit` and its `digits`.
        signed: Whether values above 0 get a plus sign.
    """
    if value is None:
        return "\N{EN DASH}"
    text = _amount(value, score["unit"], score["digits"], sign="+z" if signed else "z")
    return text.replace("-", _MINUS).replace(" ", _SPACE)


def better(score: Score) -> str:
    """Which way is better: `higher`, `closer to 0`."""
    return f"closer to {score.target:g}" if score.better == "nearer" else score.better


def finite(value: float) -> float | None:
    """The value for JSON: None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def _amount(value: float, unit: str, digits: int, *, sign: str) -> str:
    if not math.isfinite(value):
        return "none"
    text = f"{100 * value if unit == '%' else value:{sign}.{digits}f}"
    space = "" if unit in ("", "%") else " "
    return f"{text}{space}{unit}"
