"""Align pictures of all kinds in the same way, so that they can be compared.

The crop is that of the training data: a square with the outer eye corners at (0.3, 0.3) and
(0.7, 0.3). See `docs/measuring.md` for how each kind of picture is aligned and why.
"""

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limner.errors import NoFaceError
from limner.faces import Detector, DlibDetector, Face, Preprocessing, find, open_page
from limner.faces.warp import warp
from limner.features.common import detector_model

__all__ = ["RESIZE", "Framer", "Framing"]

RESIZE = (
    "one similarity warp: shrunk with Lanczos' filter first, then bicubic (Pillow); crops of "
    "another size with Lanczos' filter"
)
"""How pictures are resampled, in words."""

_VERSION = 2
"""Increased whenever the aligned crops change."""


class Framing(enum.IntEnum):
    """How a picture was aligned."""

    BY_ITS_FACE = 1
    AS_IT_IS = 2
    BY_ITS_SKETCH = 3
    AS_IT_IS_WITHOUT_A_FACE = 4


@dataclass(frozen=True, kw_only=True)
class Framer:
    """Aligns and crops pictures to squares of `size` px."""

    size: int
    as_is: bool = False
    """Whether all pictures are aligned crops."""
    _found: list[Detector] = field(default_factory=list, repr=False, compare=False)

    @property
    def key(self) -> str:
        """All that a crop depends on, apart from the pictures."""
        return f"frame/{_VERSION}/{self.size}/{'as is' if self.as_is else detector_model()}"

    @property
    def _detector(self) -> Detector:
        if not self._found:
            self._found.append(DlibDetector())
        return self._found[0]

    def frame(
        self,
        picture: NDArray[np.uint8],
        *,
        result: bool = False,
        framed: bool = False,
        drawing: bool = False,
        sketch: NDArray[np.uint8] | None = None,
        name: str = "the picture",
    ) -> tuple[NDArray[np.uint8], Framing]:
        """Align and crop one picture.

        Args:
            picture: `[H, W, 3]` RGB.
            result: Whether a model generated it. A square result is treated as an aligned crop,
                as models of this field and limner's generate them; another is aligned by its
                sketch if that has the same size, otherwise by its own face. One without a face is
                used without alignment: it must count against the model.
            framed: Whether it is an aligned crop.
            drawing: Whether it is a drawing, which is cleaned and may be turned, as for a model.
            sketch: `[H, W, 3]`: the drawing to align it by.
            name: The picture's name in messages.

        Returns:
            `[size, size, 3]`, and how it was aligned.

        Raises:
            NoFaceError: No face was found in a picture that is not a result.
        """
        cut = Preprocessing(size=self.size)
        square = picture.shape[0] == picture.shape[1]
        if self.as_is or framed or (result and square):
            return cut.as_is(picture).image, Framing.AS_IT_IS
        try:
            if drawing:
                page, face = self._page(picture, name)
                return cut.align(page, face, name=name).image, Framing.BY_ITS_FACE
            if sketch is not None:
                page, face = self._page(sketch, name)
                transform = cut.align(page, face, name=name).transform
                return warp(picture, transform, (self.size, self.size)), Framing.BY_ITS_SKETCH
            [face, *_] = find(picture, self._detector, name=name)
            return cut.align(picture, face, name=name).image, Framing.BY_ITS_FACE
        except NoFaceError:
            if not result:
                raise
            return cut.as_is(picture).image, Framing.AS_IT_IS_WITHOUT_A_FACE

    def _page(self, sketch: NDArray[np.uint8], name: str) -> tuple[NDArray[np.uint8], Face]:
        """A drawing, cleaned as for a model, and its face. Raises NoFaceError."""
        page = open_page(sketch, lambda: self._detector).image
        page = page if page.ndim == 3 else np.stack([page] * 3, axis=-1)
        [face, *_] = find(page, self._detector, any_way=True, name=name)
        return page, face
