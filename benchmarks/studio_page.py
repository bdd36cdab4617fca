"""From the end of a stroke to its photo, in a browser.

    python benchmarks/studio_page.py [--strokes N] [--model NAME|FILE] [--size WxH]

Starts `limner studio` and a headless Chromium, draws random strokes over a face at the pace of a
hand, and prints how long the photo of each took after the pen was lifted: median, p95 and maximum,
and the weight of the page. Beside it stands how
long requests and the encoding of drawings took.
"""

import argparse
import gzip
import math
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

WATCH = """() => {
    window.times = [];
    window.asked = [];
    window.encoded = [];
    const fetched = window.fetch;
    window.fetch = async (...args) => {
        const begun = performance.now();
        const answer = await fetched(...args);
        window.asked.push(performance.now() - begun);
        return answer;
    };
    const encode = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (done, ...args) {
        const begun = performance.now();
        encode.call(this, (blob) => {
            window.encoded.push(performance.now() - begun);
            done(blob);
        }, ...args);
    };
    let lifted = 0;
    const paper = document.querySelector(".paper");
    paper.addEventListener("pointerup", () => (lifted = performance.now()), true);
    new MutationObserver(() => {
        if (lifted && document.body.dataset.status === "idle") {
            window.times.push(performance.now() - lifted);
            lifted = 0;
        }
    }).observe(document.body, { attributes: true, attributeFilter: ["data-status"] });
}"""
FRAME = 1 / 60


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=60)
    parser.add_argument("--model", default="portrait")
    parser.add_argument("--size", default="1440x860", help="of the window, in px")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    command = [sys.executable, "-m", "limner", "studio", "--no-open", "--port", "0"]
    server = subprocess.Popen(
        [*command, "--model", options.model], stdout=subprocess.PIPE, text=True
    )
    try:
        address = server.stdout.readline().split()[-1]
        with sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            page.wait_for_selector("body[data-ready]", state="attached")
            page.evaluate(WATCH)
            times = drawn(page, options.strokes)
            asked, encoded = page.evaluate("[window.asked, window.encoded]")
            browser.close()
        print(f"{len(times)} strokes in {options.size} px, model {options.model}")
        print(f"stroke to photo, ms: {summary(times)}")
        print(f"of it a request to the server: {summary(asked)}")
        print(f"and the drawing as a PNG: {summary(encoded)}")
        print(f"page: {weight(address) / 1000:.1f} kB compressed")
    finally:
        server.terminate()
        server.wait()


def drawn(page: Page, strokes: int) -> list[float]:
    """Draw; the times in ms."""
    rng = np.random.default_rng(0)
    box = page.locator(".frame.paper").bounding_box()
    for _ in range(strokes):
        x, y = rng.uniform(0.2, 0.8, 2)
        radius, turn = rng.uniform(0.03, 0.2), rng.uniform(0, 2 * math.pi)
        for step in range(20):
            angle = turn + step / 19 * math.pi
            place = x + radius * math.cos(angle), y + radius * math.sin(angle)
            page.mouse.move(*(box[k] + s * box["width"] for k, s in zip("xy", place, strict=True)))
            if step == 0:
                page.mouse.down()
            time.sleep(FRAME)
        page.mouse.up()
        page.wait_for_timeout(400)
    return page.evaluate("window.times")


def summary(times: list[float]) -> str:
    """Median, p95 and maximum."""
    median, p95 = np.percentile(times, (50, 95))
    return f"median {median:.0f}, p95 {p95:.0f}, maximum {max(times):.0f}"


def weight(address: str) -> int:
    """Bytes of the page and what it loads, compressed as a proxy would."""
    base = address.partition("#")[0]
    page = urllib.request.urlopen(base).read()
    static = Path(__file__).parents[1] / "src" / "limner" / "studio" / "static" / "assets"
    files = [page, *(file.read_bytes() for file in static.iterdir())]
    return sum(len(gzip.compress(file)) for file in files)


if __name__ == "__main__":
    main()
