"""Connections: how many there may be, and how long one may say nothing."""

import asyncio
import json
from collections.abc import Callable

import h11
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from limner.studio.guard import HEADERS, answering
from limner.studio.problems import ProblemError
from limner.studio.settings import Settings

__all__ = ["KEEP_ALIVE", "protocol_of"]

KEEP_ALIVE = 30
"""Seconds from an answer to the next request on its connection."""
_GRACE = 0.5
"""Seconds that a connection may rest before it has to make room for another."""
_SPARE = 256
"""Connections beyond the limit that are told so; still more are closed without a word."""


def protocol_of(
    settings: Settings, stopping: Callable[[], bool] = lambda: False
) -> type[H11Protocol]:
    """Uvicorn's HTTP protocol, which would wait for ever for a client that says or reads nothing.

    At the limit of connections, the one that has been without a request for longest makes room;
    only when all are at work, a further one gets a 503. With uvicorn's own limit, silent ones would
    keep out all others.

    A stopping uvicorn tells its connections to end, but asyncio may just be accepting another. That
    one is closed here as soon as it begins: a silent client would hold up the end for all its time
    of grace.

    Args:
        settings: Of the server.
        stopping: Whether the server is about to end.
    """
    too_many = ProblemError(503, "the server has too many connections; try again", retry_after=1)
    shared = {
        "settings": settings,
        "stopping": staticmethod(stopping),
        "busy": staticmethod(answering(too_many)),
        "idle": {},
    }
    return type("Impatient", (_Impatient,), shared)


class _Impatient(H11Protocol):
    settings: Settings
    stopping: Callable[[], bool]
    busy: ASGIApp
    """Answers where there are too many connections."""
    idle: dict[H11Protocol, float]
    """Connections of the server without a request, and since when; the longest first."""
    _closing: asyncio.TimerHandle | None = None
    """Closes it unless the headers of a request are complete by then."""
    _giving_up: asyncio.TimerHandle | None = None
    """Closes it unless the client reads its answer until then."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.stopping():
            self.shutdown()
            return
        over = len(self.connections) - self.settings.connections
        if over > 0:
            longest, since = next(iter(self.idle.items()), (self, self.loop.time()))
            if self.loop.time() - since > _GRACE:
                del self.idle[longest]  # at once, for the next that comes
                longest.transport.abort()
            elif over > _SPARE:
                transport.abort()
            else:
                self.app = self.busy
        self._rest(self.settings.silence)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._wake()

    def on_response_complete(self) -> None:
        self._rest(KEEP_ALIVE)  # before the next request, which may be here already
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wake()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._giving_up = self.loop.call_later(self.settings.timeout, self.drop)

    def resume_writing(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer has begun
            self.drop()
            return
        if self.cycle is not None:  # whoever reads the body, there will be no more
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        problem = ProblemError(400, "this is not a request in HTTP/1.1")
        body = json.dumps(problem.content).encode()
        headers = {
            **HEADERS,
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "connection": "close",
        }
        for event in (
            h11.Response(status_code=400, headers=list(headers.items()), reason="Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def drop(self) -> None:
        """Close it at once, whatever has not been read."""
        self._wake()
        self.transport.abort()

    def _rest(self, seconds: float) -> None:
        self._wake()
        self.idle[self] = self.loop.time()
        self._closing = self.loop.call_later(seconds, self.drop)

    def _wake(self) -> None:
        self.idle.pop(self, None)
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
