"""Who may ask, how much and how often: an ASGI middleware in front of everything.

The server is on the reader's own machine, where any web page can send requests to it. So requests
must name the server as its user does (against DNS rebinding) and come from its own page, if from a
page at all (against cross-site requests).
"""

import asyncio
import hmac
import ipaddress
import logging
import re
import socket
import time
import traceback
from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.studio.problems import ProblemError, problem_of, problem_response
from limner.studio.settings import ANY, LOOPBACK, Settings

__all__ = ["HEADERS", "UNTIL", "Guard", "answering"]

LOG = logging.getLogger("limner.studio")
UNTIL = "limner.until"
"""In the scope of a request: when it must be answered, on the monotonic clock."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self' data:",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:@/\s]+))(?::\d*)?")
"""A Host header in lower case: an IPv6 address in brackets, or a name; and a port."""
_BURST = 10.0
"""Seconds over which the rate of a client is averaged."""
_CLIENTS = 4096
"""Clients whose rate is remembered."""


def answering(problem: ProblemError) -> ASGIApp:
    """An application that answers every request with a problem, and closes the connection."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(problem)
        response.headers["connection"] = "close"
        await response(scope, receive, _Answer(scope, send))

    return app


class _Answer:
    """Sends the answer to a request, with the headers of all answers."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._is_private = scope["path"].startswith("/v1/") or scope["path"] == "/metrics"
        self._is_head = scope["method"] == "HEAD"
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._is_private:
                headers.setdefault("cache-control", "no-store")
        elif self._is_head:
            message = {**message, "body": b""}
        await self._send(message)


class Guard:
    """Checks each request, limits its body, and adds headers to each answer."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        """Stand in front of `app`."""
        self._app = app
        self._settings = settings
        self._hosts = {*LOOPBACK, settings.host.lower()}
        self._hosts |= {_name_of(host) or host.lower() for host in settings.allowed_hosts}
        if settings.host in ANY:
            name = socket.gethostname().lower()
            self._hosts |= {name, f"{name}.local"}
        self._held = _Held(settings.max_bodies)
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            else:  # no page of ours opens a WebSocket
                await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(scope, send)
        limited = _Limited(receive, self._settings, self._held)
        try:
            self._check(scope)
            asked = {**scope, UNTIL: limited.until}
            if scope["method"] == "HEAD":  # is GET, with the headers only
                asked["method"] = "GET"
            await self._app(asked, limited, answer)
        except ClientDisconnect:  # while its body was read
            return
        except Exception as error:
            problem = problem_of(error)
            if problem.status == 500:
                # Without the message, which may quote what somebody sent.
                where = "".join(traceback.format_tb(error.__traceback__))
                LOG.error("a request failed with %s:\n%s", type(error).__name__, where)
            if answer.begun:
                raise ConnectionAbortedError("an answer broke off") from None
            await problem_response(problem)(scope, receive, answer)
        finally:
            limited.release()

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(_name_of(host)):
            raise ProblemError(
                403,
                "the request names another host than this server; if that is on purpose, start it "
                "with --allow-host",
            )
        if scope["method"] not in ("GET", "HEAD"):
            self._check_origin(headers, host)
        is_api = scope["path"].startswith("/v1/")
        if is_api and self._settings.rate:  # before the token, which may be guessed at
            self._check_rate((scope.get("client") or ("", 0))[0])
        if self._settings.token and (is_api or scope["path"] == "/metrics"):
            scheme, _, given = headers.get("authorization", "").partition(" ")
            is_right = hmac.compare_digest(given.strip().encode(), self._settings.token.encode())
            if scheme.lower() != "bearer" or not is_right:
                raise ProblemError(
                    401, "this server asks for its token; send Authorization: Bearer TOKEN"
                )
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._settings.max_body:
            raise _too_large(self._settings)

    def _is_ours(self, name: str) -> bool:
        if name in self._hosts:
            return True
        if self._settings.host not in ANY:
            return False
        try:  # an address can't be rebound, as names can
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _check_origin(self, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        foreign = site not in ("same-origin", "none")
        if origin is not None:
            foreign |= origin.partition("://")[2].lower() != host.lower()
        if foreign:
            raise ProblemError(403, "requests from pages of other sites are refused")

    def _check_rate(self, client: str) -> None:
        """Token bucket of `rate` times `_BURST` requests for each client."""
        now, most = time.monotonic(), max(1.0, self._settings.rate * _BURST)
        left, then = self._rates.pop(client, (most, now))
        left = min(most, left + (now - then) * self._settings.rate)
        allowed = left >= 1
        self._rates[client] = (left - allowed, now)
        if len(self._rates) > _CLIENTS:
            self._rates.popitem(last=False)
        if not allowed:
            wait = max(1, round((1 - left) / self._settings.rate))
            raise ProblemError(429, f"too many requests; try again in {wait} s", retry_after=wait)


class _Held:
    """Bytes of all bodies that are in memory."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = 0


class _Limited:
    """Receives the body of a request, up to its limits of length and time."""

    def __init__(self, receive: Receive, settings: Settings, held: _Held) -> None:
        self._receive = receive
        self._settings = settings
        self._held = held
        self._received = 0
        self._complete = False
        self.until = time.monotonic() + settings.timeout
        """When the request must be answered."""

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._complete:  # it is listened whether the client goes away
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.001, self.until - time.monotonic())):
                message = await self._receive()
        except TimeoutError as error:
            raise ProblemError(
                408, f"the body did not come within {self._settings.timeout:g} s; send it faster"
            ) from error
        if message["type"] == "http.request":
            count = len(message.get("body", b""))
            self._received += count
            self._held.now += count
            if self._received > self._settings.max_body:
                raise _too_large(self._settings)
            if self._held.now > self._held.most:
                raise ProblemError(
                    503, "the server is busy with many large pictures; try again", retry_after=1
                )
            self._complete = not message.get("more_body", False)
        return message

    def release(self) -> None:
        """The body is not in memory any more."""
        self._held.now -= self._received
        self._received = 0


def _too_large(settings: Settings) -> ProblemError:
    return ProblemError(
        413, f"the body has more than {settings.max_body:,} bytes; send smaller pictures, or fewer"
    )


def _name_of(host: str) -> str:
    """The name in a Host header, without the port: `[::1]:80` is `::1`; '' if it is none."""
    found = _HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""
