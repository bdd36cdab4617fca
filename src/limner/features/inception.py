"""Inception-v3, the network on which papers compute FID, KID and Inception Score, from a file.

limner does not include it, as its weights were trained on ImageNet, whose pictures are for
research only. Users who have the weights name a file of one of two kinds:

- `.pt`: the TorchScript export of the weights of 2015 that NVIDIA's StyleGAN code evaluates with
  (`inception-2015-12-05.pt`; scores in papers are computed with these weights). Its call is
  `network(pictures, return_features=True)` with pictures `[N, 3, H, W]` uint8 of any size, which
  returns `[N, 2048]`; with `no_output_bias=True` instead it returns probabilities `[N, 1008]`,
  those of the features times `network.output.weight`. **A TorchScript file is a program: take it
  only from a source that you trust.**
- `.onnx`: a graph with one input `[N, 3, 299, 299]`, float32 in -1..1 or uint8 in 0..255, N free
  or fixed, and with the features `[N, 2048]` or `[N, 2048, 1, 1]` among its outputs, and for the
  Inception Score also logits or probabilities `[N, 1000]` or `[N, 1008]`.

Features of different files must not be compared: other weights and other resizing give other
scores (Parmar et al. 2022, *On Aliased Resizing and Surprising Subtleties in GAN Evaluation*).
"""

import functools
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import ModelError
from limner.features.common import digest_of
from limner.features.feature import Extract
from limner.features.weights import check_file, torch_for
from limner.session import runtime

__all__ = ["Inception", "InceptionFeatures", "InceptionProbabilities", "Seen"]

_SIDE = 299  # px, the size that the network was trained on
_FEATURES = 2048
_CLASSES = (1000, 1008)
_RESIZE = {
    ".pt": "bilinear to 299 px without antialiasing, by the network itself",
    ".onnx": "Pillow's bicubic to 299 px, antialiased",
}
"""How pictures are resized for the network, by the kind of file."""


class Seen(NamedTuple):
    """Outputs of the network for a picture."""

    features: NDArray[np.float32]
    """`[2048]`: the output of its last pooling."""
    probabilities: NDArray[np.float32] | None
    """`[1000]` or `[1008]`: of ImageNet's classes; None if the file does not output them."""


_Network = Callable[[NDArray[np.uint8]], Seen]


class Inception:
    """The network, from a file.

    Args:
        path: Ends in `.pt` or `.onnx`; see the module for their contents.

    Raises:
        MissingExtraError: The file is a `.pt`, and torch is not installed.
        ModelError: The file is missing, damaged, or another network.
    """

    def __init__(self, path: Path) -> None:
        _check(path)
        forward = _torchscript(path) if path.suffix.lower() == ".pt" else _onnx(path)

        # Features and probabilities of a picture are requested one after the other.
        @functools.lru_cache(maxsize=2)
        def seen(data: bytes, shape: tuple[int, ...]) -> Seen:
            return forward(np.frombuffer(data, np.uint8).reshape(shape))

        self._seen = seen

    def __call__(self, picture: NDArray[np.uint8]) -> Seen:
        """Run the network on a picture `[S, S, 3]`.

        Raises:
            ModelError: The network's output is not finite.
        """
        return self._seen(picture.tobytes(), picture.shape)


@dataclass(frozen=True)
class InceptionFeatures:
    """`[2048]`: Inception-v3 features, for KID and FID as in papers.

    ```python
    from pathlib import Path

    from limner.metrics.realism.fid import Fid
    from limner.features.inception import InceptionFeatures
    from limner.metrics.realism.kid import Kid

    seen = InceptionFeatures(Path("inception-2015-12-05.pt"))
    Kid(feature=seen, on="Inception features", suffix=".inception", unit_scale=True)
    Fid(feature=seen, on="Inception features", suffix=".inception")
    ```

    Raises:
        ModelError: The file does not exist, or ends in neither `.pt` nor `.onnx`; `start` checks
            that it contains the right network.
    """

    path: Path

    def __post_init__(self) -> None:
        _check(self.path)

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"inception-features/1/{digest_of(self.path)}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        return f"Inception {self.path.name} sha256:{digest_of(self.path)}"

    @property
    def resize(self) -> str:
        """How pictures are resized for the network, in words."""
        return _RESIZE[self.path.suffix.lower()]

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: As `Inception`.
            ModelError: As `Inception`.
        """
        network = _opened(self.path)
        return lambda picture: network(picture).features


@dataclass(frozen=True)
class InceptionProbabilities(InceptionFeatures):
    """`[1000]` or `[1008]`: Inception-v3's class probabilities, for the Inception Score."""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"inception-probabilities/1/{digest_of(self.path)}"

    def start(self) -> Extract:
        """See `Feature.start`.

        Raises:
            MissingExtraError: As `Inception`.
            ModelError: As `Inception`, or the file does not output classes.
        """
        network = _opened(self.path)

        def probabilities(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
            found = network(picture).probabilities
            if found is None:
                raise ModelError(
                    f"{self.path} outputs features only; the Inception Score needs a file that "
                    f"also outputs logits or probabilities, [N, {_CLASSES[0]}] or "
                    f"[N, {_CLASSES[1]}]"
                )
            return found

        probabilities(_probe())
        return probabilities


def _check(path: Path) -> None:
    if path.suffix.lower() not in _RESIZE:
        raise ModelError(
            f"{path} is not a known Inception-v3 file; expected a TorchScript export that "
            "ends in .pt or a graph that ends in .onnx"
        )
    check_file(path, what="a file with Inception-v3")


@functools.lru_cache(maxsize=2)
def _opened(path: Path) -> Inception:
    """The network, shared by both features in a process."""
    return Inception(path)


def _probe() -> NDArray[np.uint8]:
    """A picture to try a network on."""
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def _no_network(path: Path, why: str) -> ModelError:
    return ModelError(f"{path} is not an Inception-v3 that limner can use: {why}")


def _torchscript(path: Path) -> _Network:
    torch = torch_for(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit is deprecated
            network: Any = torch.jit.load(str(path), map_location="cpu").eval()
    except Exception as error:  # torch's own errors have no other base in common
        raise _no_network(
            path,
            "it is damaged or not a TorchScript file; weights alone (a state dict) are not enough",
        ) from error

    def run(picture: NDArray[np.uint8], **how: bool) -> NDArray[np.float32]:
        pixels = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            found: NDArray[np.float32] = network(pixels, **how).float().numpy()
        return found

    try:
        features = run(_probe(), return_features=True)
        probabilities = run(_probe(), no_output_bias=True)
        head = network.output.weight.detach().float().numpy().T
    except Exception as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise _no_network(
            path,
            f"it cannot be called as network(pictures, return_features=True) ({reason[0]})",
        ) from error
    if features.shape != (1, _FEATURES) or probabilities.shape not in [(1, n) for n in _CLASSES]:
        raise _no_network(
            path,
            f"for one picture it outputs features {list(features.shape)} and probabilities "
            f"{list(probabilities.shape)}; expected [1, {_FEATURES}] and [1, {_CLASSES[1]}]",
        )
    _check_finite(path, features, probabilities, head)
    if not np.allclose(_softmax(features[0] @ head), probabilities[0], atol=1e-3):
        raise _no_network(path, "its probabilities do not match its features")

    def forward(picture: NDArray[np.uint8]) -> Seen:
        (found,) = run(picture, return_features=True)
        _check_finite(path, found)
        return Seen(found, _softmax(found @ head))

    return forward


def _onnx(path: Path) -> _Network:
    ort = runtime()

    options = ort.SessionOptions()
    # Set for worker processes, which share the cores; 0 uses all of them.
    threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    options.log_severity_level = 4  # its errors reach the user as ours
    try:
        session: Any = ort.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own exceptions have no other base in common
        raise _no_network(path, "it is damaged or not an ONNX graph") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or not _fits(inputs[0]):
        raise _no_network(
            path,
            f"it takes {[(one.type, one.shape) for one in inputs]}; expected one input, "
            f"tensor(float) or tensor(uint8) [N, 3, {_SIDE}, {_SIDE}]",
        )
    (entry,) = inputs
    batch = entry.shape[0] if isinstance(entry.shape[0], int) else 1

    def run(picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        pixels = _resized(picture).transpose(2, 0, 1)
        if entry.type == "tensor(uint8)":
            pixels = pixels.round().astype(np.uint8)
        else:
            pixels = pixels / np.float32(127.5) - 1
        found = session.run(None, {entry.name: np.repeat(pixels[None], batch, axis=0)})
        return [np.asarray(one, np.float32)[0] for one in found]

    try:
        sizes = [one.shape for one in run(_probe())]
    except Exception as error:
        raise _no_network(path, "it cannot be run on a picture of 299 px") from error
    features = [at for at, size in enumerate(sizes) if size in ((2048,), (2048, 1, 1))]
    classes = [at for at, size in enumerate(sizes) if size in [(n,) for n in _CLASSES]]
    if len(features) != 1 or len(classes) > 1:
        raise _no_network(
            path,
            f"for one picture it outputs {[list(size) for size in sizes]}; expected features "
            f"[{_FEATURES}] and at most one of [{_CLASSES[0]}] or [{_CLASSES[1]}]",
        )
    ready = bool(classes) and _are_probabilities(run(_probe())[classes[0]])

    def forward(picture: NDArray[np.uint8]) -> Seen:
        found = run(picture)
        _check_finite(path, *found)
        if not classes:
            return Seen(found[features[0]].ravel(), None)
        of_classes = found[classes[0]]
        return Seen(found[features[0]].ravel(), of_classes if ready else _softmax(of_classes))

    return forward


def _check_finite(path: Path, *found: NDArray[np.float32]) -> None:
    if not all(np.isfinite(part).all() for part in found):
        raise ModelError(f"{path} outputs values that are not finite; use another copy of it")


def _fits(entry: Any) -> bool:
    """Whether an input takes pictures; a free size is a string, its name, or None."""
    wanted = (None, 3, _SIDE, _SIDE)
    return (
        entry.type in ("tensor(float)", "tensor(uint8)")
        and len(entry.shape) == len(wanted)
        and all(
            not isinstance(size, int) or needed in (None, size)
            for size, needed in zip(entry.shape, wanted, strict=True)
        )
    )


def _resized(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Resize to `[299, 299, 3]` in 0..255, not rounded, as clean-fid does."""
    planes = [
        Image.fromarray(picture[..., channel].astype(np.float32)).resize(
            (_SIDE, _SIDE), Image.Resampling.BICUBIC
        )
        for channel in range(3)
    ]
    pixels: NDArray[np.float32] = np.stack([np.asarray(plane) for plane in planes], axis=-1)
    return pixels.clip(0, 255)


def _are_probabilities(found: NDArray[np.float32]) -> bool:
    return bool(found.min() >= 0 and abs(found.sum() - 1) < 1e-3)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    probabilities: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
    return probabilities
