"""People at the page: a real browser draws, chooses, saves and loses its server."""

import itertools
import json
import re
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from limner import images
from tests.studio.conftest import SCREENS, Server
from tests.studio.page import FACE, PATIENCE, apart, arc, bring

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "man-short-hair.png"
CASES = ROOT.parent / "shared" / "cases"


def test_the_photo_follows_stroke_by_stroke(opened):
    page = opened()
    assert page.tab.get_by_text("Draw a face on the paper").is_visible()
    page.screen("empty")
    photos = []
    for points in FACE:
        page.stroke(points)
        photos.append(page.settled())
    assert page.shown() >= len(FACE)
    changes = [apart(*pair) for pair in itertools.pairwise(photos)]
    assert min(changes) > 0.2
    page.screen("drawn")
    page.tab.keyboard.press("c")
    page.screen("compared")
    assert page.tab.locator(".over").is_visible()


def test_undo_to_nothing_and_redo_give_the_same_drawing(opened):
    page = opened()
    page.face()
    page.stroke(arc(0.5, 0.1, 0.2, 0.05))
    drawn = page.ink()
    for _ in range(len(FACE) + 1):
        page.tab.keyboard.press("Control+z")
    page.tab.wait_for_function("() => document.querySelector('.photo > canvas').hidden")
    assert page.ink()[..., 3].max() == 0
    assert page.button("Undo").is_disabled()
    for _ in range(len(FACE) + 1):
        page.tab.keyboard.press("Control+Shift+z")
    page.settled()
    assert np.array_equal(page.ink(), drawn)
    assert page.button("Redo").is_disabled()
    page.press("Clear the paper")
    page.tab.wait_for_function("() => document.querySelector('.photo > canvas').hidden")
    page.press("Undo")
    page.settled()
    assert np.array_equal(page.ink(), drawn)


def test_tools_do_what_they_are_called(opened):
    page = opened()
    line = [(0.2, 0.5), (0.4, 0.5), (0.8, 0.5)]
    page.stroke(line)
    pencil = page.ink()
    across = [(0.5, 0.45), (0.5, 0.5), (0.5, 0.55)]
    page.tab.keyboard.press("s")
    page.stroke(across)
    smudged = page.ink()
    assert apart(pencil, smudged) > 0
    assert smudged[..., 3].astype(int).sum() > 0.7 * pencil[..., 3].astype(int).sum()
    page.tab.keyboard.press("e")
    page.stroke(across)
    erased = page.ink()[..., 3]
    middle = slice(500, 524)
    assert erased[middle, middle].max() < 0.3 * pencil[middle, middle, 3].max()
    page.tab.keyboard.press("b")
    page.tab.keyboard.press("m")
    page.stroke([(0.1, 0.2), (0.3, 0.2)])
    mirrored = page.ink()[150:260, :, 3]
    assert mirrored[:, 700:950].max() == mirrored[:, 74:324].max() > 200
    page.tab.keyboard.press("m")
    page.tab.keyboard.press("d")
    before, drawn = page.settled(), page.ink()
    page.stroke([(0.4, 0.45), (0.6, 0.45)])
    assert page.canvas(".sheet > canvas.dabs")[..., 3].max() > 0
    assert np.array_equal(page.ink(), drawn)  # colour is no ink
    assert apart(before, page.settled()) > 0.1
    page.screen("tools")


def test_colours_are_chosen_and_rolled_and_hold_while_one_draws_on(opened):
    page = opened()
    page.face()
    plain = page.settled()
    skin = []
    for name in ("very light", "very dark"):
        page.tab.get_by_label(name, exact=True).first.check()
        skin.append(page.settled()[240:300, 200:300].mean())
    assert skin[0] > skin[1] + 10
    page.tab.get_by_label("As the model likes").first.check()
    page.press("Roll the dice")
    page.tab.locator(".thumb").nth(3).wait_for(timeout=PATIENCE)
    page.tab.locator(".thumb").nth(2).click()
    chosen = page.settled()
    assert apart(plain, chosen) > 1
    page.screen("variants")
    page.stroke([(0.45, 0.7), (0.55, 0.7)])
    # The face changes a little, and its colours stay those that were chosen.
    assert apart(chosen, page.settled()) < 0.5 * apart(plain, chosen)


def test_how_literally_strokes_are_meant(opened):
    page = opened()
    page.face()
    page.settled()
    slider = page.tab.get_by_label("Follow the lines")
    slider.fill("0")
    loose = page.settled()
    slider.fill("100")
    assert apart(loose, page.settled()) > 1
    assert not page.tab.get_by_label("Judge by the drawing").is_checked()


def test_what_a_model_cannot_be_told_is_said(opened, tiny_model):
    server = Server("--model", str(tiny_model))
    page = opened(server.address)
    page.face()
    page.settled()
    assert page.tab.get_by_text("This model always follows the lines").is_visible()
    assert page.tab.get_by_text("This model chooses all colours itself").is_visible()
    assert server.stop() == 0


def test_a_picture_to_trace_is_no_part_of_the_drawing(opened):
    page = opened()
    with page.tab.expect_file_chooser() as chooser:
        page.press("Lay a picture underneath")
    chooser.value.set_files(EXAMPLE)
    page.tab.locator(".underlay").wait_for(timeout=PATIENCE)
    page.tab.get_by_label("Move the picture").check()
    page.stroke([(0.5, 0.5), (0.6, 0.55)])
    assert page.ink()[..., 3].max() == 0
    assert "translate(10%" in page.tab.locator(".underlay").get_attribute("style")
    page.tab.get_by_label("Move the picture").uncheck()
    page.stroke(FACE[1])
    page.screen("traced")
    assert page.ink()[..., 3].max() > 0
    assert page.ink()[..., 3].mean() < 2
    page.press("Remove the picture")
    assert page.tab.locator(".underlay").is_hidden()


@pytest.mark.parametrize(
    ("how", "name"),
    [("open", "man-short-hair"), ("drop", "woman-curly-hair"), ("paste", "old-man-beard")],
)
def test_a_drawing_is_brought(opened, how, name):
    page = opened()
    bring(page, EXAMPLES / f"{name}.png", how)
    page.note("The drawing is on the paper")
    page.settled()
    ink = page.ink()[..., 3]
    assert ink.max() > 150
    page.stroke([(0.3, 0.7), (0.4, 0.75)])  # and is drawn on
    assert page.ink()[..., 3].astype(int).sum() > ink.astype(int).sum()
    page.tab.get_by_label("auburn", exact=True).check()
    page.press("Roll the dice")
    page.tab.locator(".thumb").nth(3).wait_for(timeout=PATIENCE)
    page.settled()
    page.screen(f"brought-{how}")


@pytest.mark.skipif(not CASES.is_dir(), reason="no photographed pages here")
def test_a_photographed_page_is_cleaned_and_its_eyes_corrected(opened):
    page = opened()
    bring(page, CASES / "man-short-hair--quarter-turn.png", "drop")
    page.note(re.compile("turned by 90°"))
    page.settled()
    first = page.ink()
    page.press("Correct")
    page.tab.get_by_role("dialog").wait_for()
    page.screen("correcting")
    mark = page.tab.get_by_label("Outer corner of the eye on the left")
    box = mark.bounding_box()
    page.tab.mouse.move(box["x"] + 15, box["y"] + 15)
    page.tab.mouse.down()
    page.tab.mouse.move(box["x"] + 45, box["y"] + 35, steps=4)
    page.tab.mouse.up()
    page.press("Use these marks")
    page.tab.get_by_role("dialog").wait_for(state="detached")
    page.until(lambda: apart(first, page.ink()) > 0.5)


@pytest.mark.parametrize("turn", [0, 90])
def test_the_photo_is_put_back_into_its_page(turn, opened, server, tmp_path):
    file = tmp_path / "page.png"
    with Image.open(EXAMPLE) as example:
        example.convert("RGB").rotate(turn, expand=True).save(file)
    page = opened()
    page.stroke(FACE[0])
    page.press("Save")
    choice = page.tab.get_by_role("menuitem", name="Photo in its page", exact=True)
    assert choice.is_hidden()  # what was drawn here has no page
    page.tab.keyboard.press("Escape")
    with page.tab.expect_response("**/v1/align?*") as found:
        bring(page, file, "drop")
    page.note("The drawing is on the paper")
    page.settled()
    page.press("Save")
    page.screen("saving-page")
    with page.tab.expect_download() as download:
        choice.click()
    assert download.value.suggested_filename == "page.png"
    download.value.save_as(SCREENS / f"put-back-{turn}.png")
    with Image.open(SCREENS / f"put-back-{turn}.png") as saved:
        assert "trainedAlgorithmicMedia" in saved.text["XML:com.adobe.xmp"]
        made = np.asarray(saved.convert("RGB"))
    drawing = images.read(file)
    query = {"put_back": "true"}
    answer = httpx.post(f"{server.address}v1/photo", params=query, content=file.read_bytes())
    expected = images.read(answer.content)
    assert made.shape == expected.shape == drawing.shape
    # Between the eyes it is the photo that the server would put there ...
    [face] = found.value.json()["faces"]
    x, y = (round(sum(face["eyes"][at::2]) / 2) for at in (0, 1))
    middle = np.s_[y - 60 : y + 60, x - 60 : x + 60]
    assert apart(made[middle], expected[middle]) < 0.3 * apart(made[middle], drawing[middle])
    # ... and far from them the page as it was.
    for corner in (np.s_[:15, :15], np.s_[:15, -15:], np.s_[-15:, :15], np.s_[-15:, -15:]):
        assert apart(made[corner], drawing[corner]) < 3


def test_a_picture_without_a_face_asks_where_it_is(opened, tmp_path):
    blank = tmp_path / "blank.png"
    Image.new("RGB", (300, 400), "white").save(blank)
    page = opened()
    bring(page, blank, "drop")
    page.tab.get_by_role("dialog").wait_for(timeout=PATIENCE)
    assert page.tab.get_by_role("alert").is_visible()
    page.press("Turn right")
    page.press("Keep the picture as it is")
    page.note("The drawing is on the paper")


def test_work_is_saved_and_opened_again(opened, tmp_path):
    page = opened()
    page.face()
    page.tab.get_by_label("red", exact=True).first.check()
    page.settled()
    drawn = page.ink()
    saved = {}
    for choice in ("Photo", "Drawing", "Both side by side", "Work, to continue later"):
        page.press("Save")
        page.screen("saving")
        with page.tab.expect_download() as download:
            page.tab.get_by_role("menuitem", name=choice, exact=True).click()
        saved[choice] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[choice])
    for choice, size in (("Photo", (512, 512)), ("Both side by side", (1024, 512))):
        with Image.open(saved[choice]) as picture:
            assert picture.size == size
            assert "trainedAlgorithmicMedia" in picture.text["XML:com.adobe.xmp"]
    with Image.open(saved["Drawing"]) as picture:
        assert picture.size == (512, 512)
        assert not picture.text
    other = opened()
    bring(other, saved["Work, to continue later"], "open")
    other.settled()
    assert np.array_equal(other.ink(), drawn)
    assert other.tab.get_by_label("red", exact=True).first.is_checked()
    other.tab.keyboard.press("Control+z")
    other.settled()
    assert apart(drawn, other.ink()) > 0


@pytest.mark.parametrize(
    "content",
    ["no json", "{}", '{"limner": 9}', '{"limner": 1, "operations": [{"kind": "stroke"}]}'],
)
def test_a_file_that_is_no_work_changes_nothing(opened, tmp_path, content):
    file = tmp_path / "face.limner"
    file.write_text(content)
    page = opened()
    page.stroke(FACE[0])
    drawn = page.ink()
    bring(page, file, "open")
    page.note(re.compile("no work saved by limner|another version of limner"))
    assert np.array_equal(page.ink(), drawn)


def test_a_reload_in_the_middle_loses_nothing_and_all_can_be_forgotten(opened):
    page = opened()
    page.face()
    drawn = page.ink()
    page.tab.wait_for_timeout(700)
    page.tab.reload()
    page.note("Your last drawing is back")
    page.settled()
    assert np.array_equal(page.ink(), drawn)
    page.tab.on("dialog", lambda dialog: dialog.accept())
    page.press("Forget everything")
    page.note("has forgotten everything")
    page.tab.wait_for_timeout(700)
    page.tab.reload()
    page.tab.wait_for_selector("body[data-ready]", state="attached")
    assert page.ink()[..., 3].max() == 0


def test_a_server_that_is_lost_is_found_again(opened):
    server = Server()
    page = opened(server.address)
    page.stroke(FACE[0])
    before = page.settled()
    assert server.stop() == 0
    page.stroke(FACE[1])
    page.note("The server does not answer")
    page.screen("offline")
    again = Server(port=server.port)
    try:
        page.note("The server is back")
        assert apart(before, page.settled()) > 0.1
    finally:
        assert again.stop() == 0


def test_a_server_with_a_token_serves_who_has_its_address(opened, browser):
    server = Server("--token", "a-key")
    try:
        page = opened(server.address)
        page.stroke(FACE[0])
        page.settled()
        assert "a-key" not in page.tab.url
        page.tab.reload()  # the tab remembers it
        page.tab.wait_for_selector("body[data-ready]", state="attached")
        with browser.new_context() as context:
            stranger = context.new_page()
            stranger.goto(server.address.partition("#")[0])
            stranger.get_by_text("The address lacks the key").wait_for(timeout=PATIENCE)
    finally:
        assert server.stop() == 0
        assert "a-key" not in server.said


def test_fingers_draw_and_move_the_paper(opened):
    page = opened(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="de-DE"
    )
    touches = page.tab.context.new_cdp_session(page.tab)

    def touch(kind, *points):
        found = [dict(zip("xy", page.place(*point), strict=True)) for point in points]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

    for points in FACE:
        touch("touchStart", points[0])
        for point in points[1:]:
            touch("touchMove", point)
        touch("touchEnd")
    page.settled()
    drawn = page.ink()
    assert drawn[..., 3].max() > 100
    page.screen("phone", full_page=True)
    # The header is one row, and its menu fits the screen.
    assert page.tab.locator("header").bounding_box()["height"] < 60
    page.press("Speichern")
    page.screen("phone-saving")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390
    page.tab.keyboard.press("Escape")
    # Two fingers: the paper grows, and nothing is drawn.
    touch("touchStart", (0.4, 0.5))
    touch("touchStart", (0.4, 0.5), (0.6, 0.5))
    for step in range(1, 6):
        touch("touchMove", (0.4 - 0.04 * step, 0.5), (0.6 + 0.04 * step, 0.5))
    touch("touchEnd")
    style = page.tab.locator(".sheet").get_attribute("style")
    assert float(re.search(r"scale\((.+)\)", style)[1]) > 1.5
    page.tab.wait_for_timeout(200)
    assert np.array_equal(page.ink(), drawn)
    page.press("Ganzes Papier zeigen")
    assert "scale(1)" in page.tab.locator(".sheet").get_attribute("style")


def test_the_keyboard_alone_is_enough(opened):
    page = opened(color_scheme="dark")
    keyboard = page.tab.keyboard
    for _ in range(40):
        keyboard.press("Tab")
        if page.tab.evaluate("document.activeElement.classList.contains('paper')"):
            break
    else:
        pytest.fail("Tab does not reach the paper")
    keyboard.press("Enter")
    for key in ["ArrowRight"] * 20 + ["ArrowDown"] * 20 + ["ArrowLeft"] * 20:
        keyboard.press(key)
    keyboard.press("Enter")
    page.settled()
    assert page.ink()[..., 3].max() > 50
    keyboard.press("?")
    page.tab.get_by_role("dialog").wait_for()
    page.screen("shortcuts-dark")
    keyboard.press("Escape")
    page.tab.get_by_role("dialog").wait_for(state="detached")
    keyboard.press("Control+z")
    page.tab.wait_for_function("() => document.querySelector('.photo > canvas').hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_out(opened, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe").Axe()
    page = opened(color_scheme=scheme, reduced_motion="reduce")

    def check(state):
        found = axe.run(page.tab).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        told = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in serious]
        assert told == [], f"{state}: {json.dumps(told, indent=1)}"

    check("empty")
    page.face()
    page.settled()
    page.press("Roll the dice")
    page.tab.locator(".thumb").nth(3).wait_for(timeout=PATIENCE)
    check("drawn")
    page.tab.keyboard.press("c")
    check("compared")
    page.press("Save")
    check("menu")
    page.tab.keyboard.press("Escape")
    page.tab.keyboard.press("?")
    check("shortcuts")
    page.screen(f"whole-{scheme}")


def test_at_200_percent_zoom_nothing_is_out_of_reach(opened):
    page = opened(viewport={"width": 720, "height": 430})
    wide = page.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 720
    page.screen("zoomed", full_page=True)
