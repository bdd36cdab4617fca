"""What people have in place of pictures is called what it is; HEIC and Photoshop files are read."""

import base64
import io
import struct
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from limner import images
from limner.errors import ImageError
from limner.images import foreign

# 64x48 px, stored lying on its side, of which the file says twice: in the box that decoders obey,
# and in EXIF data, which they must not obey as well. Made with pillow-heif from four rectangles.
HEIC = base64.b85decode(
    b"0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0005TZDn*}000000000XXk=`10000000000aA{+7000000000000000"
    b"00000G-+&aV*mgE07O6l0ssL300001>Hq-%00000002G!0ssI200Jlg0RR9100000Bme*aIB98aW&i*H00062000$f"
    b"Zf0cy000000RRAKc4ILB0000LX>Mj^0ssI300IC2MR;ju000004sdC7Z2$lO00031009MQaB^?}0087^aAR)(004Gq"
    b"c4I>U18@KU000000000U@BsY%`1k+-4+CHT0RR|40Sp2E{{wIU00RJ!0009300RIXx&lC90096hLID8-Z~y=U0FVFx"
    b"0{{R603M(qfd!W8<fgf}2xu@M00096AOHXZ03l)k0RRR>0l{;?i2wiq6Ju{|a&BX6cmM$a4FCp!0000KX>)L800000"
    b"0000$0000$0000eV{Bn?0000$000010000m000010000000002|NsB+000020000EaA|mH000000SEv9010VwZ*&6y"
    b"000?jaBX1#00000000310S18r0|kVJ0000QX>w&|000000000EV`Ot<00IC3009610BUVyVRQfh06HiEuM>dy5aFl)"
    b"{7oqT`gP9_)68xqTk)c&|9nRO`GT6cfBhpMBleZ`|FI%vd;j8~?f;qwFz2%%00006MR;ju002!*04e|g00;m90TKWM"
    b"0000100sa600000"
)


def ftyp(major, *others):
    body = major + b"\0\0\0\0" + b"".join((major, *others))
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + bytes(100)


def zipped(kind=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if kind:
            archive.writestr("mimetype", kind)
        archive.writestr("content.xml", "<a/>")
    return file.getvalue()


def tiff(*, suffix=b"", tags=(), order="<"):
    """A grey TIFF of 8x8 px with more tags: (number, value)."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 4096, 277: 1, 278: 8, 279: 64}
    entries = sorted((values | dict(tags)).items())
    start = b"II*\0" if order == "<" else b"MM\0*"
    data = start + struct.pack(order + "I", 8 + len(suffix)) + suffix
    data += struct.pack(order + "H", len(entries))
    for number, value in entries:
        data += struct.pack(order + "HHII", number, 4, 1, value)
    return (data + bytes(4)).ljust(4096, b"\0") + bytes(range(64))


def psd(*, merged=True, depth=8, version=1, pixels=None):
    """A Photoshop document, as Adobe's specification has it, with one image resource."""
    pixels = np.zeros((4, 6, 3), np.uint8) if pixels is None else pixels
    height, width, channels = pixels.shape
    info = struct.pack(">I?", 1, merged) + bytes(3)
    resource = b"8BIM" + struct.pack(">HHI", 1057, 0, len(info)) + info
    header = struct.pack(">4sH6xHIIHH", b"8BPS", version, channels, height, width, depth, 3)
    sections = struct.pack(">II", 0, len(resource)) + resource + struct.pack(">IH", 0, 0)
    return header + sections + pixels.transpose(2, 0, 1).tobytes()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SVG = (
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"%PDF-1.7\n", "a PDF document.*export pages"),
        ("a.png", b"%PDF-1.7\n", "a PDF document"),
        ("a.ai", b"%PDF-1.6\n", "an Illustrator drawing.*from Illustrator"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript drawing"),
        ("a.eps", b"\xc5\xd0\xd3\xc6" + bytes(40), "a PostScript drawing"),
        ("a.svg", SVG, "an SVG drawing.*browser"),
        (
            "a.jpg",
            b"<!DOCTYPE html><title>404</title>",
            "a web page; download|a web page.*download",
        ),
        ("a.clip", b"CSFCHUNK" + bytes(40), "a Clip Studio Paint drawing.*from Clip Studio Paint"),
        ("a.xcf", b"gimp xcf v011", "a GIMP drawing"),
        ("a.psb", psd(version=2), "a Photoshop document of the large kind"),
        ("a.kra", zipped("application/x-krita"), "a Krita drawing"),
        ("picture", zipped("image/openraster"), "an OpenRaster drawing"),
        ("a.odt", zipped("application/vnd.oasis.opendocument.text"), "an office document"),
        ("a.docx", zipped(), "an office document"),
        ("a.procreate", zipped(), "a Procreate drawing"),
        ("a.zip", zipped(), "a packed archive.*unpack"),
        ("a.doc", OLE + bytes(99), "an office document"),
        ("a.mp4", ftyp(b"mp42", b"isom"), "a video.*one frame"),
        ("a.mov", ftyp(b"qt  "), "a video"),
        ("a.mov", b"\0\0\1\0moov" + bytes(99), "a video"),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST", "a video"),
        ("a.jxl", b"\xff\x0a" + bytes(99), "a JPEG XL picture"),
        ("a.cr3", ftyp(b"crx ", b"isom"), "a camera raw photo.*export it as JPEG"),
        ("picture", tiff(suffix=b"CR\2\0"), "a camera raw photo"),
        ("a.nef", tiff(order=">"), "a camera raw photo"),
        ("a.ARW", tiff(), "a camera raw photo"),
        ("picture", tiff(tags=[(50706, 1)]), "a camera raw photo"),
        ("picture", tiff(tags=[(254, 1), (330, 0)]), "a camera raw photo"),
        ("a.raf", b"FUJIFILMCCD-RAW 0201", "a camera raw photo"),
        ("a.orf", b"IIRO\x08\0\0\0", "a camera raw photo"),
        ("a.rw2", b"IIU\0\x18\0\0\0", "a camera raw photo"),
        ("a.ico", b"\0\0\1\0\1\0" + bytes(99), "an icon.*made from"),
        ("a.png", b"icns" + bytes(99), "an icon"),
        ("a.sai2", b"SAI-CANVAS", "a PaintTool SAI drawing"),
        (
            "a.psd",
            psd(merged=False),
            "a Photoshop document without its flattened picture.*Maximize compatibility",
        ),
        ("a.psd", psd(depth=16), "a Photoshop document of an unsupported mode"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(name, data, said, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImageError, match=rf"{name}: ({said})") as caught:
        images.read(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(ImageError, match=said):
        images.header(data, name=name)


def test_pictures_that_begin_like_them_are_read(tmp_path):
    assert images.read(tiff(), grey=True)[0].tolist() == list(range(8))
    assert images.read(tiff(tags=[(254, 1)]), grey=True)[0, 1] == 1  # no picture below it
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "AVIF")
    assert images.read(file.getvalue(), name="a.mp4").shape == (8, 8, 3)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    assert images.read(file.getvalue(), name="a.nef").shape == (8, 8, 3)


def test_a_photoshop_document_gives_its_flattened_picture():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(images.read(psd(pixels=pixels)), pixels)


def test_heic_is_read_upright():
    pixels = images.read(HEIC)
    assert pixels.shape == (64, 48, 3)
    corners = pixels[[8, 8, -8, -8], [8, -8, 8, -8]].astype(int)
    expected = [(0, 0, 255), (255, 0, 0), (255, 255, 255), (0, 255, 0)]
    assert np.abs(corners - expected).max() < 40
    assert images.header(HEIC) == ("HEIF", 48, 64)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_damaged_heic_is_refused(share):
    with pytest.raises(ImageError, match=r"x\.heic: damaged"):
        images.read(HEIC[: int(len(HEIC) * share)], name="x.heic")


def test_heic_without_its_decoder_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ImageError, match=r"x: reading HEIC needs .* pip install 'limner\[heic\]'"):
        images.read(HEIC, name="x")


def test_avif_and_heic_are_told_apart():
    assert foreign.is_heif(ftyp(b"mif1", b"heic"))
    assert not foreign.is_heif(ftyp(b"mif1", b"avif"))
    assert foreign.kind_of(ftyp(b"avif", b"mif1"), "a") is None


def test_files_are_counted_in_words(tmp_path):
    names = ["a.pdf", "b.PDF", "c.clip", "d.txt", "e.pdf"]
    said = foreign.in_words(tmp_path / name for name in names)
    assert said.startswith("3 .pdf (PDF documents): export pages as PNG or JPEG; 1 .clip (Clip")
    assert ".txt" not in said


def test_what_is_read_and_what_is_not_do_not_overlap():
    assert not images.READABLE & images.UNREADABLE
    assert images.WRITABLE < images.READABLE
