"""Smile score for aligned crops: photos and drawings, also small and blurred ones.

Histograms of oriented gradients (Dalal and Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005) of the part of the crop between the eyes and the chin, and a logistic
regression on them. `limner.face_training.smile` fits the weights, `smile.npy`; their results on
held-out people are in `smile.json`.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import ModelError, UsageError

__all__ = ["FEATURES", "SMILING", "SmileScore", "features"]

SMILING = 0.5
"""Score above which a face counts as smiling."""

_BOX = (0.15, 0.3, 0.85, 0.8)
"""Left, top, right, bottom of the part that is scored, as fractions of the crop's side."""
_WIDTH, _HEIGHT = 60, 42  # px to which it is resized
_CELL = 6  # px
_BINS = 9  # of 20 degrees, without regard to which side of a line is darker
_COLUMNS, _ROWS = _WIDTH // _CELL, _HEIGHT // _CELL
_CLIP = 0.2  # as in the paper
_FLOOR = 0.2
"""Contrast below this fraction of the picture's mean is noise and stays faint."""
_FOLDED = _COLUMNS // 2
FEATURES = (_ROWS - 1) * _FOLDED * 4 * _BINS
"""Length of the feature vector of a face."""


class SmileScore:
    """Scores how surely a face smiles.

    An object may be used by several threads.

    Args:
        path: file of weights written by `limner.face_training.smile`; by default limner's own.

    Raises:
        ModelError: at construction, if the file contains something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        with resources.as_file(resources.files("limner.faces") / "smile.npy") as own:
            file = path or own
            try:
                weights = np.load(file, allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise ModelError(
                    f"{file}: not the weights of a smile score ({error}); train them again: "
                    "python -m limner.face_training.smile"
                ) from error
        if not isinstance(weights, np.ndarray) or weights.shape != (FEATURES + 1,):
            raise ModelError(
                f"{file}: expected {FEATURES + 1} weights, found {np.shape(weights)}; it was made "
                "by another version of limner, train it again: python -m limner.face_training.smile"
            )
        self._weights = weights[:-1].astype(np.float32)
        self._bias = float(weights[-1])

    def __call__(self, crop: NDArray[np.uint8]) -> float:
        """Score one crop, as in `batch`."""
        return float(self.batch([crop])[0])

    def batch(self, crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score aligned crops; a mirrored crop scores the same.

        Args:
            crops: each [S, S, 3] RGB or [S, S] grey as `Preprocessing.align` gives it, outer eye
                corners at (0.3, 0.3) and (0.7, 0.3); any S, and each its own.

        Returns:
            [N] in 0..1, smiling above `SMILING`.

        Raises:
            UsageError: a crop has another shape or type.
        """
        logits: NDArray[np.float32] = features(crops) @ self._weights + self._bias
        # the logistic function, without its overflow
        return np.asarray((np.tanh(logits / 2) + 1) / 2, np.float32)


def features(crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe aligned crops, as in `SmileScore.batch`: [N, FEATURES], each in 0..1.

    A face and its mirror image have the same description: the mean over both halves.

    Raises:
        UsageError: a crop has another shape or type.
    """
    if not len(crops):
        return np.empty((0, FEATURES), np.float32)
    cells = _cells(np.stack([_lower_face(crop) for crop in crops]))
    return _blocks(cells)


def _lower_face(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The part that is scored and a pixel around it, [H + 2, W + 2] in grey levels."""
    square = crop.ndim in (2, 3) and crop.shape[0] == crop.shape[1] > 0
    if not square or crop.dtype != np.uint8 or crop.shape[2:] not in ((), (3,)):
        raise UsageError(
            f"the crop is {crop.dtype} {list(crop.shape)}; expected uint8 [S, S] or [S, S, 3]"
        )
    side = len(crop)
    left, top, right, bottom = _BOX
    x, y = (right - left) / _WIDTH, (bottom - top) / _HEIGHT
    box = (side * (left - x), side * (top - y), side * (right + x), side * (bottom + y))
    # Filtered when shrunk, so that large and small crops of a face give similar features.
    part = (
        Image.fromarray(crop)
        .convert("L")
        .resize((_WIDTH + 2, _HEIGHT + 2), Image.Resampling.BILINEAR, box=box)
    )
    return np.asarray(part, np.float32)


def _cells(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum each cell's gradients by direction: [N, rows, columns, bins] of [N, H + 2, W + 2].

    A pixel contributes to the nearest cells and directions, weighted by closeness.
    """
    right = pictures[:, 1:-1, 2:] - pictures[:, 1:-1, :-2]
    down = pictures[:, 2:, 1:-1] - pictures[:, :-2, 1:-1]
    strength = np.hypot(right, down)
    angle = np.arctan2(down, right) * np.float32(_BINS / np.pi)
    place = np.mod(angle - np.float32(0.5), _BINS)[:, None]
    bins = np.arange(_BINS, dtype=np.float32)[:, None, None]
    distance = np.abs(place - bins)
    near = np.clip(1 - np.minimum(distance, _BINS - distance), 0, None)
    sums = _TO_ROWS @ (near * strength[:, None]) @ _TO_COLUMNS.T
    return np.moveaxis(sums, 1, -1)


def _blocks(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise each group of 2 x 2 cells by its contrast, and average left and right."""
    floor = _FLOOR * np.sqrt((cells**2).sum(-1).mean((1, 2)))[:, None, None, None, None]
    quarters = [cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, :-1, 1:], cells[:, 1:, 1:]]
    blocks = np.stack(quarters, axis=3)
    # One grey level is added, so that an empty sheet is not divided by zero.
    blocks = blocks / np.sqrt((blocks**2).sum((3, 4), keepdims=True) + floor**2 + 1)
    blocks = np.minimum(blocks, _CLIP)
    blocks /= np.sqrt((blocks**2).sum((3, 4), keepdims=True) + 0.01)
    mirrored = blocks[:, :, ::-1, [2, 3, 0, 1], ::-1]
    folded: NDArray[np.float32] = (blocks + mirrored)[:, :, :_FOLDED] / 2
    return folded.reshape(len(cells), FEATURES)


def _sharing(pixels: int, cells: int) -> NDArray[np.float32]:
    """[cells, pixels]: weight of a pixel in a cell, by the distance of their centres."""
    at = (np.arange(pixels) + 0.5) / pixels * cells - 0.5
    return np.asarray(np.clip(1 - np.abs(at - np.arange(cells)[:, None]), 0, None), np.float32)


_TO_ROWS = _sharing(_HEIGHT, _ROWS)
_TO_COLUMNS = _sharing(_WIDTH, _COLUMNS)
