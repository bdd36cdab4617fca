"""VGG16, the network behind LPIPS and DISTS.

Simonyan and Zisserman 2015, *Very Deep Convolutional Networks for Large-Scale Image Recognition*,
configuration D, without its last pooling and its classifier. limner does not include the weights:
those of torchvision (`vgg16-397923af.pth`) were trained on ImageNet, whose pictures are for
research only.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limner.errors import UsageError
from limner.features.weights import read_weights, torch_for

__all__ = ["CHANNELS", "VGG16", "Pooling", "Vgg16"]

VGG16 = "torchvision's VGG16, vgg16-397923af.pth"
"""The expected file, for messages."""
CHANNELS = (64, 128, 256, 512, 512)
"""Channels of its five stages."""
Pooling = Literal["max", "l2"]
"""Pooling between stages: the network's own, or that of DISTS."""

_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
"""Indices of the convolutions among torchvision's layers, which name the weights."""
_LEAST = 16  # px, which leaves the last stage one pixel
_TINY = 1e-12  # so that the root has a slope at 0, as in DISTS


class Vgg16:
    """The network, from a file.

    Args:
        path: torchvision's state dict, as `.pth` or `.safetensors` with the same names.
        pooling: Pooling between stages.

    Raises:
        MissingExtraError: torch is not installed.
        ModelError: The file is missing, damaged, or of another network.
    """

    def __init__(self, path: Path, *, pooling: Pooling = "max") -> None:
        self._torch: Any = torch_for(path)
        held = read_weights(path, _shapes(), what=VGG16)
        self._weights = {name: self._torch.from_numpy(held[name]) for name in held}
        self._pool = self._halved_by_l2 if pooling == "l2" else self._halved_by_max

    def __call__(self, pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Features after the last activation of each stage (relu1_2 to relu5_3).

        Args:
            pixels: `[N, 3, H, W]` RGB, each channel with mean 0 and SD 1; at least 16 px.

        Returns:
            `[N, 64, H, W]`, `[N, 128, H/2, W/2]`, ..., `[N, 512, H/16, W/16]`.

        Raises:
            UsageError: The shape is wrong.
        """
        if pixels.ndim != 4 or pixels.shape[1] != 3 or min(pixels.shape[2:]) < _LEAST:
            raise UsageError(
                f"pixels are {list(pixels.shape)}; expected [N, 3, H, W], H and W at least {_LEAST}"
            )
        functional = self._torch.nn.functional
        found: list[NDArray[np.float32]] = []
        with self._torch.inference_mode():
            x = self._torch.from_numpy(np.ascontiguousarray(pixels, np.float32))
            for stage in _STAGES:
                x = self._pool(x) if found else x
                for place in stage:
                    kernel, bias = (self._weights[name] for name in _names(place))
                    x = functional.relu(functional.conv2d(x, kernel, bias, padding=1))
                found.append(x.numpy())
        return found

    def _halved_by_max(self, x: Any) -> Any:
        return self._torch.nn.functional.max_pool2d(x, 2)

    def _halved_by_l2(self, x: Any) -> Any:
        """L2 pooling under a Hann window, which aliases less, as in DISTS."""
        window = self._torch.tensor([0.25, 0.5, 0.25])
        channels = x.shape[1]
        kernel = (window[:, None] * window).expand(channels, 1, 3, 3)
        means = self._torch.nn.functional.conv2d(
            x.square(), kernel, stride=2, padding=1, groups=channels
        )
        return (means + _TINY).sqrt()


def _names(place: int) -> tuple[str, str]:
    return f"features.{place}.weight", f"features.{place}.bias"


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    before = 3
    for stage, channels in zip(_STAGES, CHANNELS, strict=True):
        for place in stage:
            kernel, bias = _names(place)
            shapes |= {kernel: (channels, before, 3, 3), bias: (channels,)}
            before = channels
    return shapes
