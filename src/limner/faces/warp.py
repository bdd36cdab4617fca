"""Similarity transforms and warping: anti-aliased, with the picture's edge extended."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["apply", "inverse", "similarity", "warp"]

_KERNEL_REACH = 3  # px on each side: Lanczos' support, and more than the bicubic kernel's


def similarity(
    source: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """[2, 3] similarity (turn, scale, shift) that maps two points [2, 2] onto two others."""
    p0, p1 = (complex(x, y) for x, y in source.tolist())
    q0, q1 = (complex(x, y) for x, y in target.tolist())
    turn = (q1 - q0) / (p1 - p0)
    shift = q0 - turn * p0
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def inverse(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """[2, 3] inverse of a [2, 3] affine transform."""
    (a, b, x), (c, d, y) = transform.tolist()
    det = a * d - b * c  # in full: LAPACK takes ten times as long for two by two numbers
    a, b, c, d = d / det, -b / det, -c / det, a / det
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def apply(transform: NDArray[np.float64], points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Transform points [N, 2]."""
    return points @ transform[:, :2].T + transform[:, 2]


def warp(
    image: NDArray[np.uint8], transform: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Apply a similarity: anti-aliased, the picture's edge extended beyond it.

    Only the part that is needed is processed. It is shrunk to the final scale first, since an
    affine transform alone skips pixels.

    Args:
        image: [H, W, 3] or [H, W].
        transform: [2, 3], px of `image` to px of the result.
        size: width and height of the result.
    """
    back = inverse(transform)
    scale = math.hypot(*transform[:, 0])
    width, height = size
    corners = apply(back, np.array([[0, 0], [width, 0], [0, height], [width, height]]))
    low, high = corners.min(0), corners.max(0)
    shrink = min(1.0, scale)
    pixels, origin = _part(image, low, high, margin=math.ceil(_KERNEL_REACH / shrink))
    part = Image.fromarray(pixels)
    upright = transform[0, 1] == 0 and transform[0, 0] > 0
    if upright and (low >= origin).all() and (high <= origin + part.size).all():
        return _resized(part, size, (*(low - origin).tolist(), *(high - origin).tolist()))
    if shrink < 1:
        near = max(1, int(part.width * shrink)), max(1, int(part.height * shrink))
        x1, y1 = min(near[0] / shrink, part.width), min(near[1] / shrink, part.height)
        pixels = _resized(part, near, (0.0, 0.0, x1, y1))
    # From here on in px of the shrunk part. It is extended last, where that is cheapest.
    low, high = (low - origin) * shrink, (high - origin) * shrink
    pixels, moved = _extended(pixels, low, high, margin=_KERNEL_REACH)
    to_part = back * shrink
    to_part[:, 2] -= origin * shrink + moved
    coefficients = tuple(to_part.ravel().tolist())
    turned: NDArray[np.uint8] = np.asarray(
        Image.fromarray(pixels).transform(
            size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
        )
    )
    return turned


def _resized(
    picture: Image.Image, size: tuple[int, int], box: tuple[float, ...]
) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    pixels: NDArray[np.uint8] = np.asarray(
        picture.resize(
            size, Image.Resampling.LANCZOS, box=(left, top, right, bottom), reducing_gap=3.0
        )
    )
    return pixels


def _part(
    image: NDArray[np.uint8],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    margin: int,
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The part of a picture between two corners (x, y) and around them, at least a pixel.

    Returns:
        The part, and the (x, y) of its first pixel.
    """
    size = np.array(image.shape[1::-1])
    first = np.clip(np.floor(low).astype(np.intp) - margin, 0, size - 1)
    last = np.clip(np.ceil(high).astype(np.intp) + margin, first + 1, size)
    return image[first[1] : last[1], first[0] : last[0]], first


def _extended(
    image: NDArray[np.uint8],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    margin: int,
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Extend a picture's edge so that it covers two corners (x, y) and a margin.

    Returns:
        The picture, and the (x, y) of its first pixel.
    """
    height, width = image.shape[:2]
    first = np.floor(low).astype(np.intp) - margin
    last = np.ceil(high).astype(np.intp) + margin
    if (first >= 0).all() and (last <= (width, height)).all():
        return image, np.zeros(2, np.intp)
    columns = np.arange(first[0], last[0]).clip(0, width - 1)
    rows = np.arange(first[1], last[1]).clip(0, height - 1)
    return image.take(rows, axis=0).take(columns, axis=1), first
