import contextlib
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCREENS = Path(__file__).parents[2] / "build" / "studio"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Server:
    """A `limner studio` process."""

    def __init__(self, *options, port=0):
        command = [sys.executable, "-m", "limner", "studio", "--no-open", "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        first = self.process.stdout.readline()
        assert "http://" in first, first + self.process.stdout.read()
        self.address = first.split()[-1]
        self.port = int(self.address.split("/")[2].rpartition(":")[2])

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(15)
        self.said = self.process.stdout.read()
        self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def server():
    running = Server()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def browser():
    """Chromium. Its driver keeps an event loop running, so other modules must not see it."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright")
    SCREENS.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield running
        running.close()


@pytest.fixture
def opened(browser, server):
    from tests.studio.page import Page

    contexts = []

    def opening(address=None, **options):
        settings = {"viewport": {"width": 1440, "height": 860}, "locale": "en-GB"} | options
        context = browser.new_context(**settings)
        contexts.append(context)
        page = Page(context.new_page(), address or server.address)
        pages.append(page)
        return page

    pages = []
    yield opening
    for context in contexts:
        context.close()
    assert [problem for page in pages for problem in page.problems] == []
