import io

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.errors import ImageError


@pytest.mark.parametrize(("form", "longest"), [("WebP", 16_383), ("JPEG", 65_500)])
def test_a_picture_that_is_too_long_for_a_format_is_refused(form, longest, tmp_path):
    fits = np.zeros((2, longest, 3), np.uint8)
    assert Image.open(io.BytesIO(images.encode(fits, format=form))).size == (longest, 2)
    long = np.zeros((longest + 1, 2, 3), np.uint8)
    with pytest.raises(
        ImageError, match=rf"2x{longest + 1} pixels.*{form}.*{longest}; write a PNG"
    ):
        images.encode(long, format=form)
    path = tmp_path / f"long.{form.lower()}"
    with pytest.raises(ImageError, match=r"long\.[a-z]+: "):
        images.write(path, long)
    assert not path.exists()
    assert images.encode(long)
