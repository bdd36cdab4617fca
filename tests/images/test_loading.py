"""A picture in any form that a program has it in, and what is not a picture."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from limner import images
from limner.errors import ImageError

RGB = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
GREY = RGB[..., 0].copy()


def png(picture=None):
    file = io.BytesIO()
    (Image.fromarray(RGB) if picture is None else picture).save(file, "PNG")
    return file.getvalue()


def test_arrays_that_need_nothing_are_not_copied():
    for picture in (RGB, GREY, RGB[::-1, ::2]):
        assert images.load(picture) is picture


def test_files_in_every_form(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    with path.open("rb") as file:
        forms = [
            path,
            str(path),
            png(),
            bytearray(png()),
            memoryview(png()),
            file,
            io.BytesIO(png()),
        ]
        assert all(np.array_equal(images.load(form), RGB) for form in forms)


@pytest.mark.parametrize(
    "made",
    [
        lambda: RGB.astype(np.int64),
        lambda: RGB.astype(np.uint16),
        lambda: RGB / 255,
        lambda: (RGB / 255).astype(np.float32),
        lambda: (RGB / 255).astype(np.float16),
        lambda: np.dstack([RGB, np.full((6, 8), 255, np.uint8)]),
        lambda: np.dstack([RGB / 255, np.ones((6, 8))]),
        lambda: torch.from_numpy(RGB),
        lambda: torch.from_numpy(RGB / 255),
        lambda: np.asfortranarray(RGB),
        lambda: Image.fromarray(RGB),
        lambda: Image.open(io.BytesIO(png())),
        lambda: memoryview(png()),
    ],
)
def test_colour_in_every_form(made):
    loaded = images.load(made())
    assert loaded.dtype == np.uint8
    assert np.array_equal(loaded, RGB)


@pytest.mark.parametrize(
    "made",
    [
        lambda: GREY[..., None],
        lambda: GREY / 255,
        lambda: (GREY / 255)[..., None],
        lambda: np.dstack([GREY, np.full((6, 8), 255, np.uint8)]),
        lambda: torch.from_numpy(GREY)[..., None],
        lambda: np.rint(GREY * (4095 / 255)).astype(np.uint16),
    ],
)
def test_grey_in_every_form(made):
    deep = made()
    loaded = images.load(deep)
    assert loaded.shape == GREY.shape
    if str(getattr(deep, "dtype", "")) == "uint16":  # 12 bits are told by the largest value
        assert np.asarray(deep).max() > 1023
    assert np.array_equal(loaded, GREY)


def test_truth_values_are_black_and_white():
    assert images.load(GREY > 99).tolist() == np.where(GREY > 99, 255, 0).tolist()


def test_what_has_only_an_array_interface():
    class Exporter:
        __array_interface__ = RGB.__array_interface__
        kept = RGB

    assert np.array_equal(images.load(Exporter()), RGB)


def test_alpha_is_laid_on_white():
    clear = np.dstack([RGB, np.zeros((6, 8), np.uint8)])
    clear[0, 0, 3] = 255
    loaded = images.load(clear)
    assert loaded[0, 0].tolist() == RGB[0, 0].tolist()
    assert (loaded[1:] == 255).all()
    half = np.full((2, 2, 2), 0.5, np.float32)
    assert images.load(half).tolist() == [[191] * 2] * 2
    assert images.load(half).tolist() == images.load(np.uint8([[[128, 128]] * 2] * 2)).tolist()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "F", "I"])
def test_pillow_pictures_of_every_mode(mode):
    source = Image.fromarray(GREY if mode in ("I;16", "F", "I") else RGB)
    picture = source.convert("I").convert(mode) if mode == "I;16" else source.convert(mode)
    loaded = images.load(picture)
    assert loaded.shape == RGB.shape
    assert loaded.dtype == np.uint8
    expected = np.asarray(picture.convert("RGB") if mode not in ("I;16", "F", "I") else GREY)
    assert np.array_equal(loaded if expected.ndim == 3 else loaded[..., 0], expected)


def test_a_lab_picture_is_converted_by_its_colours():
    assert (
        np.abs(images.load(Image.new("LAB", (2, 2), (255, 128, 128))).astype(int) - 255).max() < 3
    )
    red = images.load(Image.new("LAB", (2, 2), (136, 208, 195)))[0, 0].astype(int)
    assert np.abs(red - (255, 0, 0)).max() < 12


def test_a_turned_pillow_picture_is_made_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "PNG", exif=exif)
    with Image.open(file) as picture:
        assert np.array_equal(images.load(picture), np.rot90(RGB, -1))


def test_a_damaged_pillow_picture_is_refused(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(Image.effect_noise((64, 64), 50))[:1500])
    with (
        Image.open(path) as picture,
        pytest.raises(ImageError, match=r"a\.png: damaged or cut off"),
    ):
        images.load(picture)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (None, "the picture is None, as cv2.imread .* expected a path"),
        ([[1, 2], [3, 4]], "is of type list; expected a path"),
        (7, "is of type int"),
        ("no-such.png", r"no-such\.png: no such file"),
        (b"", "empty"),
        (io.StringIO("x"), "gives str, not bytes; open it in mode 'rb'"),
        (np.zeros((3, 20, 30)), r"a float64 array \[3, 20, 30\]; expected .*np.moveaxis"),
        (np.zeros((1, 20, 30), np.uint8), r"a uint8 array \[1, 20, 30\].*moveaxis"),
        (np.zeros((2, 20, 30, 3)), r"\[2, 20, 30, 3\].*one by one"),
        (np.zeros((20, 30, 5)), r"\[20, 30, 5\]; expected \[H, W\], or \[H, W, C\]"),
        (np.zeros(20), r"\[20\]; expected"),
        (np.zeros((0, 5, 3), np.uint8), "5x0 pixels; expected at least one"),
        (Image.new("RGB", (0, 5)), "0x5 pixels"),
        (
            np.full((2, 2), 200.0),
            "values from 200 to 200; expected floats in .0, 1.: divide .* 255",
        ),
        (np.full((2, 2), 1.01, np.float32), "from 1.01 to 1.01; expected floats"),
        (np.full((2, 2), 70000.0), "from 70000 to 70000.*scale them"),
        (np.array([[-1.0, 1.0]]), r"from -1 to 1; .*\(picture \+ 1\) / 2"),
        (np.array([[np.nan, np.inf, 1.0]]), "2 values that are NaN or infinite"),
        (np.full((2, 2), -3), "an int64 array .2, 2. with values from -3 to -3; expected whole"),
        (np.full((2, 2), 70000), "from 70000 to 70000; expected whole numbers .* 65535"),
        (np.zeros((2, 2), complex), "a complex128 array .*expected bool, whole numbers or floats"),
        (np.zeros((2, 2), object), "an object array"),
        (np.array([["a"]]), r"<U1 array"),
        (torch.zeros(3, 3, requires_grad=True), "of type Tensor and gives no array .*detach"),
        (np.zeros((8001, 8001), bool), "8001x8001 pixels are more than the limit"),
    ],
)
def test_the_rest_is_refused_in_one_line(picture, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=said) as caught:
        images.load(picture)
    assert "\n" not in str(caught.value)
    if not isinstance(picture, str):
        with pytest.raises(ImageError, match=r"^page 7"):
            images.load(picture, name="page 7")


def test_rounding_beyond_the_range_is_cut_off():
    assert images.load(np.array([[-0.0005, 1.0005]])).tolist() == [[0, 255]]


def test_all_of_it_is_said_to_be_an_image_error_for_which_one_except_is_enough():
    with pytest.raises(ValueError, match=re.escape("[3, 4, 5]")):
        images.load(np.zeros((3, 4, 5)))


def test_transparency_is_kept_if_asked(tmp_path):
    layer = np.zeros((6, 8, 4), np.uint8)
    layer[2:4, 1:5] = (200, 30, 20, 255)
    layer[0, 0] = (10, 20, 30, 128)
    Image.fromarray(layer).save(tmp_path / "layer.png")
    for form in (tmp_path / "layer.png", Image.fromarray(layer), layer, layer / 255):
        assert np.array_equal(images.load(form, transparent=True), layer)
        assert (images.load(form)[5, 7] == 255).all()
    for opaque in (np.full((6, 8), 7, np.uint8), np.full((6, 8, 1), 7, np.uint8)):
        loaded = images.load(opaque, transparent=True)
        assert loaded.shape == (6, 8, 4)
        assert (loaded == (7, 7, 7, 255)).all()


def test_a_layer_is_turned_upright_too(tmp_path):
    layer = np.zeros((6, 8, 4), np.uint8)
    layer[0] = (200, 30, 20, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    Image.fromarray(layer).save(tmp_path / "layer.png", exif=exif)
    read = images.read(tmp_path / "layer.png", transparent=True)
    assert np.array_equal(read, np.rot90(layer, -1))


def test_pages_are_those_of_tiff_files_without_their_previews(tmp_path):
    page, small = Image.new("RGB", (40, 40), "red"), Image.new("RGB", (10, 10), "red")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    for name, more in (("one", []), ("two", [page]), ("preview", [small])):
        page.save(tmp_path / f"{name}.tif", save_all=True, append_images=more)
    page.save(tmp_path / "moving.gif", save_all=True, append_images=[Image.new("RGB", (40, 40))])
    counted = {file.stem: images.pages(file) for file in tmp_path.iterdir()}
    assert counted == {"one": 1, "two": 2, "preview": 1, "moving": 1}
    assert images.pages((tmp_path / "two.tif").read_bytes()) == 2
