"""Runs the application on uvicorn: the port, its limits, and a graceful stop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from limner.errors import UsageError
from limner.studio.app import create_app
from limner.studio.settings import Settings

__all__ = ["address_of", "listen", "serve"]

_GRACE = 10
"""Seconds that a stopping server gives the requests that it has begun."""


def listen(settings: Settings) -> socket.socket:
    """Take the port.

    Raises:
        UsageError: It is in use or not allowed, or there is no such address.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(min(2048, settings.connections))
    except OSError as error:
        listener.close()
        place = f"{settings.host}, port {settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"{place} is in use, perhaps by another studio; name another --port, or 0 for a "
                "free one"
            ) from error
        raise UsageError(
            f"cannot listen on {place} ({error.strerror}); name another --host or --port"
        ) from error
    return listener


def address_of(listener: socket.socket, settings: Settings) -> str:
    """The address of the page, with the token where there is one."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    # Behind the #, it is never sent to a server, so never in a log.
    token = f"#token={settings.token}" if settings.token else ""
    return f"http://{host}:{port}/{token}"


def serve(
    settings: Settings, listener: socket.socket, ready: Callable[[], None] = lambda: None
) -> None:
    """Serve until Ctrl-C or SIGTERM; requests that were begun are finished.

    Args:
        settings: Of the server.
        listener: From `listen`.
        ready: Called once when the server accepts requests.
    """
    config = uvicorn.Config(
        create_app(settings),
        http=_protocol(settings.silence),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses and queries of people who draw are nobody's business
        server_header=False,
        limit_concurrency=settings.connections,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=30,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised again when all is finished
        asyncio.run(_serve(uvicorn.Server(config), listener, ready))


async def _serve(
    server: uvicorn.Server, listener: socket.socket, ready: Callable[[], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await serving


def _protocol(silence: float) -> type[H11Protocol]:
    """Uvicorn's HTTP protocol, which would wait for ever for a client that never says a word."""

    class Impatient(H11Protocol):
        _closing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._closing = self.loop.call_later(silence, self._close_silent)

        def handle_events(self) -> None:
            super().handle_events()
            if self.cycle is not None and self._closing is not None:  # the headers are complete
                self._closing.cancel()
                self._closing = None

        def connection_lost(self, exc: Exception | None) -> None:
            if self._closing is not None:
                self._closing.cancel()
            super().connection_lost(exc)

        def _close_silent(self) -> None:
            self._closing = None
            if not self.transport.is_closing():
                self.transport.close()

    return Impatient
