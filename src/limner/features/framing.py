"""Align pictures of all kinds in one way, so that they can be compared with each other.

The frame is that of the training data: a square whose outer eye corners lie on (0.3, 0.3) and
(0.7, 0.3). See `docs/measuring.md` for why each kind of picture is treated as it is.
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
"""Counts up whenever frames come out otherwise than before."""


class Framing(enum.IntEnum):
    """How a picture was brought to the frame."""

    BY_ITS_FACE = 1
    AS_IT_IS = 2
    BY_ITS_SKETCH = 3
    AS_IT_IS_WITHOUT_A_FACE = 4


@dataclass(frozen=True, kw_only=True)
class Framer:
    """Brings pictures to squares of `size` px."""

    size: int
    as_is: bool = False
    """Whether all pictures are faces that are cut out already."""
    _found: list[Detector] = field(default_factory=list, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Names all that a frame depends on but for the pictures."""
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
        """Bring one picture to the frame.

        Args:
            picture: `[H, W, 3]` RGB.
            result: Whether a model made it. A square result is in the frame already, as models
                of this field and limner's make them; another is framed like its sketch if it lies
                over it, and else by its own face. One without a face is taken as it is: it must
                count against the model.
            framed: Whether it is in the frame already.
            drawing: Whether it is a drawing, which is cleaned and may be turned, as for a model.
            sketch: `[H, W, 3]`: the drawing that lies under it.
            name: What messages call the picture.

        Returns:
            `[size, size, 3]`, and how.

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
        """A drawing as models get it, and its face. Raises NoFaceError."""
        page = open_page(sketch, lambda: self._detector).image
        page = page if page.ndim == 3 else np.stack([page] * 3, axis=-1)
        [face, *_] = find(page, self._detector, any_way=True, name=name)
        return page, face
