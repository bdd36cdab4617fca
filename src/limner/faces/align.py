"""Align a face to the template, and paste a generated face back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from limner.drawings import Clean
from limner.errors import ModelError, NoFaceError, UsageError
from limner.faces.detect import Face
from limner.faces.warp import apply, inverse, similarity, warp

__all__ = ["Aligned", "Preprocessing", "put_back"]

_FEATHER = 0.12
"""Width of the soft edge of a face that is pasted back, as a fraction of the crop's side."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """A face aligned to the template."""

    image: NDArray[np.uint8]
    """[S, S, 3] RGB or [S, S] grey."""
    transform: NDArray[np.float64]
    """[2, 3], from px of the source picture to px of `image` (coordinates: see the package)."""
    face: Face | None
    """The face in the source picture; None if the whole picture was used."""
    notes: tuple[str, ...] = ()
    """Changes made to the page before, in words."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a face is aligned and cropped: the same when preparing, training and translating."""

    size: int = 128
    """Side S of the square crop in px."""
    eyes: tuple[tuple[float, float], tuple[float, float]] = ((0.3, 0.3), (0.7, 0.3))
    """(x, y) of the outer eye corners in the crop, left in the image first, as fractions of S."""
    min_eye_distance: float = 20.0
    """Faces whose outer eye corners are closer together than this, in px, are refused."""
    aligned: bool = True
    """Whether a face is detected and aligned to `eyes`; if not, the whole picture is fitted in."""
    clean: Clean = "auto"
    """Whether hand-drawn sketches are cleaned first, see `limner.drawings`."""

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 4096:
            raise UsageError(f"size is {self.size}; expected 16 to 4096 px")
        (x0, y0), (x1, y1) = self.eyes
        if not (all(0 <= share <= 1 for share in (x0, y0, x1, y1)) and x0 < x1):
            raise UsageError(
                f"eyes are {self.eyes}; expected fractions in 0..1, the left eye first"
            )
        if self.clean not in get_args(Clean):
            raise UsageError(f"clean is '{self.clean}'; choose from {', '.join(get_args(Clean))}")
        if not self.min_eye_distance > 0:
            raise UsageError(f"min_eye_distance is {self.min_eye_distance}; expected above 0 px")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings ready for JSON."""
        return asdict(self) | {"eyes": [list(eye) for eye in self.eyes]}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; a missing setting keeps its default.

        Raises:
            ModelError: an unknown or impossible setting.
        """
        unknown = sorted(settings.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise ModelError(
                f"unknown preprocessing settings {', '.join(unknown)}; "
                "the model needs a newer limner: pip install -U limner"
            )
        values = dict(settings)
        try:
            if "eyes" in values:
                (x0, y0), (x1, y1) = values["eyes"]
                values["eyes"] = ((float(x0), float(y0)), (float(x1), float(y1)))
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"impossible preprocessing settings {dict(settings)} ({error}); export again"
            ) from error

    def align(self, image: NDArray[np.uint8], face: Face, *, name: str = "the picture") -> Aligned:
        """Align and crop a face so that its outer eye corners are exactly on the template.

        Shrinking is anti-aliased; beyond the picture its edge is extended.

        Args:
            image: [H, W, 3] RGB or [H, W] grey.
            face: a face in `image`.
            name: the picture's name in the message.

        Raises:
            NoFaceError: the face is smaller than `min_eye_distance`.
        """
        if face.eye_distance < self.min_eye_distance:
            raise NoFaceError(
                f"the eyes of the face in {name} are {face.eye_distance:.0f} px apart; the "
                f"minimum is {self.min_eye_distance:.0f}, so use a larger picture"
            )
        transform = similarity(face.eyes, np.array(self.eyes) * self.size)
        return Aligned(warp(image, transform, (self.size, self.size)), transform, face)

    def as_is(self, image: NDArray[np.uint8]) -> Aligned:
        """Fit the whole picture into the square, centred, without face detection."""
        height, width = image.shape[:2]
        scale = self.size / max(height, width)
        transform = np.array(
            [
                [scale, 0.0, (self.size - scale * width) / 2],
                [0.0, scale, (self.size - scale * height) / 2],
            ]
        )
        return Aligned(warp(image, transform, (self.size, self.size)), transform, None)


def put_back(
    made: NDArray[np.uint8], aligned: Aligned, original: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Paste a generated face back into its original picture, with a soft edge.

    Args:
        made: [S, S, 3] RGB or [S, S] grey that replaces `aligned.image`; any other side is scaled
            to it.
        aligned: the aligned crop.
        original: [H, W, 3] RGB or [H, W] grey that it was cropped from.

    Returns:
        [H, W, 3] RGB.
    """
    result = original.copy() if original.ndim == 3 else np.stack([original] * 3, axis=-1)
    made = made if made.ndim == 3 else np.stack([made] * 3, axis=-1)
    height, width = original.shape[:2]
    side = made.shape[0]
    to_made = aligned.transform * (side / aligned.image.shape[0])
    back = inverse(to_made)
    corners = apply(back, np.array([[0, 0], [side, 0], [0, side], [side, side]]))
    left, top = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(0)), 0, (width, height)).astype(int).tolist()
    if left == right or top == bottom:
        return result
    size = (right - left, bottom - top)
    back[:, 2] -= (left, top)
    face = warp(made, back, size).astype(np.float32)
    soft = np.full((side, side), 255, np.uint8) if aligned.face is None else _soft_square(side)
    share = warp(soft, back, size).astype(np.float32)[..., None] / 255
    region = result[top:bottom, left:right]
    region[...] = np.rint(region + share * (face - region))
    return result


def _soft_square(side: int) -> NDArray[np.uint8]:
    """[side, side]: 255 inside, falling to 0 at the edge along half a cosine."""
    centres = np.arange(side) + 0.5
    depth = np.minimum(centres, side - centres) / (_FEATHER * side)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(depth, 0, 1))
    # The warp extends the outermost pixels outwards, so they must be 0.
    ramp[[0, -1]] = 0
    soft: NDArray[np.uint8] = np.rint(255 * np.outer(ramp, ramp)).astype(np.uint8)
    return soft
