"""Pens at the page: pressure, tilt, the hand that rests beside them, and their other end."""

import json

import numpy as np
import pytest

from tests.studio.page import apart, bring

LINE = np.linspace((0.2, 0.5), (0.8, 0.5), 25)


class Pointers:
    """A pen and fingers, as the browser's own input has them."""

    def __init__(self, page):
        self.page = page
        self.session = page.tab.context.new_cdp_session(page.tab)

    def pen(self, kind, point, force=0.5, tilt=(0, 0), button="left"):
        x, y = self.page.place(*point)
        self.session.send(
            "Input.dispatchMouseEvent",
            {
                "type": f"mouse{kind}",
                "pointerType": "pen",
                "x": x,
                "y": y,
                "button": "none" if kind == "Moved" and not force else button,
                "buttons": 0 if kind == "Released" or not force else 1,
                "force": force,
                "tiltX": tilt[0],
                "tiltY": tilt[1],
                "clickCount": 1,
            },
        )

    def stroke(self, points, force=0.5, tilt=(0, 0)):
        """Draw with the pen; `force` and `tilt` are the same everywhere, or given by point."""
        forces = np.broadcast_to(force, len(points)).tolist()
        tilts = np.broadcast_to(tilt, (len(points), 2)).tolist()
        self.pen("Pressed", points[0], forces[0], tilts[0])
        for point, one, lean in zip(points[1:], forces[1:], tilts[1:], strict=True):
            self.pen("Moved", point, one, lean)
        self.pen("Released", points[-1], 0, tilts[-1])

    def touch(self, kind, *points):
        found = [dict(zip("xy", self.page.place(*point), strict=True)) for point in points]
        self.session.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": found}
        )


@pytest.fixture
def page(opened):
    page = opened(has_touch=True)
    page.pointers = Pointers(page)
    return page


def width(ink, column):
    """How many px of a column are inked."""
    return int((ink[:, column, 3] > 8).sum())


def darkness(ink, column):
    """The mean of the darkest px around a column, 0 to 255."""
    strip = ink[..., column - 20 : column + 20, 3]
    return float(strip.max(axis=0).mean())


def drawn(page, *strokes, tool):
    """The ink of each stroke alone, by a pen."""
    page.press(tool)
    inks = []
    for force, tilt in strokes:
        page.pointers.stroke(LINE, force, tilt)
        inks.append(page.ink())
        page.press("Clear the paper")
    return inks


def test_a_pen_that_presses_draws_darker_and_wider(page):
    light, middle, hard = drawn(page, (0.05, (0, 0)), (0.4, (0, 0)), (1.0, (0, 0)), tool="Pencil")
    assert darkness(light, 512) + 50 < darkness(middle, 512) < darkness(hard, 512) - 10
    assert width(light, 512) < width(hard, 512)
    light, middle, hard = drawn(page, (0.05, (0, 0)), (0.4, (0, 0)), (1.0, (0, 0)), tool="Brush")
    assert 2 * width(light, 512) < width(hard, 512)
    assert width(light, 512) < width(middle, 512) < width(hard, 512)


def test_pressure_changes_along_a_stroke(page):
    page.press("Brush")
    page.pointers.stroke(LINE, np.linspace(0.05, 1, len(LINE)))
    ink = page.ink()
    widths = [width(ink, column) for column in (260, 420, 600, 780)]
    assert widths == sorted(widths)
    assert widths[-1] > 2 * widths[0]


@pytest.mark.parametrize("tilt", [(65, 0), (0, -65), (57, 57)])
def test_a_pencil_on_its_side_shades(page, tilt):
    upright, leaning, held = drawn(page, (0.5, (0, 0)), (0.5, tilt), (0.5, (25, 25)), tool="Pencil")
    assert width(leaning, 512) > 3 * width(upright, 512)
    assert darkness(leaning, 512) < 0.7 * darkness(upright, 512)
    assert leaning[..., 3].max() > 30
    assert np.array_equal(held, upright)  # as one holds a pen to write
    upright, leaning = drawn(page, (0.5, (0, 0)), (0.5, tilt), tool="Brush")
    assert np.array_equal(upright, leaning)  # a brush is round


def test_what_a_pen_drew_is_the_same_after_undo_and_in_a_file(page, opened, tmp_path):
    tilts = np.stack([np.linspace(0, 80, len(LINE)), np.zeros(len(LINE))], axis=1)
    page.pointers.stroke(LINE, np.linspace(0.2, 1, len(LINE)), tilts)
    page.pointers.stroke(LINE + np.array([0, 0.1]), 0.7)
    ink = page.ink()
    page.screen("pen", clip=page.tab.locator(".frame.paper").bounding_box())
    for keys in ("Control+z", "Control+z", "Control+Shift+z", "Control+Shift+z"):
        page.tab.keyboard.press(keys)
    page.settled()
    assert np.array_equal(page.ink(), ink)
    with page.tab.expect_download() as download:
        page.tab.keyboard.press("Control+s")
    file = tmp_path / "face.limner"
    download.value.save_as(file)
    leaning, upright = json.loads(file.read_text())["operations"]
    assert len(leaning["tilts"]) == len(leaning["points"]) / 3
    assert "tilts" not in upright
    other = opened()
    bring(other, file, "drop")
    other.settled()
    assert np.array_equal(other.ink(), ink)
    damaged = file.read_text().replace('"tilts":[', '"tilts":[7,')
    file.write_text(damaged)
    bring(other, file, "drop")
    other.note("no work saved by limner")
    assert np.array_equal(other.ink(), ink)


def test_a_hand_that_rests_beside_the_pen_leaves_no_mark(page):
    pointers = page.pointers
    pointers.stroke(LINE)
    alone = page.ink()
    page.press("Undo")
    pointers.pen("Pressed", LINE[0])
    for step, point in enumerate(LINE[1:]):
        palm = (0.6 + 0.002 * step, 0.8)
        if step == 3:
            pointers.touch("Start", palm)
        elif step > 3:
            pointers.touch("Move", palm, (0.7, 0.9 + 0.001 * step))  # two spots of one hand
        pointers.pen("Moved", point)
    pointers.pen("Released", LINE[-1], 0)
    for step in range(5):  # the pen is lifted, the hand slides on
        pointers.touch("Move", (0.7, 0.8 - 0.02 * step), (0.7, 0.9 - 0.04 * step))
    pointers.touch("End")
    page.settled()
    assert np.array_equal(page.ink(), alone)
    assert not page.tab.locator(".sheet").get_attribute("style")  # nor was the paper moved


def test_a_hand_that_is_there_before_the_pen_leaves_no_mark(page):
    pointers = page.pointers
    pointers.touch("Start", (0.6, 0.8))  # no pen was seen yet: this may be a finger
    pointers.touch("Move", (0.62, 0.8))
    pointers.touch("Move", (0.64, 0.82))
    page.settled()
    pointers.stroke(LINE)
    pointers.touch("Move", (0.66, 0.9))
    pointers.touch("End")
    page.settled()
    ink = page.ink()
    assert ink[500:524].max() > 100
    assert ink[560:].max() == 0
    page.press("Undo")
    assert page.ink().max() == 0
    assert page.button("Undo").is_disabled()  # the hand's mark is no step either


def test_fingers_move_the_paper_once_the_pen_is_away(page):
    pointers = page.pointers
    pointers.stroke(LINE)
    ink = page.ink()
    page.tab.wait_for_timeout(600)
    pointers.touch("Start", (0.3, 0.3))
    pointers.touch("Move", (0.4, 0.35))
    pointers.touch("End")
    assert "translate" in page.tab.locator(".sheet").get_attribute("style")
    assert np.array_equal(page.ink(), ink)


def test_a_touch_that_the_system_takes_back_was_no_stroke(page):
    pointers = page.pointers
    pointers.touch("Start", (0.3, 0.3))
    pointers.touch("Move", (0.4, 0.35))
    page.settled()
    pointers.touch("Cancel")
    page.tab.wait_for_function("() => document.querySelector('.photo > canvas').hidden")
    assert page.ink().max() == 0
    assert page.button("Undo").is_disabled()


ERASE = """([points, button, buttons]) => {
    const paper = document.querySelector(".frame.paper");
    const told = { pointerId: 1, pointerType: "pen", pressure: 0.5, bubbles: true };
    points.forEach(([clientX, clientY], at) => {
        const place = { ...told, clientX, clientY, buttons };
        if (!at) paper.dispatchEvent(new PointerEvent("pointerdown", { ...place, button }));
        paper.dispatchEvent(new PointerEvent("pointermove", { ...place, button: -1 }));
    });
    paper.dispatchEvent(new PointerEvent("pointerup", { ...told, button, buttons: 0 }));
}"""


@pytest.mark.parametrize(("button", "buttons"), [(5, 32), (0, 33)])
def test_the_other_end_of_a_pen_erases_whatever_the_tool(page, button, buttons):
    page.press("Brush")
    page.pointers.stroke(LINE, 1.0)
    before = page.ink()
    across = [page.place(0.5, y) for y in np.linspace(0.45, 0.55, 15)]
    page.tab.evaluate(ERASE, [across, button, buttons])
    erased = page.ink()[..., 3]
    assert before[500:524, 512, 3].max() > 200
    assert erased[500:524, 500:524].max() < 30  # as wide as the eraser, not as the brush
    assert np.array_equal(erased[:, :400], before[:, :400, 3])
    assert page.button("Brush").get_attribute("aria-pressed") == "true"
    page.pointers.stroke(LINE, 1.0)  # turned round, it draws again
    assert apart(page.ink(), before) < apart(erased, before[..., 3])
