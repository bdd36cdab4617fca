"""DISTS: how different are the generated photo and the ground truth in structure and texture?

Ding et al. 2020, *Image Quality Assessment: Unifying Structure and Texture Similarity*.
Two pictures are compared channel by channel, in RGB and in the five stages of VGG16: by the means,
which describe texture (hair stays hair if each strand moves), and by the covariance, which
describes structure. The weights of the channels were learnt from human judgements.

It needs two files that limner does not include: torchvision's VGG16 (see `limner.features.vgg`) and
the weights (`weights.pt`; MIT licence, as the authors' package).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import ModelError, UsageError
from limner.features.common import digest_of
from limner.features.feature import Extract, Features, Input
from limner.features.vgg import CHANNELS, VGG16, Vgg16
from limner.features.weights import check_file, read_weights
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Dists", "DistsDistance", "DistsFeature"]

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet's pixels in 0..1
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_CONSTANT = 1e-6  # c1 and c2: two flat channels are alike
_SIDE = 256  # px, the size that the weights were learnt at
_COUNT = 3 + sum(CHANNELS)
_WEIGHTS = "the weights of DISTS, weights.pt"


class DistsDistance:
    """Distance of two pictures: 0 for equal ones, at most about 1.

    Args:
        vgg: torchvision's state dict of VGG16.
        weights: DISTS's `alpha` and `beta`, `[1, 1475, 1, 1]`.

    Raises:
        MissingExtraError: torch is not installed.
        ModelError: A file is missing, damaged, or another one, or its weights add up to 0.
    """

    def __init__(self, vgg: Path, weights: Path) -> None:
        shape = (1, _COUNT, 1, 1)
        held = read_weights(weights, {"alpha": shape, "beta": shape}, what=_WEIGHTS)
        both = np.stack([held["alpha"].ravel(), held["beta"].ravel()]).astype(np.float64)
        if both.sum() <= 0:
            raise ModelError(f"{weights} contains weights that add up to 0; expected {_WEIGHTS}")
        self._weights = both / both.sum()
        self._network = Vgg16(vgg, pooling="l2")

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
        """Compare two pictures; those above 256 px are downsized to it, as by the authors.

        Args:
            first: `[S, S, 3]` RGB, at least 16 px.
            second: Of the same shape.

        Raises:
            UsageError: The shapes do not match.
        """
        square = first.ndim == 3 and first.shape[0] == first.shape[1] and first.shape[2] == 3
        if not square or first.shape != second.shape:
            raise UsageError(
                f"pictures are {list(first.shape)} and {list(second.shape)}; expected the same "
                "[S, S, 3]"
            )
        both = np.stack([_brought_down(first), _brought_down(second)])
        pixels = both.astype(np.float32) / np.float32(255)
        network = ((pixels - _MEAN) / _SPREAD).transpose(0, 3, 1, 2)
        stages = [pixels.transpose(0, 3, 1, 2), *self._network(network)]
        unlike = np.concatenate([_unlike(one, other) for one, other in stages], axis=1)
        return float((self._weights * unlike).sum())


def _brought_down(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if len(picture) <= _SIDE:
        return picture
    small = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small)


def _unlike(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Differences of two stages `[C, H, W]` in texture and in structure: `[2, C]`.

    1 minus the similarities of the paper, `(2 m m' + c) / (m^2 + m'^2 + c)` of the means and
    `(2 cov + c) / (var + var' + c)`, written so that equal stages give exactly 0.
    """
    x = first.reshape(len(first), -1).astype(np.float64)
    y = second.reshape(len(second), -1).astype(np.float64)
    x_mean, y_mean = x.mean(axis=1), y.mean(axis=1)
    apart = (x - x_mean[:, None]) - (y - y_mean[:, None])
    texture = np.square(x_mean - y_mean) / (x_mean**2 + y_mean**2 + _CONSTANT)
    structure = np.square(apart).mean(axis=1) / (x.var(axis=1) + y.var(axis=1) + _CONSTANT)
    return np.stack([texture, structure])


@dataclass(frozen=True, kw_only=True)
class DistsFeature:
    """`[1]`: DISTS of two pictures.

    Raises:
        ModelError: A file does not exist; `start` checks the contents.
    """

    vgg: Path
    """torchvision's state dict of VGG16."""
    weights: Path
    """DISTS's `alpha` and `beta`."""

    def __post_init__(self) -> None:
        check_file(self.vgg, what=VGG16)
        check_file(self.weights, what=_WEIGHTS)

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"dists/1/{digest_of(self.vgg)}/{digest_of(self.weights)}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        files = (self.vgg, self.weights)
        return "DISTS " + ", ".join(f"{file.name} sha256:{digest_of(file)}" for file in files)

    @property
    def resize(self) -> str:
        """How pictures are resized, in words."""
        return f"to {_SIDE} px with Pillow's bilinear filter, where they are larger"

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: As `DistsDistance`.
            ModelError: As `DistsDistance`.
        """
        compare = DistsDistance(self.vgg, self.weights)
        return lambda first, second: np.array([compare(first, second)], np.float32)


@dataclass(frozen=True, kw_only=True)
class Dists:
    """DISTS between generated and ground-truth photos."""

    feature: DistsFeature
    name: ClassVar[str] = "dists"
    title: ClassVar[str] = "Structure and texture (DISTS)"
    question: ClassVar[str] = "Do structure and texture match the ground-truth photo?"
    min_pictures: ClassVar[int] = 1
    inputs: Mapping[str, Input] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "inputs", {"pair": Input.of(self.feature, "generated", "ground_truth")}
        )

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`."""
        yield Score(
            name="dists",
            title="DISTS to the ground truth (VGG16)",
            estimate=resampling.mean(features["pair"][:, 0]),
            better="lower",
        )
