"""Quality limits for faces: each with a unit, each refusal with a reason."""

import math
from dataclasses import dataclass
from typing import Literal

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner import images, settings
from limner.errors import UsageError
from limner.faces import Face

__all__ = ["HASH_BITS", "REASONS", "Cleaning", "Reason", "fingerprint", "sharpness", "turn"]

Reason = Literal[
    "unreadable",
    "no face",
    "face too small",
    "turned",
    "tilted",
    "blurred",
    "near-duplicate",
    "smile balance",
    "surplus",
]
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]
"""Why a picture was dropped, in the order of the checks."""

HASH_BITS = 256
"""Length of `fingerprint`."""

_SHARPNESS_SIDE = 128
_NOSE_DEPTH = 1 / 3
"""How far the base of the nose is in front of the outer eye corners, over their distance."""


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """Limits for faces. Closed or covered eyes are not a reason to drop one."""

    min_eye_distance: float = 20.0
    """px between the outer eye corners, in the picture."""
    max_yaw: float = 30.0
    """Largest yaw to either side in degrees, as estimated by `turn`; 90 keeps all."""
    max_roll: float = 45.0
    """Largest roll in degrees, the angle of the eye line to the horizontal; 180 keeps all."""
    min_sharpness: float = 6.0
    """Grey levels, see `sharpness`; 0 keeps all."""
    max_hash_distance: int = 16
    """Largest Hamming distance of near-duplicates, in bits of the 256 of `fingerprint`. Of
    near-duplicates of a kind the first is kept; -1 keeps all."""

    def __post_init__(self) -> None:
        if not self.min_eye_distance > 0:
            raise UsageError(f"min_eye_distance is {self.min_eye_distance}; it must be above 0 px")
        for name, most in (("max_yaw", 90), ("max_roll", 180)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"{name} is {value}; it must be 0 to {most} degrees")
        settings.at_least("min_sharpness", self.min_sharpness, 0)
        if not -1 <= self.max_hash_distance <= 31:
            raise UsageError(
                f"max_hash_distance is {self.max_hash_distance}; it must be 0 to 31 of "
                f"{HASH_BITS} bits, or -1 to keep all"
            )

    def refuses(self, face: Face, sharp: float = math.inf) -> tuple[Reason, str] | None:
        """Why a face is dropped: a reason, and a sentence with what was found; None if it is kept.

        Args:
            face: as it was detected.
            sharp: `sharpness` of its crop, if there is one.
        """
        if face.eye_distance < self.min_eye_distance:
            return "face too small", (
                f"outer eye corners {face.eye_distance:.1f} px apart; "
                f"the minimum is {self.min_eye_distance:g}"
            )
        if abs(face.tilt) > self.max_roll:
            return "tilted", f"roll {abs(face.tilt):.0f}°; the maximum is {self.max_roll:g}°"
        if abs(turned := turn(face.points)) > self.max_yaw:
            return "turned", f"yaw about {abs(turned):.0f}°; the maximum is {self.max_yaw:g}°"
        return self.refuses_blurred(sharp)

    def refuses_blurred(self, sharp: float) -> tuple[Reason, str] | None:
        """The same by `sharpness` alone, without face detection."""
        if sharp < self.min_sharpness:
            return "blurred", (
                f"sharpness {sharp:.1f} grey levels; it must be at least {self.min_sharpness:g}"
            )
        return None


def turn(points: NDArray[np.floating]) -> float:
    """Yaw of a head in degrees, estimated from the position of its nose.

    The base of the nose moves along the line of the eyes as the head turns. Accurate to a few
    degrees; positive if the nose points to the right of the picture.

    Args:
        points: [5, 2] as `Face.points`.
    """
    right, left, nose = points[0].astype(float), points[2].astype(float), points[4].astype(float)
    eyes = right - left
    length = float(np.hypot(*eyes))
    if length == 0:
        return 0.0
    offset = float((nose - (left + right) / 2) @ eyes) / length**2
    return math.degrees(math.atan(offset / _NOSE_DEPTH))


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Standard deviation of the 4-neighbour Laplacian in grey levels, at 128 px.

    The measure of Pech-Pacheco et al. 2000, at one size, so that all datasets are comparable.

    Args:
        crop: [S, S, 3] RGB or [S, S] grey.
    """
    grey = Image.fromarray(images.to_grey(crop))
    if grey.size != (_SHARPNESS_SIDE, _SHARPNESS_SIDE):
        grey = grey.resize((_SHARPNESS_SIDE, _SHARPNESS_SIDE), Image.Resampling.BILINEAR)
    g = np.asarray(grey, np.float32)
    laplacian = g[1:-1, :-2] + g[1:-1, 2:] + g[:-2, 1:-1] + g[2:, 1:-1] - 4 * g[1:-1, 1:-1]
    return float(laplacian.std())


def fingerprint(crop: NDArray[np.uint8]) -> bytes:
    """Perceptual hash of 32 bytes, similar for similar pictures: ImageHash's phash, 16 x 16.

    Of copies that were halved, saved again or cropped by a few per cent, three in four differ in
    at most 20 of the 256 bits, since the detected eyes move a little. Of different photos, 95 in
    100 have none closer than 50 bits; see `docs/experiments.md`.
    """
    bits = imagehash.phash(Image.fromarray(images.to_grey(crop)), hash_size=16).hash
    return np.packbits(bits).tobytes()
