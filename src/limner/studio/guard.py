"""Who may ask, how much and how often: an ASGI middleware in front of everything.

The server is on the reader's own machine, where any web page can send requests to it. So requests
must name the server as its user does (against DNS rebinding) and come from its own page, if from a
page at all (against cross-site requests).
"""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.studio.problems import ProblemError, problem_response
from limner.studio.settings import LOOPBACK, Settings

__all__ = ["Guard"]

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
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_BURST = 10.0
"""Seconds over which the rate of a client is averaged."""
_CLIENTS = 4096
"""Clients whose rate is remembered."""


class Guard:
    """Checks each request, limits its body, and adds headers to each answer."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        """Stand in front of `app`."""
        self._app = app
        self._settings = settings
        self._hosts = {*LOOPBACK, settings.host, *settings.allowed_hosts}
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            else:  # no page of ours opens a WebSocket
                await send({"type": "websocket.close", "code": 1008})
            return
        is_api = scope["path"].startswith("/v1/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if is_api:
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            self._check(scope, is_api=is_api)
        except ProblemError as problem:
            await problem_response(problem)(scope, receive, with_headers)
            return
        limited = _Limited(receive, self._settings)
        try:
            await self._app(scope, limited, with_headers)
        except ProblemError as problem:  # raised while the body was read
            if not limited.answered:
                await problem_response(problem)(scope, receive, with_headers)

    def _check(self, scope: Scope, *, is_api: bool) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            raise ProblemError(
                403,
                "the request names another host than this server; if that is on purpose, start it "
                "with --allow-host",
            )
        if scope["method"] not in ("GET", "HEAD"):
            self._check_origin(headers, host)
        if not is_api:
            return
        if self._settings.token:
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._settings.token.encode()):
                raise ProblemError(
                    401, "this server asks for its token; send Authorization: Bearer TOKEN"
                )
        if self._settings.rate:
            self._check_rate((scope.get("client") or ("", 0))[0])

    def _check_origin(self, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        foreign = site not in ("same-origin", "none")
        if origin is not None:
            foreign |= urlsplit(origin).netloc.lower() != host.lower()
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


class _Limited:
    """Receives the body of a request, up to its limits of length and time."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        self._until = time.monotonic() + settings.timeout
        self._received = 0
        self._complete = False
        self.answered = False

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._complete:  # it is listened whether the client goes away
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.001, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError as error:
            raise ProblemError(
                408, f"the body did not come within {self._settings.timeout:g} s; send it faster"
            ) from error
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._settings.max_body:
                raise ProblemError(
                    413,
                    f"the body has more than {self._settings.max_body:,} bytes; send smaller "
                    "pictures, or fewer",
                )
            self._complete = not message.get("more_body", False)
        return message


def _name_of(host: str) -> str:
    """The name in a Host header, without the port: `[::1]:80` is `::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
