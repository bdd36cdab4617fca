"""dlib's face descriptor of aligned crops, as a feature.

It describes a face by 128 numbers whose Euclidean distance tells people apart: dlib's ResNet-29,
trained with a metric loss so that pictures of one person are within 0.6 (King, "High Quality Face
Recognition with Deep Metric Learning", 2017). Its author reports 99.38% on Labeled Faces in the
Wild.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.faces.dlib_file import SIDE
from limner.faces.points import public_file, public_predictor
from limner.features.common import FACE_BOX, digest_of
from limner.features.descriptor_network import DescriptorNetwork
from limner.features.feature import Extract

__all__ = ["DESCRIPTOR", "Descriptor", "DescriptorFeature"]

_CHIP_PADDING = 0.25  # the margin that it was trained with


class Descriptor:
    """dlib's face descriptor for aligned crops: outer eye corners at (0.3, 0.3) and (0.7, 0.3).

    The position of the face is known, so no detector runs that could miss a poor picture, and
    every crop counts.

    Raises:
        MissingExtraError: at construction, when the descriptor's files are not installed.
    """

    def __init__(self) -> None:
        import dlib  # here, since training uses only the feature's name

        network = public_file("dlib_face_recognition_resnet_model_v1.dat")
        self._predictor = dlib.shape_predictor(str(public_predictor()))
        self._network = DescriptorNetwork(network)

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe aligned crops.

        Args:
            crops: `[N, S, S]` grey or `[N, S, S, 3]` RGB.

        Returns:
            `[N, 128]`.

        Raises:
            UsageError: `crops` has the wrong shape or type.
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
        import dlib

        crop = np.ascontiguousarray(crop)
        box = dlib.rectangle(*(round(share * len(crop)) for share in FACE_BOX))
        points = self._predictor(crop, box)
        chip = dlib.get_face_chip(crop, points, size=SIDE, padding=_CHIP_PADDING)
        [described] = self._network(chip[None])
        return np.asarray(described, np.float32)


@dataclass(frozen=True)
class DescriptorFeature:
    """`[128]`: the face descriptor of an aligned crop; see `limner.metrics.likeness.identity`."""

    resize: ClassVar[str] = ""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        # The landmark predictor decides how a face is aligned before it is described.
        return f"dlib-descriptor/2/{self.model}/{digest_of(public_predictor())}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        file = public_file("dlib_face_recognition_resnet_model_v1.dat")
        return f"dlib face descriptor sha256:{digest_of(file)}"

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: The descriptor's files are not installed.
        """
        describe = Descriptor()
        return lambda picture: describe(picture[None])[0]


DESCRIPTOR = DescriptorFeature()
"""The identity of a face."""
