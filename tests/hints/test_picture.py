import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.errors import ImageError
from limner.faces import Face, Preprocessing
from limner.faces.warp import apply
from limner.hints.picture import Strokes

RED, BLUE = (200, 30, 20), (10, 40, 220)


def layer(height, width):
    return np.zeros((height, width, 4), np.uint8)


def aligned_to(shape, left, right):
    """The frame of a face whose eye corners are there, the face's own left in the picture first."""
    points = np.float32([right, right, left, left, right])
    face = Face(box=(0, 0, 9, 9), score=1.0, points=points)
    return Preprocessing(size=64).align(np.full((*shape, 3), 255, np.uint8), face)


def centre(hints):
    """x, y of what is painted, as shares of the side."""
    rows, columns = np.nonzero(hints[..., 3])
    return (columns.mean() + 0.5) / len(hints), (rows.mean() + 0.5) / len(hints)


@pytest.mark.parametrize("angle", [0, 20, 180])
@pytest.mark.parametrize("scale", [1, 0.5, 3])
def test_strokes_go_where_the_drawing_goes(angle, scale):
    """A dot on an eye corner of a face that is turned, in a layer of any size."""
    turn = np.exp(1j * np.radians(angle))
    x, y = complex(250, 200) - 60 * turn, complex(250, 200) + 60 * turn
    found = aligned_to((400, 500), (x.real, x.imag), (y.real, y.imag))
    painted = layer(int(400 * scale), int(500 * scale))
    rows, columns = np.ogrid[: painted.shape[0], : painted.shape[1]]
    away = (columns + 0.5 - x.real * scale) ** 2 + (rows + 0.5 - x.imag * scale) ** 2
    painted[away < (12 * scale) ** 2] = (*RED, 255)
    hints = Strokes(painted, "s.png").in_frame(found, (400, 500), drawing="d.png")
    assert hints.shape == (64, 64, 4)
    assert centre(hints) == pytest.approx((0.3, 0.3), abs=0.01)
    assert set(np.unique(hints[..., 3])) == {0, 255}
    off = np.abs(hints[hints[..., 3] > 0][:, :3].astype(int) - RED)
    assert np.median(off) <= 1
    assert off.max() <= 6  # at the edge, where alpha is small
    assert not hints[hints[..., 3] == 0].any()


def test_beyond_the_page_nothing_is_painted():
    painted = layer(100, 100)
    painted[:] = (*RED, 255)
    painted[0, 0] = 0
    found = aligned_to((100, 100), (5, 10), (45, 10))  # most of the frame lies beyond the page
    hints = Strokes(painted, "s.png").in_frame(found, (100, 100), drawing="d.png")
    corners = apply(found.transform, np.array([[0, 0], [100, 100]]))
    inside = np.zeros((64, 64), bool)
    (left, top), (right, bottom) = np.rint(corners).astype(int).clip(0, 64)
    inside[top:bottom, left:right] = True
    painted_on = hints[..., 3] > 0
    assert inside.mean() < 0.9
    assert (painted_on & ~inside).mean() < 0.02
    assert (~painted_on & inside).mean() < 0.02


def test_thin_strokes_on_a_large_page_are_seen_and_keep_their_colour():
    painted = layer(2000, 2000)
    painted[:, 1000:1010] = (*BLUE, 255)  # 10 px, that become 0.5
    found = aligned_to((2000, 2000), (744, 800), (1256, 800))
    hints = Strokes(painted, "s.png").in_frame(found, (2000, 2000), drawing="d.png")
    given = hints[..., 3] > 0
    assert given.any(axis=1).all()
    assert np.abs(hints[given][:, :3].astype(int) - BLUE).max() <= 3


def test_soft_edges_do_not_mix_with_what_is_transparent():
    """The colour that programs leave under transparent pixels is nobody's."""
    painted = layer(128, 128)
    painted[..., :3] = (255, 255, 255)
    painted[40:80, 40:80] = (*RED, 255)
    found = aligned_to((128, 128), (38, 38), (90, 38))
    hints = Strokes(painted, "s.png").in_frame(found, (128, 128), drawing="d.png")
    assert np.abs(hints[hints[..., 3] > 0][:, :3].astype(int) - RED).max() <= 3


def test_a_layer_is_read_in_any_form(tmp_path):
    painted = layer(40, 50)
    painted[10:20, 10:20] = (*RED, 255)
    path = tmp_path / "strokes.png"
    Image.fromarray(painted).save(path)
    forms = (path, str(path), path.read_bytes(), Image.open(path), painted, painted / 255)
    for form in forms:
        assert np.array_equal(Strokes.of(form).pixels, painted)
    palette = Image.fromarray(painted).quantize(8)
    palette.save(tmp_path / "palette.png")
    read = Strokes.of(tmp_path / "palette.png").pixels
    assert np.array_equal(read[..., 3] > 0, painted[..., 3] > 0)
    assert Strokes.of(path).name == str(path)


def test_what_is_no_layer_is_refused(tmp_path):
    opaque = tmp_path / "opaque.jpg"
    images.write(opaque, np.full((40, 50, 3), 200, np.uint8))
    with pytest.raises(ImageError, match=r"opaque\.jpg has no transparent part"):
        Strokes.of(opaque)
    with pytest.raises(ImageError, match="the hint picture has no transparent part"):
        Strokes.of(np.full((8, 8, 4), 255, np.uint8))
    with pytest.raises(ImageError, match="nothing is painted on it"):
        Strokes.of(layer(8, 8))
    with pytest.raises(ImageError, match=r"nosuch\.png: no such file"):
        Strokes.of(tmp_path / "nosuch.png")


def test_a_layer_of_another_shape_is_refused():
    painted = layer(100, 150)
    painted[50, 50] = 255
    strokes, found = Strokes(painted, "s.png"), aligned_to((200, 200), (60, 80), (120, 80))
    with pytest.raises(ImageError, match=r"s\.png is 150x100 px and d\.png 200x200"):
        strokes.in_frame(found, (200, 200), drawing="d.png")
