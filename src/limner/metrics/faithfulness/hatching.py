"""Hatching: are the pencil strokes on the skin still in the generated photo?

The counterpart of `strokes`, which rewards every line of the drawing that the photo has. Lines of
eyes, nose and mouth should be there; short strokes on forehead, cheeks and chin are shading, and a
photo that keeps them looks drawn. A model that copies its input has good `strokes` and bad
`hatching` scores.

On four patches of skin away from the features, at 128 px, detail finer than a blur of 1 px is
extracted from both pictures. In each cell of 8 px with strokes, the photo's detail is regressed on
the sketch's:

- the slope shows how much of the strokes' contrast the photo has: 0 for none, 1 for a photo with
  the drawing laid over it, whatever its own texture;
- the correlation shows how far its texture follows the strokes: it is high, too, if the only
  texture of a photo is faint strokes.

The median of the cells is used: contours, hair or the edge of a beard cross few cells, hatching
fills many. Such fine detail separates copying from likeness. A wrinkle drawn by hand is a pixel or
more away from its place in the photo, a copied stroke is not: ground-truth photos have a slope of
about 0.05 on hand-drawn sketches of the same people, photos of others one of about 0.01. Sketches
computed from a photo are as exact as copies, and the slope of that photo on them is about 0.3:
compare with the score of the ground-truth photos if there are any.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import UsageError
from limner.features.common import grey
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score
from limner.sketching.filters import blur

__all__ = ["HATCHING", "SKIN", "Hatching", "HatchingScores", "hatching"]

SKIN: Mapping[str, tuple[float, float, float, float]] = {
    "forehead": (0.05, 0.16, 0.34, 0.66),
    "left cheek": (0.37, 0.56, 0.20, 0.36),
    "right cheek": (0.37, 0.56, 0.64, 0.80),
    "chin": (0.69, 0.77, 0.40, 0.60),
}
"""Top, bottom, left and right of each patch, as fractions of the side."""
_SIDE = 128  # px
_FINE = 1.0  # px, of the blur
_CELL = 8  # px, about
_FAINTEST = 1 / 255
"""Standard deviation of a cell of the sketch, as a fraction of white, below which it is bare."""


@dataclass(frozen=True, kw_only=True)
class HatchingScores:
    """How much of a sketch's short strokes is in the skin of a photo."""

    kept: float
    """Slope of the photo's fine texture on the sketch's, the median over the cells that are not
    bare; 0 if all are."""
    texture: float
    """Correlation of both, likewise."""
    hatched: float
    """Fraction of the cells that have strokes."""


def hatching(sketch: NDArray[np.uint8], photo: NDArray[np.uint8]) -> HatchingScores:
    """Find a sketch's short strokes on the skin of a photo.

    Args:
        sketch: `[S, S, 3]` RGB, an aligned crop: outer eye corners at (0.3 S, 0.3 S) and
            (0.7 S, 0.3 S).
        photo: `[S, S, 3]` RGB, aligned in the same way.

    Raises:
        UsageError: The shapes are wrong.
    """
    slopes, correlations = [], []
    cells = list(zip(_cells(sketch), _cells(photo), strict=True))
    for drawn, shown in cells:
        strokes = float(drawn.std())
        if strokes < _FAINTEST:
            continue
        together = float(np.mean(drawn * shown))
        slopes.append(together / strokes**2)
        correlations.append(together / max(strokes * float(shown.std()), 1e-9))
    return HatchingScores(
        kept=float(np.median(slopes)) if slopes else 0.0,
        texture=float(np.median(correlations)) if slopes else 0.0,
        hatched=len(slopes) / len(cells),
    )


def _cells(picture: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
    """Fine texture of each cell of skin, mean 0."""
    if picture.ndim != 3 or picture.shape[0] != picture.shape[1] or picture.shape[2] != 3:
        raise UsageError(f"a picture is {list(picture.shape)}; expected [S, S, 3]")
    tone = grey(picture if len(picture) == _SIDE else images.resize(picture, _SIDE))
    fine = tone - blur(tone, _FINE)
    for sides in SKIN.values():
        top, bottom, left, right = (round(_SIDE * side) for side in sides)
        for rows in np.array_split(fine[top:bottom, left:right], round((bottom - top) / _CELL)):
            for cell in np.array_split(rows, round((right - left) / _CELL), axis=1):
                yield cell - cell.mean()


def _hatching(sketch: NDArray[np.uint8], photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = hatching(sketch, photo)
    return np.array([found.kept, found.texture, found.hatched], np.float32)


HATCHING = Computed(name="hatching", version=2, function=_hatching)
"""`[3]`, of a sketch and a photo: slope, correlation, and fraction of cells with strokes."""


@dataclass(frozen=True)
class Hatching:
    """How much of the hatching is left on the skin of generated photos."""

    name: ClassVar[str] = "hatching"
    title: ClassVar[str] = "Hatching"
    question: ClassVar[str] = "Are the pencil strokes on the skin still in the photo?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"pair": Input.of(HATCHING, "sketch", "generated")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        pairs = features["pair"]
        bare = int((pairs[:, 2] == 0).sum())
        warnings = (
            (f"{bare} of {len(pairs)} sketches have no strokes on the skin and count as 0",)
            if bare
            else ()
        )
        for place, (name, title) in enumerate(
            (
                ("kept", "hatching contrast left on the skin"),
                ("texture", "correlation of skin texture with the hatching"),
            )
        ):
            yield Score(
                name=f"hatching.{name}",
                title=title,
                estimate=resampling.mean(pairs[:, place]),
                better="nearer",
                unit="%" if name == "kept" else "",
                digits=1 if name == "kept" else 3,
                warnings=warnings,
            )
