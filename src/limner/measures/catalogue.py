"""All measures there are."""

from collections.abc import Sequence

from limner.measures.identity import Identity
from limner.measures.kid import Kid
from limner.measures.measure import Measure

__all__ = ["standard"]


def standard() -> Sequence[Measure]:
    """The measures that need no file but what is installed."""
    return (Identity(), Kid())
