import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.errors import ImageError


def peak_of(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_small_file_takes_little_memory(tmp_path):
    images.write(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    assert peak_of(lambda: images.read(tmp_path / "a.png")) < 10_000_000


def test_an_icon_is_refused_before_it_is_decoded(tmp_path):
    """Pillow decodes icons when it opens them, so a small file could take gigabytes."""
    picture = io.BytesIO()
    Image.new("1", (4000, 4000)).save(picture, "PNG")
    entry = bytes([0, 0, 0, 0, 1, 0, 32, 0]) + len(picture.getvalue()).to_bytes(4, "little")
    icon = b"\0\0\1\0\1\0" + entry + (22).to_bytes(4, "little") + picture.getvalue()
    with pytest.warns(UserWarning, match="not the expected size"):
        assert Image.open(io.BytesIO(icon)).size == (4000, 4000)
    for work in (lambda: images.read(icon), lambda: images.header(icon)):
        with pytest.raises(ImageError, match="an icon"):
            work()
