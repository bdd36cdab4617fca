"""Loads pictures from files, bytes, Pillow images and arrays."""

import os
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.errors import ImageError
from limner.images.decoding import FileInput, check_size, name_of, on_white, pixels_of, read
from limner.images.depth import eight_bits, rounded
from limner.images.files import one_line


class ArrayLike(Protocol):
    """What NumPy can look into, such as a torch tensor on the CPU."""

    def __array__(self) -> NDArray[Any]:
        """The values."""


@runtime_checkable
class _Open(Protocol):
    def read(self) -> bytes: ...


ImageInput = FileInput | Image.Image | NDArray[Any] | ArrayLike
"""A picture, as `load` takes it."""

_EXPECTED = (
    "expected a path, the bytes of a picture file, an open binary file, a Pillow picture or an "
    "array"
)
_SHAPES = "[H, W], or [H, W, C] with C = 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA)"
_ROUNDING = 1e-3
"""How far floats may lie beyond [0, 1]: what resizing and half precision leave."""
_DEEPEST = 65535
_CHANNELS = (1, 2, 3, 4)


def load(
    picture: ImageInput, *, name: str | None = None, transparent: bool = False
) -> NDArray[np.uint8]:
    """Take a picture in any form, and give it as the rest of limner works on it.

    ```python
    import numpy as np
    from limner import images

    from_file = images.load("drawing.jpg")
    from_floats = images.load(np.linspace(0, 1, 256 * 256).reshape(256, 256))
    ```

    Args:
        picture: one of

            - what `read` takes: a path, the bytes of a picture file, an open binary file;
            - a Pillow picture of any mode, which is turned upright if its EXIF data say so;
            - a NumPy array, or what gives one, such as a torch tensor on the CPU: [H, W] or
              [H, W, 1] grey, [H, W, 2] grey and alpha, [H, W, 3] RGB or [H, W, 4] RGBA; bool,
              floats in [0, 1], or whole numbers from 0 of up to 16 bits, which are scaled by the
              depth that they use: the smallest of 8, 10, 12, 14 and 16 bits that holds them.
        name: what messages call the picture; by default its path.
        transparent: keep the transparency, as of a layer that lies over another picture.

    Returns:
        [H, W, 3] RGB, or [H, W] of a grey array; upright, and opaque on white. An array that is
        so already is returned as it is. If `transparent`, always [H, W, 4] RGBA.

    Raises:
        ImageError: it is none of these, or cannot be read, or is too large.
    """
    name = name or name_of(picture)
    if isinstance(picture, np.ndarray):
        return _of_array(picture, name, transparent=transparent)
    if isinstance(picture, str | os.PathLike | bytes | bytearray | memoryview):
        return read(picture, name=name, transparent=transparent)
    if isinstance(picture, Image.Image):
        return pixels_of(picture, name, mode="RGBA" if transparent else "RGB")
    if isinstance(picture, _Open):
        return read(picture, name=name, transparent=transparent)
    if not hasattr(picture, "__array__") and not hasattr(picture, "__array_interface__"):
        found = "None, as cv2.imread returns for a file that it cannot read"
        if picture is not None:
            found = f"of type {type(picture).__name__}"
        raise ImageError(f"{name} is {found}; {_EXPECTED}")
    try:
        values = np.asarray(picture)
    except Exception as error:  # whatever its own code raises
        raise ImageError(
            f"{name} is of type {type(picture).__name__} and gives no array ({one_line(error)}); "
            "make a NumPy array of it first"
        ) from error
    return _of_array(values, name, transparent=transparent)


def _of_array(values: NDArray[Any], name: str, *, transparent: bool) -> NDArray[np.uint8]:
    values = np.asarray(values)  # matrices and the like calculate in their own way
    as_it_is = values.ndim == 2 or values.shape[2:] == (3,)
    if values.dtype == np.uint8 and as_it_is and not transparent:
        check_size(values.shape[1], values.shape[0], name)
        return values
    found = f"{name} is {_article(values)} array [{', '.join(map(str, values.shape))}]"
    _check_shape(values, found)
    check_size(values.shape[1], values.shape[0], name)
    pixels = values if values.dtype == np.uint8 else _eight_bits_of(values, found)
    channels = 0 if pixels.ndim == 2 else pixels.shape[2]
    if channels == 1:
        pixels, channels = pixels[..., 0], 0
    if transparent:
        return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBA"))
    if channels in (0, 3):
        return pixels
    flat = on_white(Image.fromarray(np.ascontiguousarray(pixels)))
    return np.asarray(flat.convert("L" if channels == 2 else "RGB"))


def _article(values: NDArray[Any]) -> str:
    kind = str(values.dtype)
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _check_shape(values: NDArray[Any], found: str) -> None:
    """Raise ImageError unless an array has the shape of one picture, channels last."""
    if values.ndim == 2 or (values.ndim == 3 and values.shape[2] in _CHANNELS):
        return
    if values.ndim == 4:
        advice = "give the pictures of a batch one by one"
    elif values.ndim == 3 and values.shape[0] in _CHANNELS:
        advice = "move its channels to the end, as np.moveaxis(picture, 0, -1) does"
    else:
        advice = "give one picture"
    raise ImageError(f"{found}; expected {_SHAPES}: {advice}")


def _eight_bits_of(values: NDArray[Any], found: str) -> NDArray[np.uint8]:
    """Bring whatever numbers an array holds to 8 bits.

    Raises:
        ImageError: they are not numbers, or it is not clear what white is among them.
    """
    if values.dtype == np.bool_:
        return values * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise ImageError(f"{found}; expected bool, whole numbers or floats")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        count = values.size - np.count_nonzero(np.isfinite(values))
        raise ImageError(
            f"{found} with {count} values that are NaN or infinite; expected floats in [0, 1]: "
            "replace them, as np.nan_to_num does"
        )
    least, largest = values.min().item(), values.max().item()
    found += f" with values from {least:g} to {largest:g}"
    if values.dtype.kind == "f":
        if least < -_ROUNDING or largest > 1 + _ROUNDING:
            raise ImageError(f"{found}; expected floats in [0, 1]: {_to_unit(least, largest)}")
        return rounded(values.astype(np.float32) * 255)
    if least < 0 or largest > _DEEPEST:
        raise ImageError(
            f"{found}; expected whole numbers from 0 to 255, or to {_DEEPEST} at most: scale them"
        )
    return eight_bits(values)


def _to_unit(least: float, largest: float) -> str:
    """How floats beyond [0, 1] are brought there."""
    if least >= 0 and largest <= 255 + _ROUNDING:
        return "divide them by 255"
    if least >= -1 - _ROUNDING and largest <= 1 + _ROUNDING:
        return "(picture + 1) / 2 brings them there from [-1, 1]"
    return "scale them"
