"""Identity: is the person of a made picture the person of its source?

A face is described by 128 numbers whose Euclidean distance tells people apart: dlib's ResNet-29,
trained with a metric loss so that pictures of one person lie within 0.6 (King, "High Quality Face
Recognition with Deep Metric Learning", 2017). Its author reports 99.38 % on Labeled Faces in the
Wild.
"""

from dataclasses import dataclass

import dlib
import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.faces.points import public_file, public_predictor

__all__ = ["Descriptor", "Retrieval", "retrieval"]

_CHIP_SIDE = 150  # px, the input of dlib's network
_CHIP_PADDING = 0.25  # the margin that it was trained with
_BOX = (0.165, 0.125, 0.825, 0.79)
"""Left, top, right, bottom as shares of the side: where dlib's detector sees an aligned face."""


class Descriptor:
    """dlib's face descriptor for aligned crops: outer eye corners at (0.3, 0.3) and (0.7, 0.3).

    The face's place is known, so no detector runs: none can miss a weak picture, and every crop
    counts.

    Raises:
        MissingExtraError: at construction, when the descriptor's files are not installed.
    """

    def __init__(self) -> None:
        network = public_file("dlib_face_recognition_resnet_model_v1.dat")
        self._predictor = dlib.shape_predictor(str(public_predictor()))
        self._network = dlib.face_recognition_model_v1(str(network))

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe aligned crops.

        Args:
            crops: `[N, S, S]` grey or `[N, S, S, 3]` RGB.

        Returns:
            `[N, 128]`.

        Raises:
            UsageError: `crops` has another shape or type.
        """
        grey = crops.ndim == 3
        square = crops.ndim in (3, 4) and crops.shape[1] == crops.shape[2]
        if not square or crops.dtype != np.uint8 or (not grey and crops.shape[3] != 3):
            raise UsageError(
                f"crops are {crops.dtype} {list(crops.shape)}; "
                "expected uint8 [N, S, S] or [N, S, S, 3]"
            )
        described = np.empty((len(crops), 128), np.float32)
        for row, crop in zip(described, crops, strict=True):
            row[:] = self._describe(np.stack([crop] * 3, axis=-1) if grey else crop)
        return described

    def _describe(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        crop = np.ascontiguousarray(crop)
        box = dlib.rectangle(*(round(share * len(crop)) for share in _BOX))
        points = self._predictor(crop, box)
        chip = dlib.get_face_chip(crop, points, size=_CHIP_SIDE, padding=_CHIP_PADDING)
        return np.array(self._network.compute_face_descriptor(chip), np.float32)


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """How well probes find the same person in a gallery."""

    rank1: float
    """Share of probes whose nearest picture in the gallery is of the same person."""
    rank5: float
    """Share whose person is among the 5 nearest."""
    rank10: float
    """Share whose person is among the 10 nearest."""
    genuine: float
    """Mean Euclidean distance between two pictures of the same person."""
    impostor: float
    """Mean Euclidean distance between pictures of different people; NaN for one person."""
    n: int
    """Number of people."""


def retrieval(probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> Retrieval:
    """Look every probe up in the gallery; row i of both is person i.

    A tie counts against the probe, so that descriptors that are all alike score nothing.

    Args:
        probes: `[N, D]`.
        gallery: `[N, D]`.

    Raises:
        UsageError: the shapes differ or there is no row.
    """
    if probes.ndim != 2 or probes.shape != gallery.shape or not len(probes):
        raise UsageError(
            f"probes are {list(probes.shape)}, gallery {list(gallery.shape)}; "
            "expected the same [N, D]"
        )
    n = len(probes)
    between = np.stack([np.linalg.norm(gallery - probe, axis=1) for probe in probes])
    own = np.diagonal(between)
    other = ~np.eye(n, dtype=bool)
    nearer = ((between <= own[:, None]) & other).sum(axis=1)
    return Retrieval(
        rank1=float((nearer < 1).mean()),
        rank5=float((nearer < 5).mean()),
        rank10=float((nearer < 10).mean()),
        genuine=float(own.mean()),
        impostor=float(between[other].mean()) if n > 1 else float("nan"),
        n=n,
    )
