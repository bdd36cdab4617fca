"""`limner.photo` and `limner.sketch`: translate one picture with one call."""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner import images, sketching
from limner.directions import SKETCH_TO_PHOTO
from limner.drawings import Clean
from limner.errors import UsageError
from limner.images import ImageInput
from limner.locks import ForkLock
from limner.shipped import DEFAULT_DRAWER, DEFAULT_MODEL
from limner.translator import Translator, check_direction, check_drawer

if TYPE_CHECKING:
    from limner.hints import HintsInput

__all__ = ["MODEL", "check_sketch", "photo", "sketch"]

MODEL = "model"
"""The style for drawing with a model instead of a filter."""

_KEPT = 4
"""Models kept in memory."""
_LOADING = ForkLock()


def photo(
    picture: ImageInput,
    *,
    model: str | Path = DEFAULT_MODEL,
    as_is: bool = False,
    in_place: bool = False,
    clean: Clean | None = None,
    eyes: Sequence[float] | None = None,
    faithful: float | None = None,
    hints: "HintsInput | None" = None,
    name: str | None = None,
) -> NDArray[np.uint8]:
    """Turn the largest face of a drawing into a photo, as `limner photo` does.

    The model is loaded at the first call and kept. Several threads may call at once.

    ```python
    import limner
    from limner import images

    images.write("photo.png", limner.photo("drawing.jpg"))
    ```

    Args:
        picture: A path, the bytes of a file, a Pillow picture or an array; see `images.load`.
        model: Name of a shipped model, or path of an `.onnx` file.
        as_is: The picture is an aligned crop of a face: skip face detection.
        in_place: Paste the result back into the picture, where the face was.
        clean: Whether to clean a drawing, `auto` or `off`; by default as the model was trained.
        eyes: x1, y1, x2, y2 of the outer eye corners, if the face is not detected: in px of the
            picture as viewers show it, first the eye that is on the viewer's left when the face
            is upright.
        faithful: How literally the strokes are meant, 0 to 1; by default estimated from the
            drawing. For models that were trained for it.
        hints: Colours of the photo: by part, as `{"hair": "black"}`, or `limner.hints.Hints`,
            which may include strokes painted over the drawing.
        name: Name of the picture in messages; by default its path.

    Returns:
        `[S, S, 3]` RGB with the model's side S; `[H, W, 3]` if `in_place`.

    Raises:
        ImageError: The picture cannot be read, is not a picture, or strokes do not fit it.
        NoFaceError: No face was found, or it is too small.
        ModelError: There is no such model, or the file is damaged or not limner's.
        UsageError: `eyes` are not two points in the picture, or given with `as_is`; `faithful` is
            not in 0..1; a colour is unknown; the model makes sketches, or does not take what is
            given.
    """
    translate = check_direction(_translator(model), SKETCH_TO_PHOTO)
    return translate(
        picture,
        as_is=as_is,
        in_place=in_place,
        clean=clean,
        eyes=eyes,
        faithful=faithful,
        hints=hints,
        name=name,
    )


def sketch(
    picture: ImageInput,
    style: str = "pencil",
    seed: int = 0,
    *,
    model: str | Path | None = None,
    as_is: bool = False,
    name: str | None = None,
) -> NDArray[np.uint8]:
    """Draw a photo, as `limner sketch` does; the same arguments give the same drawing.

    Styles draw the complete picture. `style="model"` draws the largest face, aligned and cropped,
    with a model that learnt which strokes make a person recognisable.

    ```python
    import limner
    from limner import images

    images.write("sketch.png", limner.sketch("portrait.jpg", "charcoal", seed=7))
    images.write("face.png", limner.sketch("portrait.jpg", "model"))
    ```

    Args:
        picture: A path, the bytes of a file, a Pillow picture or an array; see `images.load`.
        style: A key of `sketching.STYLES`, or `model`.
        seed: Random seed of the strokes and the style's free parameters; not for a model.
        model: With the style `model`, name of a shipped model or path of an `.onnx` file; by
            default `limner.shipped.DEFAULT_DRAWER`.
        as_is: With the style `model`, the picture is an aligned crop: skip face detection.
        name: Name of the picture in messages; by default its path.

    Returns:
        `[H, W]`, 255 = paper; with the style `model`, `[S, S]` with the model's side S.

    Raises:
        ImageError: The picture cannot be read, or is not a picture.
        NoFaceError: With the style `model`, no face was found, or it is too small.
        ModelError: There is no such model, or the file is damaged or not limner's.
        UsageError: `style` is unknown, the model makes photos, or an argument is not for the
            style.
    """
    check_sketch(style, seed, model=model, as_is=as_is)
    if style == MODEL:
        draw = check_drawer(_translator(DEFAULT_DRAWER if model is None else model))
        return draw(picture, as_is=as_is, name=name)
    pixels = images.load(picture, name=name)
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    return sketching.sketch(pixels, style, seed)


def check_sketch(
    style: str,
    seed: int = 0,
    *,
    model: str | Path | None = None,
    as_is: bool = False,
    size: int | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raise `UsageError` unless these settings of a sketch fit together.

    `names` are what the user calls them, if that differs: `{"as_is": "--aligned"}`.
    """
    sketching.check_style(style, beside=[MODEL])
    if style == MODEL:
        if seed:
            raise UsageError(
                f"{names.get('seed', 'seed')} is {seed}, but the style '{MODEL}' has no seed: "
                "leave it out, or name another style"
            )
        return
    given = {"model": model is not None, "as_is": as_is, "size": size is not None}
    for name, is_given in given.items():
        if is_given:
            raise UsageError(
                f"{names.get(name, name)} is only for the style '{MODEL}', and the style is "
                f"'{style}': leave it out, or name the style '{MODEL}'"
            )


def _translator(model: str | Path) -> Translator:
    try:
        found = os.stat(model)  # noqa: PTH116 - a name with a null character is not a path, either
        version = found.st_mtime_ns, found.st_size
    except (OSError, ValueError):  # a shipped model's name, or a path that loading will reject
        version = 0, 0
    with _LOADING:  # one thread loads it, and the others wait
        return _loaded(str(model), version)


@functools.lru_cache(_KEPT)
def _loaded(model: str, version: tuple[int, int]) -> Translator:
    """The translator of a model file; `version` reloads a file that has changed."""
    del version
    return Translator(model)
