import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from limner.studio.bodies import _name_of

from .client import PLAIN, grey, lines, once, problem, saved

JSON = {"accept": "application/x-ndjson"}


@pytest.fixture
def post(hinted_model):
    def send(content=None, kind=None, *, accept=None, params=PLAIN, start=True, **request):
        headers = {"content-type": kind} if kind else {}
        headers |= accept or {}
        return once(
            "POST",
            "/v1/photo",
            settings={"model": str(hinted_model), "max_pictures": 3},
            start=start,
            params=params,
            content=content,
            headers=headers,
            **request,
        )

    return send


def form(*parts, end=b"--x--\r\n"):
    """A multipart body from headers and contents."""
    return b"".join(b"--x\r\n%s\r\n\r\n%s\r\n" % one for one in parts) + end


PICTURE = b'Content-Disposition: form-data; name="picture"; filename="a.png"'
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize("kind", [None, "image/png", "IMAGE/JPEG; q=1", "application/octet-stream"])
def test_a_raw_body_is_a_picture(kind, post):
    assert post(grey(7), kind).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "application/x-www-form-urlencoded", "\xff/\x01"]
)
def test_other_kinds_are_refused(kind, post):
    refused = post(grey(7), kind.encode("latin-1"), start=False)
    assert "image/*" in problem(refused, 415, "media-type")


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", None), (form(), FORM), (form((PICTURE, b"")), FORM), (b"", FORM)],
)
def test_an_empty_body_has_no_picture(body, kind, post):
    assert post(body, kind, start=False).status_code in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"--y\r\n\r\n--y--",
        b"--x\r\nContent-Disposition form-data\r\n\r\n1\r\n--x--",
        form((b'Content-Disposition: form-data; filename="a"', b"1")),
        form((b"Content-Type: image/png", b"1")),
        form((b'Content-Disposition: form-data; name="picture"', b"not a file")),
        form((b'Content-Disposition: form-data; name="text"; filename="a"', b"1")),
        form((PICTURE, b"1"), (b'Content-Disposition: form-data; name="\xff"; filename=a', b"1")),
        form((b"X" * 20_000 + b": 1", b"1")),
        form((b'Content-Disposition: form-data; name="picture"', bytes(70_000))),
    ],
)
def test_a_damaged_form_is_refused(body, post):
    problem(post(body, FORM, start=False), 400, "bad-request")


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 1000,
    ],
)
def test_a_form_without_a_boundary_is_refused(kind, post):
    problem(post(form((PICTURE, grey(7))), kind, start=False), 400, "bad-request")


def test_a_form_that_ends_too_soon_is_not_half_done(post):
    for parts in (1, 2):
        cut = post(form(*[(PICTURE, grey(7))] * parts, end=b"--x\r\n"), FORM)
        assert "cut off" in problem(cut, 400, "bad-request")


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; charset=utf-16; boundary=x",
        "multipart/form-data; boundary=x;charset=punycode",
        "multipart/form-data; boundary=x; CHARSET = idna ; a=b",
        "multipart/form-data; charset=nonsense; boundary=x",
    ],
)
def test_the_client_chooses_no_codec(kind, post):
    name = "ü.png".encode()
    files = form((PICTURE.replace(b"a.png", name), grey(7)))
    [line] = lines(post(files, kind, accept=JSON))
    assert line["name"] == "ü"


def test_unknown_fields_are_named(post):
    files = [("picture", grey(1)), ("mask\x07é", grey(1))]
    assert "'mask" in problem(post(files=files, start=False), 400, "bad-request")


def test_more_pictures_than_allowed_are_refused(post):
    assert "send fewer" in problem(
        post(files=[("picture", (f"{n}.png", grey(1))) for n in range(4)]), 413, "too-large"
    )
    problem(post(files=[("picture", grey(1))] * 5), 400, "bad-request")
    assert post(files=[("picture", grey(1))] * 3).status_code == 200


def strokes(side=64):
    painted = np.zeros((side, side, 4), np.uint8)
    painted[8:56, 8:56] = (200, 30, 30, 255)
    return saved(Image.fromarray(painted), "PNG")


def test_strokes_colour_the_photo(post):
    done = post(files=[("picture", ("a.png", grey(255))), ("hints", ("h.png", strokes()))])
    assert done.status_code == 200
    middle = np.asarray(Image.open(io.BytesIO(done.content)))[32, 32]
    assert np.abs(middle.astype(int) - (200, 30, 30)).max() <= 2


@pytest.mark.parametrize(
    "files",
    [
        [("picture", b"1"), ("hints", b"1"), ("hints", b"2")],
        [("picture", b"1"), ("picture", b"2"), ("hints", b"1")],
    ],
)
def test_strokes_are_for_one_picture(files, post):
    assert "one of each" in problem(post(files=files, start=False), 400, "bad-request")


@pytest.mark.parametrize(
    "painted",
    [
        b"nothing",
        grey(9),
        saved(Image.new("RGBA", (64, 64)), "PNG"),
        saved(Image.new("RGBA", (64, 20), (9, 9, 9, 99)), "PNG"),
        saved(Image.new("L", (7000, 7000)), "PNG"),
    ],
)
def test_strokes_that_are_none_are_refused(painted, post):
    files = [("picture", ("a.png", grey(9))), ("hints", ("h.png", painted))]
    said = problem(post(files=files), 422, "bad-picture")
    assert "h.png" in said or "hint picture" in said


def test_strokes_without_a_picture_are_refused(post):
    problem(post(files=[("hints", ("h.png", strokes()))]), 422, "bad-picture")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("/", "picture-1"),
        ("..", "picture-1"),
        (None, "picture-1"),
        ("", "picture-1"),
        ("...hidden", "hidden"),
        ("a\x00b\x1b[31m.png", "ab[31m.png"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("\ud800half.png", "half.png"),
        ("line\u2028break.png", "line break.png"),
        ("<img src=x>.png", "img src=x.png"),
        ("Zoë.png", "Zoë.png"),
        ("絵.png", "絵.png"),
        ("con.png", "_con.png"),
        ("LPT1", "_LPT1"),
        ("console.png", "console.png"),
        ("x" * 300, "x" * 100),
        ("x" * 99 + " .png", "x" * 99),
    ],
)
def test_names_are_safe_to_show_and_to_write(given, name):
    assert _name_of(given, 0) == name


def test_names_in_a_zip_file_stay_below_it_and_apart(post):
    names = ["../../a.png", "..\\A.jpg", "a-2.png"]
    done = post(files=[("picture", (name, grey(9))) for name in names])
    assert done.headers["content-type"] == "application/zip"
    found = zipfile.ZipFile(io.BytesIO(done.content)).namelist()
    assert found == ["a.png", "A-2.png", "a-2-2.png"]


def test_what_failed_lies_in_the_zip_file_as_text(post):
    bad = PICTURE.replace(b"a.png", b"bad\x07.png")
    body = form((PICTURE.replace(b"a.png", b"good.png"), grey(9)), (bad, b"none"))
    archive = zipfile.ZipFile(io.BytesIO(post(body, FORM).content))
    assert archive.namelist() == ["good.png", "bad.png.txt"]
    assert b"bad.png: not a picture" in archive.read("bad.png.txt")


def test_lines_of_json_have_results_and_problems_in_order(post):
    files = [("picture", ("b.png", b"none")), ("picture", ("ü.png", grey(9)))]
    failed, made = lines(post(files=files, accept=JSON))
    assert (failed["name"], failed["problem"]["status"]) == ("b.png", 422)
    assert (made["name"], made["type"], made["hints"]) == ("ü", "image/png", {})


def test_if_all_fail_the_answer_is_the_first_problem(post):
    files = [("picture", ("1.png", b"none")), ("picture", ("2.png", b"none"))]
    for accept in (None, JSON):
        assert "1.png" in problem(post(files=files, accept=accept), 422, "bad-picture")
