"""What the tests of the server share: clients, and pictures as files."""

import asyncio
import contextlib
import io
import json
import socket
import threading

import httpx
import numpy as np
import uvicorn
from PIL import Image

from limner import images
from limner.studio.app import create_app
from limner.studio.connections import protocol_of
from limner.studio.server import listen
from limner.studio.settings import Settings

AS_IS = {"as_is": "true"}
PLAIN = AS_IS | {"clean": "off"}
"""What leaves even a dark picture as it is."""


def png(pixels):
    return images.encode(np.asarray(pixels, np.uint8))


def grey(level, side=64):
    """A picture of one lightness, of which `hinted_model` makes itself."""
    return png(np.full((side, side, 3), level, np.uint8))


def lightness(data):
    return round(float(images.read(data).mean()))


def client_of(app):
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@contextlib.asynccontextmanager
async def studio(**settings):
    """A client of an application that runs in this process."""
    app = create_app(Settings(**settings))
    async with app.router.lifespan_context(app):
        await app.state.ready
        async with client_of(app) as client:
            client.app = app
            client.service = app.state.service
            yield client


def once(method, path, *, settings, start=True, **request):
    """The answer to one request; without `start` no model is loaded, for what needs none."""

    async def ask():
        if not start:
            async with client_of(create_app(Settings(**settings))) as client:
                return await client.request(method, path, **request)
        async with studio(**settings) as client:
            return await client.request(method, path, **request)

    return asyncio.run(ask())


def problem(response, status, kind):
    """The detail of a problem, which must be of this kind and in the form of all problems."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content = response.json()
    assert content.keys() == {"type", "title", "status", "detail"}
    assert (content["type"], content["status"]) == (kind, status)
    check_headers(response)
    return content["detail"]


def check_headers(response):
    """Headers that are on every answer."""
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def raw(app, messages, *, path="/v1/photo", query=b"as_is=true", headers=(), method="POST"):
    """Send ASGI messages as the body of a request; what the application answers."""
    given, sent = iter(messages), []

    async def receive():
        message = next(given, None)
        if message is None:
            await asyncio.Event().wait()
        return await message if asyncio.iscoroutine(message) else message

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 9),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return sent


def part(body, *, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


@contextlib.asynccontextmanager
async def listening(app=None, **settings):
    """The port of a server that runs in this process, and its application."""
    settings = Settings(port=0, **settings)
    app = app or create_app(settings)
    listener = listen(settings)
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        app, http=protocol_of(settings), ws="none", lifespan="auto", log_level="warning"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))  # it leaves signals alone
    while not server.started:
        await asyncio.sleep(0.005)
    if hasattr(app, "state"):
        await app.state.ready
    try:
        yield port, app
    finally:
        server.should_exit = True
        await serving


def dial(port):
    """A connection that says nothing by itself."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.settimeout(10)
    return connection


def say(connection, text):
    """Send bytes, and read until the server closes; it must."""
    connection.sendall(text)
    return hear(connection)


def hear(connection):
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            heard += more
    return heard


def gif(frames):
    file = io.BytesIO()
    pictures = [Image.fromarray(np.full((64, 64, 3), level, np.uint8)) for level in frames]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def saved(picture, kind):
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


class Held:
    """A network that waits until it is told to go on; then it is the one it stands in front of."""

    def __init__(self, network):
        self.network = network
        self.go = threading.Event()
        self.calls = []

    def batch(self, crops, **beside):
        self.calls.append(len(crops))
        assert self.go.wait(10)
        return self.network(crops, **beside)


def hold(service, monkeypatch):
    """Let the network of the default model wait."""
    translator = service._loaded[service.settings.model_name].result()
    held = Held(translator.batch)
    monkeypatch.setattr(translator, "batch", held.batch)
    return held


async def until(condition):
    """Wait until something is so; not for long."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def lines(response):
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]
