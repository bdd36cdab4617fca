"""Checks and prepares a model's inputs besides the drawing: `literal` and `hints`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from limner.drawings import estimate_literal
from limner.errors import UsageError
from limner.images import to_grey
from limner.model import ModelCard

__all__ = ["check_takes", "even", "guidance", "hints_of", "literal_of"]

if TYPE_CHECKING:
    from limner.hints import Hints, HintsInput


def check_takes(card: ModelCard, what: Literal["hints", "literal"]) -> None:
    """Raise UsageError unless this model takes the input."""
    if what in card.inputs:
        return
    if what == "hints":
        raise UsageError(
            f"the model {card.name} was trained without colour hints: leave the colours out, or "
            "name a model that takes them"
        )
    raise UsageError(
        f"the model {card.name} was trained without a setting for how literally a drawing is "
        "meant: leave it out, or name a model that takes it"
    )


def literal_of(
    card: ModelCard, crops: Sequence[NDArray[np.uint8]], faithful: float | None
) -> list[float] | None:
    """How literally each drawing is meant; None if the model does not take it.

    Args:
        card: The model's card.
        crops: Aligned drawings, `[S, S, 3]` or `[S, S]`.
        faithful: The user's value, 0..1; None to estimate it from each drawing.

    Raises:
        UsageError: `faithful` is out of range. `guidance` checks that the model takes it.
    """
    if faithful is not None:
        if not 0 <= faithful <= 1:
            raise UsageError(f"faithful is {faithful}; it must be between 0 and 1")
        return [faithful] * len(crops)
    if not card.literal:
        return None
    return [estimate_literal(to_grey(crop)) for crop in crops]


def hints_of(
    card: ModelCard, hints: "HintsInput | None", variants: int | None, *, seed: int = 0
) -> "list[Hints]":
    """The hints for each variant, or for the one photo; an empty list if there are none.

    Args:
        card: The model's card.
        hints: The user's hints.
        variants: Number of photos per drawing; None for one photo with the given colours only.
        seed: Chooses the colours of the variants.

    Raises:
        UsageError: A colour is unknown, or the model takes no hints.
    """
    if not hints and variants is None:
        return []
    from limner.hints import Hints  # not needed for a drawing without hints

    check_takes(card, "hints")
    given = Hints.of(hints)
    return [given] if variants is None else given.varied(variants, seed=seed)


def guidance(
    card: ModelCard,
    count: int,
    literal: Sequence[float] | None,
    hints: Sequence[NDArray[np.uint8]] | None,
) -> dict[str, NDArray[np.float32]]:
    """The inputs of a model besides `count` drawings, by name; missing ones are neutral.

    Raises:
        UsageError: The model does not take what is given, or its size is wrong.
    """
    beside: dict[str, NDArray[np.float32]] = {}
    if literal is not None:
        check_takes(card, "literal")
    if hints is not None:
        check_takes(card, "hints")
    if card.literal:
        given = np.ones(count) if literal is None else literal
        if len(given) != count:
            raise UsageError(f"literal has {len(given)} numbers; expected {count}, one per drawing")
        beside["literal"] = np.asarray(given, np.float32)
    if card.hints:
        from limner.hints import planes  # not needed for a model without hints

        beside["hints"] = planes(hints, count, card.preprocessing.size)
    return beside


def even(photos: NDArray[np.uint8], hints: Sequence[NDArray[np.uint8]] | None) -> NDArray[np.uint8]:
    """Photos `[N, S, S, 3]` without the spots that their hint pictures left."""
    if hints is None or not len(photos):
        return photos
    from limner.hints import without_spots  # not needed without hints

    return np.stack([without_spots(*pair) for pair in zip(photos, hints, strict=True)])
