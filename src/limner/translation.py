"""One picture on its way through a model: what the network takes, and what it made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.faces import Aligned

if TYPE_CHECKING:
    from limner.hints import Hints

__all__ = ["Prepared", "Translation"]


@dataclass(frozen=True, eq=False)
class Translation:
    """One face, translated."""

    image: NDArray[np.uint8]
    """The generated face: `[S, S, 3]` RGB, or `[S, S]` grey if it is a sketch."""
    aligned: Aligned
    """The aligned crop that it was made from."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Changes made to the page first, in words: `turned by 180°`, `ruled lines removed`.

        At the end, `the largest of 2 faces` if others were left out.
        """
        return self.aligned.notes


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The faces of a picture with everything that the network takes, one entry per result."""

    aligned: list[Aligned]
    literal: list[float] | None
    """How literally each drawing is meant; None if the model does not take it."""
    hints: list[NDArray[np.uint8]] | None
    """Hint pictures `[S, S, 4]`; None for no hints."""
    wanted: "list[Hints]"
    """The hints of each variant; empty for no hints."""
