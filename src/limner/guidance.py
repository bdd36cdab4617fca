"""Inputs of a model besides the drawing, `literal` and `hints`: checked and shaped."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from limner.drawings import estimate_literal
from limner.errors import UsageError
from limner.images import to_grey
from limner.model import ModelCard

__all__ = ["check_takes", "guidance", "hints_of", "literal_of"]

if TYPE_CHECKING:
    from limner.hints import Hints, HintsInput


def check_takes(card: ModelCard, what: Literal["hints", "literal"]) -> None:
    """Raise UsageError unless this model takes it in."""
    if what in card.inputs:
        return
    if what == "hints":
        raise UsageError(
            f"the model {card.name} was trained without colour hints and takes none: leave the "
            "colours out, or name a model that takes them"
        )
    raise UsageError(
        f"the model {card.name} was not trained to be told how literally a drawing is meant: leave "
        "that out, or name a model that takes it"
    )


def literal_of(
    card: ModelCard, crops: Sequence[NDArray[np.uint8]], faithful: float | None
) -> list[float] | None:
    """How literally each of these drawings is meant; None if the model does not ask.

    Args:
        card: Of the model.
        crops: Aligned drawings, `[S, S, 3]` or `[S, S]`.
        faithful: What the user says, 0..1; None to go by what each drawing looks like.

    Raises:
        UsageError: `faithful` is out of range. Whether the model can be told, `guidance` checks.
    """
    if faithful is not None:
        if not 0 <= faithful <= 1:
            raise UsageError(f"faithful is {faithful}; it must be between 0 and 1")
        return [faithful] * len(crops)
    if not card.literal:
        return None
    return [estimate_literal(to_grey(crop)) for crop in crops]


def hints_of(card: ModelCard, hints: "HintsInput | None", variants: int | None) -> "list[Hints]":
    """The hints for each variant, or for the one photo; none where there are none.

    Args:
        card: Of the model.
        hints: What the user says.
        variants: How many photos of a drawing; None for one, in the colours that are given alone.

    Raises:
        UsageError: A colour is not known, or the model takes none.
    """
    if not hints and variants is None:
        return []
    from limner.hints import Hints  # a drawing alone has no use for it

    check_takes(card, "hints")
    given = Hints.of(hints)
    return [given] if variants is None else given.varied(variants)


def guidance(
    card: ModelCard,
    count: int,
    literal: Sequence[float] | None,
    hints: Sequence[NDArray[np.uint8]] | None,
) -> dict[str, NDArray[np.float32]]:
    """The inputs of a model beside `count` drawings, by name; what is not given is neutral.

    Raises:
        UsageError: The model does not take what is given, or it does not fit.
    """
    beside: dict[str, NDArray[np.float32]] = {}
    if literal is not None:
        check_takes(card, "literal")
    if hints is not None:
        check_takes(card, "hints")
    if card.literal:
        given = np.ones(count) if literal is None else literal
        if len(given) != count:
            raise UsageError(f"literal has {len(given)} numbers; expected {count}, one a drawing")
        beside["literal"] = np.asarray(given, np.float32)
    if card.hints:
        from limner.hints import planes  # a model without hints has no use for it

        beside["hints"] = planes(hints, count, card.preprocessing.size)
    return beside
