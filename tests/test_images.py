import errno
import io
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from limner import images
from limner.errors import ImageError, OutputError, UsageError


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


@pytest.fixture
def colours() -> np.ndarray:
    """Smooth, so that lossy formats keep it, and different in each corner and channel."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y], axis=-1).astype(np.uint8)


def png_of_size(width: int, height: int) -> bytes:
    """A valid all-black PNG, whose compressed data is a few kilobytes even for 900 Mpx."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(4 * 1024))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


# Reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_formats_are_read_exactly(colours: np.ndarray, form: str) -> None:
    assert np.array_equal(images.read(encoded(Image.fromarray(colours), form)), colours)


def test_path_string_bytes_and_file_give_the_same(tmp_path: Path, colours: np.ndarray) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.fromarray(colours)))
    with path.open("rb") as file:
        for source in (path, str(path), path.read_bytes(), file):
            pixels = images.read(source)
            assert pixels.dtype == np.uint8
            assert np.array_equal(pixels, colours)


def test_grey_is_two_dimensional(colours: np.ndarray) -> None:
    pixels = images.read(encoded(Image.fromarray(colours)), grey=True)
    assert np.array_equal(pixels, np.asarray(Image.fromarray(colours).convert("L")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(colours: np.ndarray, orientation: int) -> None:
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(undo[orientation](colours))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(stored), exif=exif)
    height, width = colours.shape[:2]
    assert images.header(data) == ("PNG", width, height)
    assert np.array_equal(images.read(data), colours)


def test_damaged_exif_is_ignored(colours: np.ndarray) -> None:
    data = encoded(Image.fromarray(colours), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert images.read(data).shape == colours.shape


def test_alpha_is_laid_on_white() -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = (0, 128, 255)
    assert images.read(encoded(Image.fromarray(pixels)))[0].tolist() == [
        [255] * 3,
        [127] * 3,
        [0] * 3,
    ]


def test_grey_with_alpha_is_laid_on_white() -> None:
    pixels = np.array([[[40, 0], [40, 255]]], np.uint8)
    data = encoded(Image.fromarray(pixels, mode=None))
    assert images.read(data, grey=True).tolist() == [[255, 40]]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_palette_with_transparency_is_laid_on_white(transparency: int | bytes) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((1, 0), 1)
    pixels = images.read(encoded(picture, transparency=transparency))
    assert pixels[0].tolist() == [[255, 255, 255], [200, 100, 50]]


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    deep = np.array([[0, 257, 32768, 65535]], np.uint16)
    pixels = images.read(encoded(Image.fromarray(deep)), grey=True)
    assert pixels.tolist() == [[0, 1, 128, 255]]
    assert images.read(encoded(Image.fromarray(deep), "TIFF")).shape == (1, 4, 3)


def test_deeper_grey_is_scaled_too() -> None:
    deep = np.array([[0, 2**31 - 2**23, -1]], np.int32)  # -1: the largest without a sign
    assert images.read(encoded(Image.fromarray(deep), "TIFF"), grey=True).tolist() == [
        [0, 127, 255]
    ]


def test_sixteen_bit_grey_with_transparency_is_laid_on_white() -> None:
    deep = Image.fromarray(np.array([[0, 65535, 257]], np.uint16))
    assert images.read(encoded(deep, transparency=0), grey=True).tolist() == [[255, 255, 1]]


def test_floating_point_grey_is_scaled() -> None:
    data = encoded(Image.fromarray(np.array([[0, 0.5, 1, np.nan]], np.float32)), "TIFF")
    assert images.read(data, grey=True).tolist() == [[0, 128, 255, 0]]


def test_cmyk_jpeg_becomes_rgb() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = images.read(encoded(red, "JPEG"))
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels[8, 8].astype(int) - (255, 0, 0)).max() < 8


def test_one_bit_becomes_black_and_white() -> None:
    picture = Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert images.read(encoded(picture), grey=True).tolist() == [[0, 255]]


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.read(data)[4, 4].tolist() == [255, 0, 0]


def test_one_pixel_is_a_picture() -> None:
    assert images.read(encoded(Image.new("RGB", (1, 1), "white"))).tolist() == [[[255] * 3]]


def test_icc_profile_does_no_harm(colours: np.ndarray) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(Image.fromarray(colours), icc_profile=profile)
    assert np.array_equal(images.read(data), colours)


# Refusing ------------------------------------------------------------------------------------


def refused(source: object, **options: object) -> str:
    """The one-line message with which a picture is refused, without any warning."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(ImageError) as caught:
            images.read(source, **options)
    assert not [w for w in seen if not issubclass(w.category, ResourceWarning)]
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.png") == f"{tmp_path / 'a.png'}: no such file; check the path"


def test_folder_is_refused(tmp_path: Path) -> None:
    assert "a folder, not a picture" in refused(tmp_path)


def test_unreadable_path_is_refused() -> None:
    assert "check the path" in refused("a\0b.png")
    assert "check the path" in refused("x" * 5000 + ".png")


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(self: Path, mode: str) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    assert "no permission" in refused(tmp_path / "a.png")


def test_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.touch()
    assert f"{path}: empty (0 bytes)" in refused(path)
    assert "the picture: empty" in refused(io.BytesIO())


def test_postscript_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, "EPS")
    assert re.search(r"a\.png: a PostScript drawing.*export it as PNG", refused(path))


def test_text_named_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no picture at all\n" * 100)
    assert re.search(r"a\.png: not a picture.*convert", refused(path))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WebP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_truncated_file_is_refused(form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), form)
    assert "x.img: " in refused(data[: int(len(data) * share)], name="x.img")


def test_damaged_bytes_never_raise_anything_else(colours: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "WebP", "GIF", "TIFF"):
        data = np.frombuffer(encoded(Image.fromarray(colours), form), np.uint8)
        for _ in range(40):
            broken = data.copy()
            broken[rng.integers(8, len(data), 6)] = rng.integers(0, 256, 6)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    pixels = images.read(broken.tobytes())
                except ImageError:
                    continue
            assert pixels.ndim == 3


def test_bomb_is_refused_from_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object) -> None:
        pytest.fail("decoded before the size was checked")

    monkeypatch.setattr(Image.Image, "load", decoded)
    limit = Image.MAX_IMAGE_PIXELS
    message = refused(png_of_size(30_000, 30_000), name="bomb.png")
    assert "bomb.png: 30000x30000 pixels are more than the limit of 64 million" in message
    # Between one and two times Pillow's own limit, where Pillow warns.
    assert "10000x10000" in refused(png_of_size(10_000, 10_000))
    assert images.header(png_of_size(10_000, 10_000)) == ("PNG", 10_000, 10_000)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_limit_is_a_setting(colours: np.ndarray) -> None:
    data = encoded(Image.fromarray(colours))
    assert images.read(data, max_pixels=40 * 60).shape == (40, 60, 3)
    assert "60x40" in refused(data, max_pixels=40 * 60 - 1)


# Finding -------------------------------------------------------------------------------------


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    root = tmp_path / ".hidden"
    for name in ("a.png", "._a.png", ".b.png", ".trash/c.png", "deep/d.HEIC", "deep/.e/f.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert images.files_below(root) == [root / "a.png", root / "deep" / "d.HEIC"]
    assert images.files_below(tmp_path) == []


# Writing -------------------------------------------------------------------------------------

MADE_BY = images.Provenance(model="a <model> & more", digest="0123abcd")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
def test_round_trip(tmp_path: Path, colours: np.ndarray, suffix: str) -> None:
    path = tmp_path / "new" / "folder" / f"a{suffix}"
    images.write(path, colours, MADE_BY)
    tolerance = 0 if suffix == ".png" else 12
    assert np.abs(images.read(path).astype(int) - colours).max() <= tolerance
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_grey_stays_grey(tmp_path: Path) -> None:
    images.write(tmp_path / "a.png", np.full((3, 4), 7, np.uint8))
    with Image.open(tmp_path / "a.png") as picture:
        assert (picture.mode, picture.size) == ("L", (4, 3))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WebP"])
def test_provenance_is_machine_readable(colours: np.ndarray, form: images.Format) -> None:
    with Image.open(io.BytesIO(images.encode(colours, MADE_BY, form))) as picture:
        picture.load()
        raw = picture.info.get("xmp") or picture.info["XML:com.adobe.xmp"].encode()
        texts = getattr(picture, "text", {})
    assert b"digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>" in raw
    assert b"a &lt;model&gt; &amp; more sha256:0123abcd" in raw
    if form == "PNG":
        assert re.fullmatch(r"limner \d+\.\d+\.\d+.*", texts["Software"])
        assert texts["limner:model"] == "a <model> & more sha256:0123abcd"


def test_xmp_is_well_formed() -> None:
    from xml.etree import ElementTree

    packet = MADE_BY.xmp.decode()
    root = ElementTree.fromstring(packet[packet.index("<x:") : packet.rindex("<?")])
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    assert [e.text for e in root.iter(name)] == [
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    ]


def test_nothing_is_written_in_without_provenance(colours: np.ndarray) -> None:
    for form in ("PNG", "JPEG", "WebP"):
        assert b"trainedAlgorithmicMedia" not in images.encode(colours, format=form)


def test_unknown_suffix_lists_the_known(tmp_path: Path, colours: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"'\.txt'.*\.png, \.jpg, \.jpeg, \.webp"):
        images.write(tmp_path / "a.txt", colours)


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"as before")
    real_open = Path.open

    def open_full(self: Path, mode: str = "r") -> object:
        file = real_open(self, mode, buffering=0)

        class Full:
            def __enter__(self) -> "Full":
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, data: bytes) -> int:
                file.write(data[: len(data) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(OutputError, match=r"a\.png: .*No space left.*free some space"):
        images.write_bytes(target, b"x" * 100)
    monkeypatch.undo()
    assert target.read_bytes() == b"as before"
    assert list(tmp_path.iterdir()) == [target]


def test_file_in_place_of_a_folder_is_an_output_error(tmp_path: Path, colours: np.ndarray) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a\.png: cannot write.*choose another name"):
        images.write(tmp_path / "file" / "a.png", colours)


def test_folder_in_place_of_the_file_is_an_output_error(
    tmp_path: Path, colours: np.ndarray
) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match="choose another name"):
        images.write(tmp_path / "a.png", colours)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_forbidden_folder_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(OutputError, match=r"Permission denied.*may write to"):
        images.write_bytes(tmp_path / "a.png", b"x")


def test_ctrl_c_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        images.write_bytes(tmp_path / "a.png", b"new")
    assert list(tmp_path.iterdir()) == []


def test_interrupted_rename_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"as before")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        images.write_bytes(target, b"new")
    assert target.read_bytes() == b"as before"
    assert list(tmp_path.iterdir()) == [target]
