"""Samples of more than 8 bits are scaled by the depth that they use."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.images.depth import eight_bits


def png(pixels):
    """A PNG of 16 bits a channel, which Pillow cannot write in colour."""
    height, width, channels = pixels.shape

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    colour = {1: 0, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + end


def tiff(pixels, order, compression):
    """A TIFF of 16 bits a channel, which Pillow cannot write in colour."""
    height, width, _ = pixels.shape
    data = pixels.astype(order + "u2").tobytes()
    if compression == 8:
        data = zlib.compress(data)
    sizes = struct.pack(order + "3H", 16, 16, 16)
    values = {256: width, 257: height, 259: compression, 262: 2, 277: 3, 278: height}
    values |= {279: len(data), 258: 200, 273: 200 + len(sizes)}
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(values))
    for number, value in sorted(values.items()):
        kind, count = (3, 3) if number == 258 else (4, 1)
        out += struct.pack(order + "HHII", number, kind, count, value)
    return out.ljust(200, b"\0") + sizes + data


def noise(bits, channels=3):
    deep = np.random.default_rng(bits).integers(0, 2**bits, (9, 7, channels), np.uint16)
    deep[0, 0] = 2**bits - 1
    return deep, np.rint(deep * (255 / (2**bits - 1))).astype(np.uint8)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_the_depth_is_the_smallest_that_holds_them(bits):
    deep, expected = noise(bits)
    assert np.array_equal(eight_bits(deep), expected)
    assert eight_bits(np.array([2**bits - 1]))[0] == 255


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_deep_grey_files(bits, form):
    deep, expected = noise(bits, channels=1)
    file = io.BytesIO()
    Image.fromarray(deep[..., 0]).save(file, form)
    assert np.array_equal(images.read(file.getvalue(), grey=True), expected[..., 0])


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_deep_colour_files(bits):
    deep, expected = noise(bits)
    assert np.array_equal(images.read(png(deep)), expected)
    for order in "<>":
        for compression in (1, 8):
            assert np.array_equal(images.read(tiff(deep, order, compression)), expected)
    with_alpha = np.concatenate([deep, np.full((9, 7, 1), 2**bits - 1, np.uint16)], axis=2)
    assert np.array_equal(images.read(png(with_alpha)), expected)
    with_alpha[..., 3] = 65535
    assert np.array_equal(images.read(png(with_alpha)), expected)


def test_colour_of_all_sixteen_bits_is_as_pillow_has_it():
    deep, _ = noise(16)
    assert np.array_equal(images.read(png(deep)), deep >> 8)


def test_turned_deep_colour_is_upright():
    deep, expected = noise(12)
    exif = Image.Exif()
    exif[0x0112] = 6
    data, body = png(deep), exif.tobytes()[6:]  # without the JPEG prefix
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + body))
    assert np.array_equal(images.read(data[:33] + chunk + data[33:]), np.rot90(expected, -1))
