"""Would the page be faster over a WebSocket? The same live request both ways, in a browser.

    python benchmarks/studio_socket.py [--pairs N] [--model NAME|FILE]

One server process answers a headless Chromium: over fetch, as the page asks, and over a WebSocket
that exists only here. Its route does less than the API does (no queue, no form, no headers), so
what it gains is the most that could be gained. The two take turns, and who begins changes from
pair to pair; printed are median and p95 of both, from the call until the picture's bytes are there,
and the median of the differences within pairs, which hardly depends on what else the machine does.

The server speaks WebSocket with the package `websockets`.
"""

import argparse
import asyncio
import base64
import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import WebSocket, WebSocketDisconnect
from playwright.sync_api import sync_playwright
from starlette.types import Receive, Scope, Send

from limner import images
from limner.studio.app import create_app
from limner.studio.bodies import Upload
from limner.studio.connections import protocol_of
from limner.studio.queries import PhotoQuery
from limner.studio.server import listen
from limner.studio.settings import Settings

EXAMPLE = Path(__file__).parents[1] / "examples" / "woman-long-hair.png"
WARM = 10
"""Pairs before those that count."""
QUERY = "as_is=true&clean=off&format=jpeg"
ASK = """async ([picture, query, pairs]) => {
    const body = Uint8Array.from(atob(picture), (one) => one.charCodeAt(0));
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "blob";
    await new Promise((resolve, reject) => ((socket.onopen = resolve), (socket.onerror = reject)));
    const ways = {
        fetch: async () => {
            const headers = { "Content-Type": "image/png" };
            const options = { method: "POST", headers, body: new Blob([body]) };
            const answer = await fetch(`/v1/photo?${query}`, options);
            if (!answer.ok) throw new Error(await answer.text());
            return answer.blob();
        },
        socket: () => new Promise((resolve, reject) => {
            socket.onmessage = (event) => resolve(event.data);
            socket.onclose = reject;
            socket.send(new Blob([body]));
        }),
    };
    const times = { fetch: [], socket: [] };
    const sizes = new Set();
    for (let pair = 0; pair < pairs; pair++) {
        for (const way of pair % 2 ? ["fetch", "socket"] : ["socket", "fetch"]) {
            const begun = performance.now();
            sizes.add((await ways[way]()).size);
            times[way].push(performance.now() - begun);
        }
    }
    if (sizes.size !== 1) throw new Error(`answers of ${[...sizes]} bytes`);
    return times;
}"""


def main() -> None:
    """Print three lines, or be the server."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--model", default="portrait")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.model))
        return
    command = [sys.executable, __file__, "--serve", "--model", options.model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            times = asked(server.stdout.readline().strip(), options.pairs, options.chromium)
        finally:
            server.terminate()
    for way, name in (("fetch", "fetch"), ("socket", "WebSocket")):
        median, p95 = np.percentile(times[way], (50, 95))
        print(f"{name:9}: median {median:.1f} ms, p95 {p95:.1f} ms")
    gained = np.subtract(times["fetch"], times["socket"])
    quartiles = np.percentile(gained, (25, 50, 75))
    print("fetch is slower by {1:.1f} ms (quartiles {0:.1f} to {2:.1f})".format(*quartiles))


async def serve(model: str) -> None:
    """The studio, and its photos over a WebSocket, until it is killed."""
    settings = Settings(port=0, model=model, silence=3600)  # else it would close the socket
    app = create_app(settings)
    query = PhotoQuery(as_is=True, clean="off", format="jpeg")

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)  # beside the studio, whose guard refuses it
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                drawing = Upload("picture", await socket.receive_bytes())
                [made] = await app.state.service.photos(drawing, query, None)
                await socket.send_bytes(made.data)

    listener = listen(settings)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(
        both, http=protocol_of(settings), ws="websockets-sansio", log_level="warning"
    )
    await uvicorn.Server(config).serve(sockets=[listener])


def asked(address: str, pairs: int, chromium: str) -> dict[str, list[float]]:
    """Milliseconds of each request, by way."""
    picture = images.encode(images.resize(images.read(EXAMPLE), 256))
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"{address}healthz")  # of the same origin, and busy with nothing else
        given = [base64.b64encode(picture).decode(), QUERY, WARM + pairs]
        times: dict[str, list[float]] = page.evaluate(ASK, given)
        browser.close()
    return {way: one[WARM:] for way, one in times.items()}


if __name__ == "__main__":
    main()
