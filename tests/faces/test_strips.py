"""Pages so long and narrow that there is no room for a face."""

import numpy as np
import pytest

from limner.errors import NoFaceError
from limner.translator import Translator


@pytest.mark.parametrize("shape", [(7, 2000, 3), (2000, 7, 3), (1, 5000), (40, 12000, 3)])
@pytest.mark.parametrize("level", [0, 255])
def test_a_strip_has_no_face(shape, level):
    strip = np.full(shape, level, np.uint8)
    with pytest.raises(NoFaceError):
        Translator()(strip)
