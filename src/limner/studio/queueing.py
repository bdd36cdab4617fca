"""How many requests are in work, for how long, and for whom; and what /metrics tells of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from limner.errors import LimnerError
from limner.studio.batching import Batcher
from limner.studio.guard import UNTIL
from limner.studio.problems import ProblemError, problem_of
from limner.studio.settings import Settings

__all__ = ["Queue", "unless_gone"]

T = TypeVar("T")


class Queue:
    """The requests of one application."""

    def __init__(self, settings: Settings, batcher: Batcher) -> None:
        """Begin to count."""
        self._settings = settings
        self._now = 0
        self.registry = CollectorRegistry()
        """Counts and times for Prometheus; of one application, not of the process."""
        self._requests = Counter(
            "limner_requests", "Requests.", ("path", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "limner_request_seconds", "Time to answer.", ("path",), registry=self.registry
        )
        for name, about, value in (
            ("limner_requests_now", "Requests in work.", lambda: self._now),
            ("limner_batches", "Batches.", lambda: batcher.batches),
            ("limner_faces", "Faces translated.", lambda: batcher.faces),
        ):
            Gauge(name, about, registry=self.registry).set_function(value)

    def check(self, path: str) -> None:
        """Raise ProblemError if there is no room for a further request."""
        if self._now >= self._settings.queue:
            self._requests.labels(path, "503").inc()
            raise ProblemError(
                503, "the server is busy with other requests; try again", retry_after=1
            )

    async def within(self, request: Request, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work of a request within its limits, and drop it if the client goes away."""
        path = request.url.path
        self.check(path)
        began, status = time.perf_counter(), "500"
        self._now += 1
        try:
            made = await unless_gone(request, work(), self._settings.timeout)
            status = str(made.status_code) if isinstance(made, Response) else "200"
            return made
        except (ProblemError, LimnerError) as error:
            status = str(problem_of(error).status)
            raise
        finally:
            self._now -= 1
            self._requests.labels(path, status).inc()
            self._seconds.labels(path).observe(time.perf_counter() - began)


async def unless_gone(request: Request, work: Awaitable[T], limit: float) -> T:
    """The result of some work, which is cancelled if the client goes away or time is up.

    Args:
        request: Whose body has been read; that took its share of the time.
        work: To be done.
        limit: Seconds for the whole request.
    """

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    left = request.scope.get(UNTIL, time.monotonic() + limit) - time.monotonic()
    working = asyncio.ensure_future(work)
    watching = asyncio.create_task(gone())
    try:
        done, _ = await asyncio.wait(
            {working, watching}, timeout=max(0, left), return_when=asyncio.FIRST_COMPLETED
        )
        if working in done:
            return working.result()
        if watching in done:
            raise ProblemError(408, "the client has gone away")
        raise ProblemError(
            503, f"this took more than {limit:g} s; send less at once", retry_after=1
        )
    finally:
        working.cancel()
        watching.cancel()
