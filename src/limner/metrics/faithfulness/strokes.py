"""Strokes: how much of the drawing is still in the photo?

Lines of the sketch are matched with lines of the generated photo, and the other way round: recall
and precision of edges within a tolerance, as in Martin, Fowlkes and Malik 2004 (*Learning to Detect
Natural Image Boundaries*, IEEE TPAMI 26(5)). Lines match only if they have about the same direction
(oriented chamfer matching: Shotton, Blake and Cipolla 2008, *Multiscale Categorical Object
Recognition Using Contour Fragments*, IEEE TPAMI 30(7)).

A line is darker than its surroundings: a difference of Gaussians, joined along its direction as in
`limner.sketching.styles.line` and thinned to the middle. The same operator extracts the lines of
both, so the photo is sketched before it is compared. Four choices exclude paper, hatching and
background:

- pictures are resized to 128 px, so that nothing finer than a drawn line counts;
- only an ellipse with the face, its jaw and the edge of its hair counts;
- only the strongest lines count, at most a fraction of its pixels: dark and light drawings are
  treated alike, and hatching all over finds no more than an outline;
- lines below the contrast of grain do not count.

Aligned faces are similar: a photo of somebody else still has more than half of a hand-drawn
sketch's lines (`benchmarks/strokes.py`). Compare a score with that of other photos.
"""

import functools
from collections.abc import Iterable, Mapping
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
from limner.sketching.filters import along, blur, tangents

__all__ = ["STROKES", "TOLERANCE", "StrokeScores", "Strokes", "lines", "strokes"]

TOLERANCE = 0.02
"""Maximum distance of matching lines, as a fraction of the side S."""
_SIDE = 128  # px
_WIDTH = 0.8  # px, of the inner Gaussian; the outer one is 1.6 times as wide
_SHARE = 0.08
"""Maximum fraction of the face's pixels that are on lines."""
_FAINTEST = 0.004
"""Minimum response of a line, as a fraction of white: one grey level, the response to grain of a
few."""
_CENTRE, _RADII = (0.46, 0.50), (0.44, 0.40)
"""Of the ellipse, down and right, as fractions of S."""
_SECTORS = 8
"""Directions that `tangents` distinguishes; neighbouring ones match: lines within 22 degrees, none
beyond 45."""

Lines = NDArray[np.uint8]
"""`[128, 128]`: 0 for no line, otherwise 1 + its direction in eighths of a half turn."""


@dataclass(frozen=True, kw_only=True)
class StrokeScores:
    """Matching lines of a sketch and a photo."""

    recall: float
    """Fraction of the sketch's lines that the photo has; 0 for a sketch without lines."""
    precision: float
    """Fraction of the photo's lines that the sketch has; 0 for a photo without lines."""
    drawn: float
    """Fraction of the face's pixels that are on lines of the sketch."""
    shown: float
    """Fraction of the face's pixels that are on lines of the photo."""

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        return 2 * self.recall * self.precision / max(self.recall + self.precision, 1e-9)


def strokes(sketch: NDArray[np.uint8], photo: NDArray[np.uint8]) -> StrokeScores:
    """Compare the lines of a sketch with those of a photo.

    Args:
        sketch: `[S, S, 3]` RGB, an aligned crop: outer eye corners at (0.3 S, 0.3 S) and
            (0.7 S, 0.3 S).
        photo: `[S, S, 3]` RGB, aligned in the same way.

    Raises:
        UsageError: The shapes are wrong.
    """
    drawn, shown = lines(sketch), lines(photo)
    pixels = _face().sum()
    return StrokeScores(
        recall=_found(drawn, shown),
        precision=_found(shown, drawn),
        drawn=float((drawn > 0).sum() / pixels),
        shown=float((shown > 0).sum() / pixels),
    )


def lines(picture: NDArray[np.uint8]) -> Lines:
    """The strongest dark lines of a face, one pixel wide, and their directions.

    Args:
        picture: `[S, S, 3]` RGB, an aligned crop.

    Raises:
        UsageError: The shape is wrong.
    """
    if picture.ndim != 3 or picture.shape[0] != picture.shape[1] or picture.shape[2] != 3:
        raise UsageError(f"a picture is {list(picture.shape)}; expected [S, S, 3]")
    tone = grey(picture if len(picture) == _SIDE else images.resize(picture, _SIDE))
    directions = tangents(tone)
    darker = np.maximum(blur(tone, 1.6 * _WIDTH) - blur(tone, _WIDTH), 0)
    response = _thinned(along(darker, directions), directions) * _face()
    most = round(_SHARE * _face().sum())
    faintest = max(float(np.partition(response.ravel(), -most)[-most]), _FAINTEST)
    found: Lines = np.where(response >= faintest, directions + 1, 0).astype(np.uint8)
    return found


def _thinned(response: NDArray[np.float32], directions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The response where it is largest across its line, else 0 (Canny 1986)."""
    angles = np.arange(_SECTORS) * np.pi / _SECTORS
    width = _SIDE + 2
    across = np.rint(np.cos(angles)) * width - np.rint(np.sin(angles))
    offsets = across.astype(np.intp)[directions]
    padded = np.pad(response, 1).ravel()
    places = np.arange(width * width).reshape(width, width)[1:-1, 1:-1]
    ridge = (response >= padded[places + offsets]) & (response > padded[places - offsets])
    thin: NDArray[np.float32] = response * ridge
    return thin


@functools.cache
def _face() -> NDArray[np.bool_]:
    """Mask of the face, where lines count: `[128, 128]`."""
    at = (np.arange(_SIDE) + 0.5) / _SIDE
    away: NDArray[np.float64] = np.hypot(
        (at[:, None] - _CENTRE[0]) / _RADII[0], (at - _CENTRE[1]) / _RADII[1]
    )
    return away < 1


def _found(sought: Lines, among: Lines) -> float:
    """Fraction of lines `sought` that have one of the same direction nearby; 0 without lines."""
    if not sought.any():
        return 0.0
    # One bit per direction, so that all are dilated at once.
    alike = [sum(1 << (at + turn) % _SECTORS for turn in (-1, 0, 1)) for at in range(_SECTORS)]
    bits = np.array([0, *alike], np.uint8)[among]
    reach = int(TOLERANCE * _SIDE)
    padded = np.pad(bits, reach)
    near = np.zeros_like(bits)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if np.hypot(down, right) <= TOLERANCE * _SIDE:
                top, left = reach + down, reach + right
                near |= padded[top : top + _SIDE, left : left + _SIDE]
    at = sought > 0
    return float((near[at] >> (sought[at] - 1) & 1).mean())


def _strokes(sketch: NDArray[np.uint8], photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = strokes(sketch, photo)
    scores = (found.recall, found.precision, found.f1, found.drawn, found.shown)
    return np.array(scores, np.float32)


STROKES = Computed(name="strokes", version=1, function=_strokes)
"""`[5]`, of a sketch and a photo: recall, precision, F1, and the fractions on lines of both."""


@dataclass(frozen=True)
class Strokes:
    """Recall and precision of the sketch's lines in the generated photo."""

    name: ClassVar[str] = "strokes"
    title: ClassVar[str] = "Strokes"
    question: ClassVar[str] = "How much of the drawing is still in the photo?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {"pair": Input.of(STROKES, "sketch", "generated")}

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        pairs = features["pair"]
        bare = [int((pairs[:, column] == 0).sum()) for column in (3, 4)]
        warnings = tuple(
            f"{count} of {len(pairs)} {what} have no line on the face and count as 0"
            for count, what in zip(bare, ("sketches", "generated photos"), strict=True)
            if count
        )
        for place, (name, title) in enumerate(
            (
                ("recall", "recall: lines of the sketch that are in the photo"),
                ("precision", "precision: lines of the photo that are in the sketch"),
                ("f1", "F1 of both"),
            )
        ):
            yield Score(
                name=f"strokes.{name}",
                title=title,
                estimate=resampling.mean(pairs[:, place]),
                better="higher",
                unit="%",
                digits=1,
                warnings=warnings,
            )
