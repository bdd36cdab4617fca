"""The page as a browser shows it: what the tests of the page share."""

import base64
import io
import math

import numpy as np
from PIL import Image

from tests.studio.conftest import SCREENS

PATIENCE = 10_000
"""Milliseconds."""


def arc(x, y, rx, ry, first=0.0, last=360.0, count=24):
    angles = np.radians(np.linspace(first, last, count))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


FACE = [
    arc(0.5, 0.36, 0.3, 0.46),
    arc(0.365, 0.3, 0.065, 0.03),
    arc(0.635, 0.3, 0.065, 0.03),
    arc(0.365, 0.3, 0.02, 0.025),
    arc(0.635, 0.3, 0.02, 0.025),
    arc(0.365, 0.24, 0.09, 0.04, 200, 340, 10),
    arc(0.635, 0.24, 0.09, 0.04, 200, 340, 10),
    [(0.48, 0.34), (0.46, 0.45), (0.44, 0.5), (0.5, 0.52), (0.56, 0.5)],
    arc(0.5, 0.6, 0.1, 0.02, 0, 180, 10),
    arc(0.5, 0.62, 0.11, 0.045, 5, 175, 10),
]


class Page:
    """The page as its user sees it."""

    def __init__(self, tab, address):
        self.tab = tab
        self.problems = []
        tab.on("pageerror", lambda error: self.problems.append(str(error)))
        tab.on("console", self._heard)
        tab.goto(address)
        tab.wait_for_selector("body[data-ready]", timeout=PATIENCE, state="attached")

    def _heard(self, message):
        # A server that is lost, or that answers with a problem, is what some tests are about.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def place(self, x, y):
        box = self.tab.locator(".frame.paper").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def stroke(self, points):
        mouse = self.tab.mouse
        mouse.move(*self.place(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.place(*point))
        mouse.up()

    def face(self):
        for points in FACE:
            self.stroke(points)

    def canvas(self, selector):
        """The pixels of a canvas `[H, W, 4]`."""
        script = "one => one.toDataURL().split(',')[1]"
        encoded = self.tab.locator(selector).evaluate(script)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))

    def ink(self):
        return self.canvas(".sheet > canvas:nth-of-type(2)")

    def photo(self):
        return self.canvas(".photo > canvas:first-child")[..., :3]

    def settled(self):
        """Wait until nothing is on its way any more, and return the photo."""
        self.tab.wait_for_function(
            "() => document.body.dataset.status === 'idle'", timeout=PATIENCE
        )
        shown = -1
        while shown != (shown := self.shown()):
            self.tab.wait_for_timeout(200)
        return self.photo()

    def shown(self):
        script = "one => Number(one.dataset.shown ?? 0)"
        return self.tab.locator(".photo > canvas").first.evaluate(script)

    def until(self, condition):
        """Wait until something outside of the page's status is so."""
        for _ in range(2 * PATIENCE // 50):
            if condition():
                return
            self.tab.wait_for_timeout(50)
        raise AssertionError("it has not come about")

    def button(self, name):
        return self.tab.get_by_role("button", name=name, exact=True)

    def press(self, name):
        self.button(name).click()

    def note(self, text):
        self.tab.get_by_role("status").get_by_text(text).first.wait_for(timeout=PATIENCE)

    def screen(self, name, **options):
        self.tab.screenshot(path=SCREENS / f"{name}.png", **options)


def apart(first, second):
    return np.abs(first.astype(int) - second.astype(int)).mean()


def bring(page, file, how):
    if how == "open":
        with page.tab.expect_file_chooser() as chooser:
            page.press("Open")
        chooser.value.set_files(file)
        return
    script = """([kind, bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
        const options = { bubbles: true, cancelable: true };
        document.dispatchEvent(kind === "drop"
            ? new DragEvent("drop", { ...options, dataTransfer: data })
            : new ClipboardEvent("paste", { ...options, clipboardData: data }));
    }"""
    page.tab.evaluate(script, [how, base64.b64encode(file.read_bytes()).decode(), file.name])
