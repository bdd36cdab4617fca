"""The runtime: a model file and a picture in, a picture out. No torch."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.directions import CHANNELS
from limner.errors import ModelError, UsageError
from limner.faces import Aligned, Detector, DlibDetector, find, put_back
from limner.images import LUMA
from limner.model import KEY, ModelCard
from limner.provenance import Provenance

SUFFIX = ".onnx"
DEFAULT_MODEL = "portrait"


def shipped_models() -> dict[str, Path]:
    """The models that come with the package, by name."""
    folder = Path(str(resources.files("limner") / "models"))
    return {file.stem: file for file in sorted(folder.glob(f"*{SUFFIX}"))}


@dataclass(frozen=True, eq=False)
class Translation:
    """One face, translated."""

    image: NDArray[np.uint8]
    """The made face: `[S, S, 3]` RGB, or `[S, S]` grey if it is a sketch."""
    aligned: Aligned
    """What it was made from."""


class Translator:
    """Turns drawings of faces into photos, or photos into drawings, as its model goes.

    ```python
    from limner import Translator, images

    photo = Translator()(images.read("drawing.jpg"))
    images.write("photo.png", photo)
    ```

    An object may be used by several threads at once.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        threads: int = 0,
        detector: Detector | None = None,
    ) -> None:
        """Load a model.

        Args:
            model: Name of a shipped model, or path of an `.onnx` file.
            threads: CPU threads of one call; 0 takes one for each core, at most four: the
                network is small, and more of them wait for each other.
            detector: What finds faces; by default dlib's, loaded when first needed.

        Raises:
            ModelError: There is no such model, or the file is damaged or not limner's.
        """
        import onnxruntime as ort

        path = _find_model(model)
        data = _read(path)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or min(_cores(), 4)
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # its complaints reach the user as our errors
        try:
            self._session: Any = ort.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no base but this one
            raise ModelError(
                f"{path} is no ONNX model, or a damaged one; export it again"
            ) from error
        metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        if KEY not in metadata:
            raise ModelError(
                f"{path} is an ONNX model, but not one that limner exported; name one of "
                f"{', '.join(shipped_models())}, or a file from limner export"
            )
        self.card = ModelCard.from_json(metadata[KEY], name=str(path))
        """What the model says about itself."""
        self._check_shapes(path)
        self.provenance = Provenance(model=self.card.name, digest=self.card.weights)
        """What is written into pictures that it makes."""
        self._detector = detector
        self._loading = threading.Lock()

    @property
    def detector(self) -> Detector:
        """What finds the faces."""
        with self._loading:
            if self._detector is None:
                self._detector = DlibDetector()
            return self._detector

    def _check_shapes(self, path: Path) -> None:
        """Raise ModelError unless the graph takes and gives what its card promises."""
        tensors_of = (self._session.get_inputs(), self._session.get_outputs())
        for tensors, name in zip(tensors_of, self.card.ends, strict=True):
            found = [(tensor.name, tensor.shape[1:]) for tensor in tensors]
            promised = self.card.shape_of(name)
            if found != [(name, promised)]:
                raise ModelError(
                    f"{path} has {found} where its metadata promise {name} {promised}; "
                    "export it again"
                )

    def __call__(
        self,
        picture: NDArray[np.uint8],
        *,
        as_is: bool = False,
        in_place: bool = False,
        name: str = "the picture",
    ) -> NDArray[np.uint8]:
        """Translate the largest face of a picture.

        Args:
            picture: `[H, W, 3]` RGB or `[H, W]` grey.
            as_is: Take the whole picture for the face, without looking for one.
            in_place: Put the result back to where the face was.
            name: What messages call the picture.

        Returns:
            `[S, S, 3]` RGB with S = `card.preprocessing.size`, or `[S, S]` grey if the model makes
            sketches; `[H, W, 3]` if `in_place`.

        Raises:
            NoFaceError: No face was found, or one that is too small.
        """
        [translation] = self.translate(picture, as_is=as_is, name=name)
        if in_place:
            return put_back(translation.image, translation.aligned, picture)
        return translation.image

    def translate(
        self,
        picture: NDArray[np.uint8],
        *,
        as_is: bool = False,
        every_face: bool = False,
        name: str = "the picture",
    ) -> list[Translation]:
        """Translate the largest face, or every face, largest first.

        Args and errors as in `__call__`.
        """
        aligned = self.align(picture, as_is=as_is, every_face=every_face, name=name)
        made = self.batch([face.image for face in aligned])
        return [Translation(*pair) for pair in zip(made, aligned, strict=True)]

    def align(
        self,
        picture: NDArray[np.uint8],
        *,
        as_is: bool = False,
        every_face: bool = False,
        name: str = "the picture",
    ) -> list[Aligned]:
        """Find and cut out faces exactly as for training. Args and errors as in `translate`."""
        preprocessing = self.card.preprocessing
        if as_is or not preprocessing.aligned:
            return [preprocessing.as_is(picture)]
        faces = find(picture, self.detector, which="all" if every_face else "largest", name=name)
        return [preprocessing.align(picture, face, name=name) for face in faces]

    def batch(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Translate aligned faces.

        Args:
            crops: N times `[S, S, 3]` RGB or `[S, S]` grey with S = `card.preprocessing.size`.

        Returns:
            `[N, S, S, 3]` RGB, or `[N, S, S]` grey if the model makes sketches.

        Raises:
            UsageError: A crop has another size.
        """
        side = self.card.preprocessing.size
        if other := {crop.shape[:2] for crop in crops} - {(side, side)}:
            found = ", ".join(f"{width}x{height}" for height, width in sorted(other))
            raise UsageError(f"crops of {found} px; this model takes {side}x{side}, as align gives")
        source, made_kind = self.card.ends
        channels = CHANNELS[made_kind]
        if not crops:
            made = np.empty((0, channels, side, side), np.float32)
        else:
            shown = np.stack([_planes(crop, CHANNELS[source]) for crop in crops])
            [made] = self._session.run(None, {source: shown / np.float32(127.5) - 1})
        # In float32 throughout, in place: at this size each temporary array shows in the time.
        made += 1
        made *= 127.5
        np.rint(made, out=made)
        pictures = made.astype(np.uint8)
        if channels == 1:
            return pictures[:, 0]
        return np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))


def _planes(crop: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """`[channels, S, S]` of a grey or colour crop."""
    if channels == 1:
        return (crop.astype(np.float32) if crop.ndim == 2 else crop @ LUMA)[None]
    if crop.ndim == 2:
        crop = np.stack([crop] * channels, axis=-1)
    return crop.transpose(2, 0, 1).astype(np.float32)


def _find_model(model: str | Path) -> Path:
    shipped = shipped_models()
    if str(model) in shipped:
        return shipped[str(model)]
    path = Path(model)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises on some names
        known = ", ".join(shipped) or "none"
        raise ModelError(
            f"there is no model '{model}'; shipped with limner: {known}; or name a file"
        )
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error


def _cores() -> int:
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1
