"""Runs the application on uvicorn: the port, its limits, and a graceful stop."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from limner.errors import UsageError
from limner.studio.app import create_app
from limner.studio.connections import KEEP_ALIVE, protocol_of
from limner.studio.settings import ANY, Settings

__all__ = ["address_of", "listen", "network_address", "serve"]

_GRACE = 10
"""Seconds that a stopping server gives the requests that it has begun."""


def listen(settings: Settings) -> socket.socket:
    """Take the port.

    Raises:
        UsageError: It is in use or not allowed, or there is no such address.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named: else an answer's body
    # waits 40 ms for the client to acknowledge its headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it lets two servers have the port
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


def network_address() -> str:
    """The address by which other machines reach this one; '' if it is in no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # of RFC 5737; nothing is sent
        except OSError:
            return ""
        return str(asking.getsockname()[0])


def address_of(listener: socket.socket, settings: Settings, host: str = "") -> str:
    """The address of the page, with the token where there is one.

    Args:
        listener: From `listen`.
        settings: Of the server.
        host: Another name or address of this machine than it listens on.
    """
    port = listener.getsockname()[1]
    if settings.host in ANY:
        host = host or ("::1" if settings.host == "::" else "127.0.0.1")
    host = host or settings.host
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

    Raises:
        LimnerError: The default model cannot be loaded.
    """
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=protocol_of(settings, stopping=lambda: server.should_exit),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses and queries of people who draw are nobody's business
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=KEEP_ALIVE,
    )
    server = uvicorn.Server(config)

    failures: list[BaseException] = []

    def loaded(starting: "asyncio.Task[None]") -> None:
        if not starting.cancelled() and (error := starting.exception()) is not None:
            failures.append(error)
            server.should_exit = True

    def started() -> None:
        ready()
        app.state.ready.add_done_callback(loaded)

    # Uvicorn raises a Ctrl-C again when all is finished.
    with contextlib.suppress(KeyboardInterrupt), _terminable(server):
        asyncio.run(_serve(server, listener, started))
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _terminable(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM, by which services are stopped, end the process as well as Ctrl-C does.

    Uvicorn handles it while it serves, and raises it again when all is finished: by default that
    would kill the process, as if something had failed.
    """

    def stop(*_: object) -> None:
        if not server.should_exit:  # uvicorn does not handle it yet
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # signals are not for others
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _serve(
    server: uvicorn.Server, listener: socket.socket, ready: Callable[[], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await serving
