"""The runtime: translates pictures with a model file, without torch."""

import copy
import os
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from limner.directions import CHANNELS, PHOTO_TO_SKETCH, Direction
from limner.drawings import Clean
from limner.errors import ModelError, UsageError
from limner.faces import (
    Aligned,
    Detector,
    DlibDetector,
    face_from_eyes,
    find,
    notes_of,
    open_page,
    put_back,
)
from limner.guidance import check_takes, even, guidance, hints_of, literal_of
from limner.images import LUMA, ImageInput, load, name_of
from limner.locks import ForkLock
from limner.model import KEY, ModelCard
from limner.provenance import Provenance
from limner.session import Session
from limner.shipped import DEFAULT_DRAWER, DEFAULT_MODEL, find_model, read_model, shipped_models
from limner.translation import Prepared, Translation

if TYPE_CHECKING:
    from limner.hints import HintsInput

_LOADING = ForkLock()
_ADVICE = {
    "sketch": "give the positions of the outer eye corners, or say that the whole picture is the "
    "face",
    # Sketching a photo takes no eyes, only the whole picture.
    "photo": "say that the whole picture is the face",
}
"""What to do if no face is found, by what the model takes."""


class Translator:
    """Turns drawings of faces into photos, or photos into drawings, depending on its model.

    ```python
    from limner import Translator, images

    translate = Translator()
    images.write("photo.png", translate("drawing.jpg"))
    ```

    A picture may be anything that `images.load` takes: a path, the bytes of a file, a Pillow
    picture, an array.

    A translator can be used by several threads at once, copied, pickled and forked: it contains its
    model, and each process makes its own session of ONNX Runtime. For pickling, a `detector` that
    was given must be picklable; dlib's is loaded again.
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
            threads: CPU threads per call; 0 for one per core, at most four. More would wait for
                each other, as the network is small.
            detector: The face detector; by default dlib's, loaded when first needed.

        Raises:
            ModelError: There is no such model, or the file is damaged or not limner's.
        """
        path = find_model(model)
        self._session = Session(read_model(path), threads=threads)
        try:
            runtime = self._session.runtime
        except ImportError:
            raise
        except Exception as error:  # onnxruntime's exceptions have no other common base
            raise ModelError(f"{path} is damaged or not an ONNX model; export it again") from error
        metadata: dict[str, str] = runtime.get_modelmeta().custom_metadata_map
        if KEY not in metadata:
            raise ModelError(
                f"{path} is an ONNX model, but was not exported by limner; name one of "
                f"{', '.join(shipped_models())}, or a file from limner export"
            )
        self.card = ModelCard.from_json(metadata[KEY], name=str(path))
        """The model's metadata."""
        self.card.check_graph(runtime, name=str(path))
        self.provenance = Provenance(model=self.card.name, digest=self.card.weights)
        """Written into the pictures that it makes."""
        self._given = detector
        self._detector: tuple[int, Detector] | None = None

    @property
    def detector(self) -> Detector:
        """The face detector."""
        if self._given is not None:
            return self._given
        with _LOADING:
            # If the process is forked during a search, the detector's lock is never released.
            if self._detector is None or self._detector[0] != os.getpid():
                self._detector = os.getpid(), DlibDetector()
            return self._detector[1]

    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps(self._given)
        except Exception as error:  # its own code may raise anything
            raise UsageError(
                f"the detector that this Translator was given cannot be pickled ({error}); give "
                "one that can be, or none for dlib's"
            ) from error
        return self.__dict__ | {"_detector": None}

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy.copy(self)  # its parts never change, so they can be shared

    def __call__(
        self,
        picture: ImageInput,
        *,
        as_is: bool = False,
        in_place: bool = False,
        clean: Clean | None = None,
        eyes: Sequence[float] | None = None,
        faithful: float | None = None,
        hints: "HintsInput | None" = None,
        name: str | None = None,
    ) -> NDArray[np.uint8]:
        """Translate the largest face of a picture.

        A drawing is cleaned first where necessary, as `limner.drawings.clean` describes. Its face
        is also found if the page is turned.

        Args:
            picture: A path, the bytes of a file, a Pillow picture or an array; see `images.load`.
            as_is: The picture is an aligned crop of a face: skip face detection.
            in_place: Paste the result back into the picture, where the face was.
            clean: Whether to clean a drawing, `auto` or `off`; by default as the model was trained.
            eyes: x1, y1, x2, y2 of the outer eye corners, if the face is not detected: in px of
                the picture as viewers show it, first the eye that is on the viewer's left when
                the face is upright.
            faithful: How literally the strokes are meant: 1 keeps each in place; towards 0, the
                face only resembles the drawing. By default estimated from the drawing. A model
                that was not trained for it always keeps them.
            hints: Colours of the photo: by part, as `{"hair": "black"}`, or `limner.hints.Hints`,
                which may include strokes painted over the drawing.
            name: Name of the picture in messages; by default its path.

        Returns:
            `[S, S, 3]` RGB with S = `card.preprocessing.size`, or `[S, S]` grey if the model makes
            sketches; `[H, W, 3]` if `in_place`.

        Raises:
            ImageError: The picture cannot be read, is not a picture, or strokes do not fit it.
            NoFaceError: No face was found, or it is too small.
            UsageError: `eyes` are not two points in the picture, or given with `as_is`; `faithful`
                is not in 0..1; a colour is unknown; or the model does not take what is given.
        """
        pixels, name = load(picture, name=name), name or name_of(picture)
        [translation] = self.translate(
            pixels,
            as_is=as_is,
            clean=clean,
            eyes=eyes,
            faithful=faithful,
            hints=hints,
            name=name,
        )
        if in_place:
            return put_back(translation.image, translation.aligned, pixels)
        return translation.image

    def translate(
        self,
        picture: ImageInput,
        *,
        as_is: bool = False,
        every_face: bool = False,
        clean: Clean | None = None,
        eyes: Sequence[float] | None = None,
        faithful: float | None = None,
        hints: "HintsInput | None" = None,
        variants: int | None = None,
        name: str | None = None,
    ) -> list[Translation]:
        """Translate the largest face, or every face that is large enough, largest first.

        With `variants`, that many photos of the largest face. They differ in the colours that are
        not given, which a pencil drawing does not show. Other arguments and errors as in
        `__call__`.
        """
        prepared = self.prepare(
            picture,
            as_is=as_is,
            every_face=every_face,
            clean=clean,
            eyes=eyes,
            faithful=faithful,
            hints=hints,
            variants=variants,
            name=name,
        )
        crops = [face.image for face in prepared.aligned]
        made = self.batch(crops, literal=prepared.literal, hints=prepared.hints)
        return [Translation(*pair) for pair in zip(made, prepared.aligned, strict=True)]

    def prepare(
        self,
        picture: ImageInput,
        *,
        as_is: bool = False,
        every_face: bool = False,
        clean: Clean | None = None,
        eyes: Sequence[float] | None = None,
        faithful: float | None = None,
        hints: "HintsInput | None" = None,
        variants: int | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> Prepared:
        """Everything that `translate` does before the network, whose turn is `batch`.

        `seed` chooses the colours of the variants. Other arguments and errors as in `translate`.
        """
        if variants is not None and every_face:
            raise UsageError("variants works on one face, but every_face is set: leave one out")
        if faithful is not None:
            check_takes(self.card, "literal")
        wanted = hints_of(self.card, hints, variants, seed=seed)
        name = name or name_of(picture)
        pixels = load(picture, name=name)
        aligned = self.align(
            pixels, as_is=as_is, every_face=every_face, clean=clean, eyes=eyes, name=name
        )
        literal = literal_of(self.card, [face.image for face in aligned], faithful)
        drawn = [hint for one in wanted for hint in one.drawn(aligned, pixels.shape, name=name)]
        times = variants or 1
        return Prepared(
            aligned=aligned * times,
            literal=literal and literal * times,
            hints=drawn or None,
            wanted=wanted,
        )

    def align(
        self,
        picture: ImageInput,
        *,
        as_is: bool = False,
        every_face: bool = False,
        clean: Clean | None = None,
        eyes: Sequence[float] | None = None,
        name: str | None = None,
    ) -> list[Aligned]:
        """Detect, align and crop faces as for training. Args and errors as in `translate`."""
        if eyes is not None and (as_is or every_face):
            other = "as_is" if as_is else "every_face"
            raise UsageError(f"eyes marks one face, but {other} is set: leave one out")
        name = name or name_of(picture)
        pixels = load(picture, name=name)
        preprocessing = self.card.preprocessing
        how = (clean or preprocessing.clean) if self.card.ends[0] == "sketch" else "off"
        page = open_page(pixels, lambda: self.detector, how)
        if eyes is not None:
            faces = [face_from_eyes(eyes, pixels.shape)]
        elif as_is or not preprocessing.aligned:
            return [replace(preprocessing.as_is(page.image), notes=page.notes)]
        else:
            which: Literal["largest", "all"] = "all" if every_face else "largest"
            faces = find(
                page.image,
                self.detector,
                which=which,
                any_way=True,
                name=name,
                advice=_ADVICE[self.card.ends[0]],
            )
            # A face in the background must not cost the others; one that is alone gets its error.
            least = preprocessing.min_eye_distance
            faces = [face for face in faces if face.eye_distance >= least] or faces[:1]
        return [
            replace(preprocessing.align(page.image, face, name=name), notes=notes_of(page, face))
            for face in faces
        ]

    def batch(
        self,
        crops: Sequence[NDArray[np.uint8]],
        *,
        literal: Sequence[float] | None = None,
        hints: Sequence[NDArray[np.uint8]] | None = None,
    ) -> NDArray[np.uint8]:
        """Translate aligned faces.

        Args:
            crops: N times `[S, S, 3]` RGB or `[S, S]` grey with S = `card.preprocessing.size`.
            literal: How literally each drawing is meant, 0..1; by default 1.
            hints: A hint picture `[S, S, 4]` for each, see `limner.hints`; by default none.

        Returns:
            `[N, S, S, 3]` RGB, or `[N, S, S]` grey if the model makes sketches.

        Raises:
            UsageError: A crop or a hint picture has another size, or the model does not take
                `literal` or `hints`.
        """
        side = self.card.preprocessing.size
        if other := {crop.shape[:2] for crop in crops} - {(side, side)}:
            found = ", ".join(f"{width}x{height}" for height, width in sorted(other))
            raise UsageError(
                f"crops have {found} px, but this model takes {side}x{side}; use align"
            )
        source, made_kind = self.card.ends
        channels = CHANNELS[made_kind]
        if not crops:
            made = np.empty((0, channels, side, side), np.float32)
        else:
            shown = np.stack([_planes(crop, CHANNELS[source]) for crop in crops])
            given = {source: shown / np.float32(127.5) - 1}
            made = self._session.run(given | guidance(self.card, len(crops), literal, hints))
        # In float32 and in place: temporary arrays of this size would cost noticeable time.
        made += 1
        made *= 127.5
        np.rint(made, out=made)
        pictures = made.astype(np.uint8)
        if channels == 1:
            return pictures[:, 0]
        return even(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)), hints)


def check_drawer(translator: Translator) -> Translator:
    """Return the translator if its model turns photos into sketches; else raise UsageError."""
    return check_direction(translator, PHOTO_TO_SKETCH)


def check_direction(translator: Translator, direction: Direction) -> Translator:
    """Return the translator if its model has this direction; else raise UsageError."""
    card = translator.card
    if card.direction != direction:
        known = DEFAULT_DRAWER if direction == PHOTO_TO_SKETCH else DEFAULT_MODEL
        raise UsageError(
            f"model '{card.name}' is {card.direction}; name one that is {direction}, such as "
            f"{known}"
        )
    return translator


def _planes(crop: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """`[channels, S, S]` of a grey or colour crop."""
    if channels == 1:
        return (crop.astype(np.float32) if crop.ndim == 2 else crop @ LUMA)[None]
    if crop.ndim == 2:
        crop = np.stack([crop] * channels, axis=-1)
    return crop.transpose(2, 0, 1).astype(np.float32)
