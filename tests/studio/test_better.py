"""The better model at the page: it is asked when the pen rests, and only then."""

import numpy as np
import pytest
from PIL import Image

from tests.studio.conftest import Server
from tests.studio.page import FACE, PATIENCE, apart

SEEN = """() => {
    window.seen = [];
    const canvas = document.querySelector(".photo > canvas");
    new MutationObserver(() => {
        const { width, height } = canvas.getBoundingClientRect();
        window.seen.push([canvas.dataset.model, canvas.width, canvas.height, width, height]);
    }).observe(canvas, { attributes: true, attributeFilter: ["data-shown"] });
}"""
SHOWS = "name => document.querySelector('.photo > canvas').dataset.model === name"
MOST = 20_000
"""Milliseconds for a photo, on a busy machine."""


@pytest.fixture(scope="module")
def two_models(tiny_model, hinted_model):
    """A server whose fast model has 32 px; the better one's photo is the drawing in 64 px."""
    running = Server("--model", str(tiny_model), "--better", str(hinted_model))
    yield running
    assert running.stop() == 0


@pytest.fixture
def page(opened, two_models):
    page = opened(two_models.address)
    page.asked, page.given_up = [], []
    page.tab.on("request", lambda one: page.asked.append(model_of(one.url)))
    page.tab.on("requestfailed", lambda one: page.given_up.append(model_of(one.url)))
    return page


def model_of(url):
    return url.partition("model=")[2].partition("&")[0]


def wait_for(page, name):
    page.tab.wait_for_function(SHOWS, arg=name, timeout=MOST)
    return page.photo()


def drawing(page, side=512):
    """The drawing on white, as it is sent."""
    ink = page.ink()
    paper = Image.new("RGB", ink.shape[1::-1], "white")
    paper.paste(Image.fromarray(ink[..., :3]), mask=Image.fromarray(ink[..., 3]))
    return np.asarray(paper.resize((side, side), Image.Resampling.BOX))


def test_the_better_photo_replaces_the_first_when_the_pen_rests(page):
    page.tab.evaluate(SEEN)
    page.face()
    better = wait_for(page, "hinted")
    assert apart(better, drawing(page)) < 12  # 64 px are few for thin lines
    page.tab.wait_for_timeout(1200)
    assert page.asked.count("hinted") == 1  # once, and not while the strokes were drawn
    assert page.asked.count("tiny") >= 2
    assert page.asked[-1] == "hinted"
    seen = page.tab.evaluate("window.seen")
    assert [name for name, *_ in seen[-2:]] == ["tiny", "hinted"]
    assert len({tuple(size) for _, *size in seen}) == 1, "the photo jumps"
    assert page.given_up == []
    option = page.tab.get_by_role("combobox", name="Model").locator("option").first
    assert option.text_content() == "tiny, 32 px, then hinted"
    page.screen("better")


def test_a_pen_that_moves_gives_the_better_photo_up(page):
    held = []
    page.tab.route("**/v1/photo?*model=hinted*", lambda route: held.append(route))
    page.stroke(FACE[0])
    page.until(lambda: held)
    first = wait_for(page, "tiny")
    assert len(held) == 1
    page.stroke(FACE[1])
    page.until(lambda: len(held) == 2)
    assert page.given_up == ["hinted"]
    second = wait_for(page, "tiny")  # the fast model has answered meanwhile
    assert apart(first, second) > 0
    held[1].continue_()
    assert apart(wait_for(page, "hinted"), drawing(page)) < 12


def test_a_better_model_that_fails_is_asked_again(page):
    answers = iter([{"status": 503, "headers": {"Retry-After": "1"}, "json": {"detail": "busy"}}])

    def answer(route):
        told = next(answers, None)
        route.fulfill(**told) if told else route.continue_()

    page.tab.route("**/v1/photo?*model=hinted*", answer)
    page.stroke(FACE[0])
    page.note("The server is busy")
    wait_for(page, "hinted")
    page.tab.get_by_text("The server is busy").wait_for(state="hidden", timeout=PATIENCE)
    assert page.asked.count("hinted") == 2


def test_what_is_saved_and_copied_comes_from_the_better_model(page, tmp_path):
    page.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.face()
    page.asked.clear()
    page.press("Save")  # at once: the better photo need not have been shown
    with page.tab.expect_download() as download:
        page.tab.get_by_role("menuitem", name="Photo", exact=True).click()
    download.value.save_as(tmp_path / "photo.png")
    with Image.open(tmp_path / "photo.png") as saved:
        assert saved.size == (512, 512)
        assert apart(np.asarray(saved.convert("RGB")), drawing(page)) < 12
    wait_for(page, "hinted")
    page.asked.clear()
    page.press("Copy the photo")
    page.note("The photo is on the clipboard")
    assert page.asked == ["hinted"]


def test_who_chooses_another_model_gets_its_photos_alone(page):
    page.face()
    wait_for(page, "hinted")
    page.tab.get_by_role("combobox", name="Model").select_option("lifelike")
    wait_for(page, "lifelike")
    page.asked.clear()
    page.stroke([(0.45, 0.75), (0.55, 0.75)])
    page.tab.wait_for_timeout(1500)
    assert set(page.asked) == {"lifelike"}
