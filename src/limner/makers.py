"""The work of `limner photo` and `limner sketch` on one picture, as picklable objects.

Called in a worker, each returns a `limner.batch.Maker`.
"""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.batch import Made, Maker
from limner.directions import PHOTO_TO_SKETCH, Direction
from limner.drawings import Clean
from limner.faces import put_back
from limner.translation import Translation
from limner.translator import Translator, check_direction

if TYPE_CHECKING:
    from limner.hints import Hints

__all__ = ["Drawings", "Photos", "Sketches"]


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Turns sketches into photos, with the settings of `limner photo`."""

    model: str
    size: int | None = None
    """Side of the results in px; None for the model's own."""
    as_is: bool = False
    square_as_is: bool = False
    """Treat square pictures as aligned crops; in others, the face is detected."""
    put_back: bool = False
    clean: Clean | None = None
    """See `Translator`."""
    eyes: tuple[float, ...] | None = None
    """See `Translator`."""
    faithful: float | None = None
    """See `Translator`."""
    every_face: bool = False
    hints: "Hints | None" = None
    """Colours of the photos."""
    variants: int | None = None
    """Number of photos per sketch, in different colours; None for one photo."""
    threads: int = 0
    """See `Translator`."""
    direction: Direction | None = None
    """The direction that the model must have; None for any, as measuring makes sketches of photos
    with the same settings."""

    def __call__(self) -> Maker:
        """Load the model. Raises UsageError if it has another direction."""
        translator = Translator(self.model, threads=self.threads)
        if self.direction is not None:
            check_direction(translator, self.direction)
        make = functools.partial(self._make, translator)
        return Maker(make=make, provenance=translator.provenance)

    def _make(self, translator: Translator, picture: NDArray[np.uint8], name: str) -> Made:
        cut_out = self.square_as_is and picture.shape[0] == picture.shape[1]
        made = translator.translate(
            picture,
            as_is=self.as_is or cut_out,
            every_face=self.every_face,
            clean="off" if cut_out else self.clean,
            eyes=self.eyes,
            faithful=self.faithful,
            hints=self.hints,
            variants=self.variants,
            name=name,
        )
        notes = tuple(dict.fromkeys(note for one in made for note in one.notes))
        if self.put_back:
            pages = [[one] for one in made] if self.variants else [made]
            results = [_put_all_back(ones, picture) for ones in pages]
        else:
            size = self.size
            results = [images.resize(one.image, size) if size else one.image for one in made]
        return Made(images=results, notes=notes, numbered=bool(self.variants))


def _put_all_back(made: list[Translation], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    for one in made:
        picture = put_back(one.image, one.aligned, picture)
    return picture


@dataclass(frozen=True, kw_only=True)
class Drawings(Photos):
    """Draws photos with a model, with the settings of `limner sketch --style model`."""

    direction: Direction | None = PHOTO_TO_SKETCH


@dataclass(frozen=True, kw_only=True)
class Sketches:
    """Turns photos into sketches, with the settings of `limner sketch`."""

    style: str
    seed: int = 0

    def __call__(self) -> Maker:
        """There is nothing to load."""
        return Maker(make=self._make)

    def _make(self, picture: NDArray[np.uint8], name: str) -> Made:
        # Not at the top: it is slow to load, and photos do not need it.
        from limner.sketching import sketch

        del name  # any picture can be drawn
        return Made(images=[sketch(picture, self.style, self.seed)])
