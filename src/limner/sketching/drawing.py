"""Random drawings of photos, as for training: traced, rough or crude."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.sketching import hand
from limner.sketching.crude import crude_drawing
from limner.sketching.displacement import bend, displace, literalness, move_features
from limner.sketching.filters import Grey
from limner.sketching.rough import (
    double_contours,
    hatch,
    leave_out,
    outline_hair,
    smudge,
    toned_paper,
)
from limner.sketching.traced import apply, scanned, traced, wobbled

__all__ = ["Drawing", "drawn_roughly", "random_drawing", "random_sketch", "rough_drawing"]

_BEFORE = ((outline_hair, 0.12), (leave_out, 0.25), (double_contours, 0.3))
_BENT, _MOVED = 0.6, 0.6
_HATCHED, _SMUDGED, _TONED = 0.65, 0.25, 0.12
_SCANNED = 0.3
"""Fraction of crude drawings that are scanned; those drawn with a mouse have no paper."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """A drawing of a photo, and how literally it is meant."""

    image: NDArray[np.uint8]
    """`[S, S]`, 255 = paper."""
    literal: float
    """How literally its strokes are meant, in (0, 1]: 1 if traced, halved for each pixel of
    displacement at 128 px, see `limner.sketching.displacement.literalness`."""


def random_drawing(
    photo: NDArray[np.uint8], rng: np.random.Generator, *, crude: float = 0.4, rough: float = 0.4
) -> Drawing:
    """Draw an aligned face crop in a random way: crude, rough or else traced.

    Args:
        photo: `[S, S, 3]`, S at least 32 px.
        rng: Random generator; the same state gives the same drawing.
        crude: Fraction of drawings as with a mouse, see `limner.sketching.crude`.
        rough: Fraction of unsteady, hatched drawings, see `limner.sketching.rough`.

    Raises:
        UsageError: The fractions are negative, or more than 1 together.
    """
    if min(crude, rough) < 0 or crude + rough > 1 + 1e-9:
        raise UsageError(
            f"fractions of crude and rough drawings are {crude} and {rough}; expected none below "
            "0, and at most 1 together"
        )
    chosen = rng.random()
    if chosen >= crude + rough:
        return Drawing(image=random_sketch(photo, rng), literal=1.0)
    picture = _to_float(photo)
    if chosen < crude:
        drawing, literal = crude_drawing(picture, rng)
        drawing = apply(((hand.paper, _SCANNED),), drawing, rng)
    else:
        drawing, literal = rough_drawing(picture, rng)
    return Drawing(image=_to_bytes(drawing), literal=literal)


def random_sketch(photo: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Trace an aligned face crop `[H, W, 3]` in a random style; `[H, W]`."""
    drawing = traced(_to_float(photo), rng)
    return _to_bytes(scanned(wobbled(drawing, rng), rng))


def drawn_roughly(photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """An unsteady, hatched pencil drawing; a style, see `rough_drawing`."""
    return rough_drawing(photo, rng)[0]


def rough_drawing(photo: NDArray[np.float32], rng: np.random.Generator) -> tuple[Grey, float]:
    """Draw a photo `[H, W, 3]` roughly.

    The photo is traced, with parts left out and contours doubled; strokes are displaced; hatching
    and smudging follow, as shading comes last; then the paper.

    Returns:
        The drawing `[H, W]`, and how literally it is meant.
    """
    pen = np.random.default_rng(rng.integers(1 << 62))
    drawing = apply(_BEFORE, traced(photo, rng, pen), rng)
    shape = (drawing.shape[0], drawing.shape[1])
    moves = np.zeros((2, *shape), np.float32)
    if rng.random() < _BENT:
        moves += bend(shape, rng, rng.uniform(0.5, 3), int(rng.integers(3, 7)))
    if rng.random() < _MOVED:
        moves += move_features(shape, rng, rng.uniform(1, 4))
    literal = literalness(moves, drawing)
    if moves.any():
        drawing = displace(drawing, moves)
    if rng.random() < _HATCHED:
        drawing = hatch(drawing, photo, rng)
    if rng.random() < _SMUDGED:
        drawing = smudge(drawing, rng)
    drawing = scanned(drawing, rng)
    if rng.random() < _TONED:
        drawing = toned_paper(drawing, rng)
    return drawing, literal


def _to_float(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    return photo.astype(np.float32) / np.float32(255)


def _to_bytes(drawing: Grey) -> NDArray[np.uint8]:
    return (drawing * 255 + 0.5).astype(np.uint8)
