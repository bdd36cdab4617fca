import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from limner import images, pages
from limner.errors import ImageError, OutputError


class Outline(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def drawn(description="Rise: from 1 to 3", colour=pages.SERIES[0]):
    figure, axes = pages.figure(300, 200)
    axes.plot([1, 2, 3], color=colour)
    axes.set_xlabel("<b>")
    return str(pages.svg(figure, description))


def test_a_diagram_is_one_element_with_a_description():
    text = drawn('less < more "quoted"')
    assert text.startswith("<svg ")
    assert text.endswith("</svg>")
    tag, attributes = Outline(text).tags[0]
    assert (tag, attributes["role"]) == ("svg", "img")
    assert attributes["aria-label"] == 'less < more "quoted"'
    assert "width" not in attributes
    assert "&lt;b&gt;" in text
    # A style in it would apply to the complete page, and a font would not be the page's.
    assert "<style" not in text
    assert "font-family" not in text
    assert "metadata" not in text


def test_a_diagram_uses_the_colours_of_the_page():
    text = drawn(colour=pages.SERIES[1])
    assert "stroke: var(--series-2)" in text
    assert "fill: var(--quiet)" in text
    assert "#0a0b" not in text


def test_the_same_diagram_gives_the_same_text():
    assert drawn() == drawn()


def test_diagrams_of_a_page_share_no_names():
    found = [set(re.findall(r' id="([^"]+)"', drawn(text))) for text in ("one", "two")]
    assert all(found)
    assert not found[0] & found[1]


def test_a_picture_is_made_small_and_keeps_its_shape():
    tall = np.full((400, 100, 3), (200, 30, 30), np.uint8)
    head, data = pages.picture(images.encode(tall), name="tall.png", side=64).split(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert shown.size == (16, 64)
        assert np.allclose(shown.convert("RGB").getpixel((8, 32)), (200, 30, 30), atol=6)


def test_a_picture_that_cannot_be_read_is_named():
    with pytest.raises(ImageError, match=r"bad\.png: not a picture"):
        pages.picture(b"nothing", name="bad.png")


def test_numbers_are_formatted():
    assert pages.percent(0.0476) == "4.8%"
    assert pages.number(-3.14159, 2) == "\u22123.14"
    assert pages.number(-0.001) == "0.0"
    assert [pages.plain(v) for v in (-0.05, 5e-05, 1200.0, 0)] == [
        "\u22120.05",
        "0.00005",
        "1,200",
        "0",
    ]


def test_a_page_loads_nothing_and_is_escaped(tmp_path):
    pages.write(tmp_path / "deep" / "page.html", "page.html")
    text = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    tags = Outline(text).tags
    assert ("html", {"lang": "en"}) in tags
    assert not [tag for tag, _ in tags if tag == "script"]
    assert not re.search(r"(?:src|href)=\"(?!data:)|url\(|@import", text)
    assert "default-src 'none'" in text
    made = pages._environment().from_string("{{ name }} {{ 1234|count }}").render(name="<b>")
    assert made == "&lt;b&gt; 1,234"


def test_a_page_that_cannot_be_written_raises_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write it"):
        pages.write(tmp_path / "file" / "page.html", "page.html")
