"""LPIPS: how different do the generated photo and the ground truth look?

Zhang et al. 2018, *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*,
equation 1, in version 0.1 of their package with VGG16. The channels of a stage's features are
normalised to length 1 at each pixel, subtracted, squared, weighted by weights learnt from human
judgements, and averaged over all pixels; the five stages are added up. As in the package, pictures
are not resized, and another size gives another score.

It needs two files that limner does not include: torchvision's VGG16 (see `limner.features.vgg`) and
the weights of the channels (`vgg.pth`, version 0.1; 2-clause BSD licence, as the package).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.common import digest_of
from limner.features.feature import Extract, Features, Input
from limner.features.vgg import CHANNELS, VGG16, Vgg16
from limner.features.weights import check_file, read_weights
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Lpips", "LpipsDistance", "LpipsFeature"]

_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)  # of pixels in -1..1: ImageNet's mean
_SPREAD = np.array([0.458, 0.448, 0.450], np.float32)  # and its standard deviation
_TINY = 1e-10  # so that features that are all 0 stay 0
_NAMES = tuple(f"lin{stage}.model.1.weight" for stage in range(len(CHANNELS)))
_LINEAR = "the weights of LPIPS 0.1 for VGG16, vgg.pth"


class LpipsDistance:
    """Perceptual distance of two pictures: 0 for equal ones, about 0.7 for unrelated ones.

    Args:
        vgg: torchvision's state dict of VGG16.
        weights: LPIPS's state dict of the channel weights for VGG16.

    Raises:
        MissingExtraError: torch is not installed.
        ModelError: A file is missing, damaged, or another one.
    """

    def __init__(self, vgg: Path, weights: Path) -> None:
        shapes = {name: (1, size, 1, 1) for name, size in zip(_NAMES, CHANNELS, strict=True)}
        held = read_weights(weights, shapes, what=_LINEAR)
        self._weights = [held[name].ravel() for name in _NAMES]
        self._network = Vgg16(vgg)

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
        """Compare two pictures.

        Args:
            first: `[H, W, 3]` RGB, at least 16 px.
            second: Of the same shape.

        Raises:
            UsageError: The shapes do not match.
        """
        if first.shape != second.shape or first.ndim != 3 or first.shape[2] != 3:
            raise UsageError(
                f"pictures are {list(first.shape)} and {list(second.shape)}; expected the same "
                "[H, W, 3]"
            )
        pixels = np.stack([first, second]).astype(np.float32) / np.float32(127.5) - 1
        pixels = ((pixels - _SHIFT) / _SPREAD).transpose(0, 3, 1, 2)
        distance = 0.0
        for found, weights in zip(self._network(pixels), self._weights, strict=True):
            lengths = np.sqrt(np.square(found).sum(axis=1, keepdims=True))
            one, other = found / (lengths + _TINY)
            by_channel = np.square(one - other).mean(axis=(1, 2), dtype=np.float64)
            distance += float(by_channel @ weights)
        return distance


@dataclass(frozen=True, kw_only=True)
class LpipsFeature:
    """`[1]`: LPIPS of two pictures.

    Raises:
        ModelError: A file does not exist; `start` checks the contents.
    """

    vgg: Path
    """torchvision's state dict of VGG16."""
    weights: Path
    """LPIPS's channel weights."""

    def __post_init__(self) -> None:
        check_file(self.vgg, what=VGG16)
        check_file(self.weights, what=_LINEAR)

    resize: ClassVar[str] = ""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"lpips/1/{digest_of(self.vgg)}/{digest_of(self.weights)}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        files = (self.vgg, self.weights)
        return "LPIPS " + ", ".join(f"{file.name} sha256:{digest_of(file)}" for file in files)

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: As `LpipsDistance`.
            ModelError: As `LpipsDistance`.
        """
        compare = LpipsDistance(self.vgg, self.weights)
        return lambda first, second: np.array([compare(first, second)], np.float32)


@dataclass(frozen=True, kw_only=True)
class Lpips:
    """LPIPS between generated and ground-truth photos."""

    feature: LpipsFeature
    name: ClassVar[str] = "lpips"
    title: ClassVar[str] = "Perceptual distance (LPIPS)"
    question: ClassVar[str] = "How different do the generated photo and the ground truth look?"
    min_pictures: ClassVar[int] = 1
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "inputs", {"pair": Input.of(self.feature, "generated", "ground_truth")}
        )

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        yield Score(
            name="lpips",
            title="LPIPS to the ground truth (VGG16)",
            estimate=resampling.mean(features["pair"][:, 0]),
            better="lower",
        )
