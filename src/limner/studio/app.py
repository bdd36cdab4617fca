"""The application: the page, the API and its description."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as latest
from starlette.staticfiles import StaticFiles

from limner import __version__
from limner.errors import LimnerError
from limner.hints.names import NAMES
from limner.studio import problems
from limner.studio.bodies import Body, Upload, read_body
from limner.studio.guard import UNTIL, Guard
from limner.studio.problems import ProblemError, problem_of
from limner.studio.queries import CropQuery, PhotoQuery, SketchQuery, hexadecimal
from limner.studio.reference import reference
from limner.studio.results import NDJSON, Outcome, answer
from limner.studio.service import Result, Service
from limner.studio.settings import Settings

__all__ = ["create_app"]

STATIC = Path(__file__).parent / "static"
_NO_PAGE = "The page is not built. In a checkout of limner, run: make page\n"
_FOREVER = "public, max-age=31536000, immutable"
T = TypeVar("T")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "picture": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        },
                        "hints": {
                            "type": "string",
                            "format": "binary",
                            "description": "Strokes of colour over the drawing, transparent.",
                        },
                    },
                }
            },
        },
    }
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
Responses = dict[int | str, dict[str, Any]]
_PROBLEMS: Responses = {
    "4XX": {"description": "What is wrong with the request.", **_PROBLEM},
    "5XX": {"description": "The server is busy or failed.", **_PROBLEM},
}
_PICTURES: Responses = {
    200: {
        "content": {"image/*": {}, "application/zip": {}, NDJSON: {}},
        "description": "A picture; several in a zip file, or as lines of JSON if asked for.",
    },
    **_PROBLEMS,
}
_COUNTS: Responses = {200: {"content": {"text/plain": {}}, "description": "As lines of text."}}


class _Measures:
    """What /metrics tells; of one application, not of the process."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "limner_requests", "Requests.", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "limner_request_seconds", "Time to answer.", ("path",), registry=self.registry
        )
        self.now = 0
        for name, about, value in (
            ("limner_requests_now", "Requests in work.", lambda: self.now),
            ("limner_batches", "Batches.", lambda: service.batcher.batches),
            ("limner_faces", "Faces translated.", lambda: service.batcher.faces),
        ):
            Gauge(name, about, registry=self.registry).set_function(value)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application of a server; without settings, one for this machine alone."""
    settings = settings or Settings()
    service = Service(settings)
    measures = _Measures(service)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(service.start())
        app.state.ready = starting
        try:
            yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await service.stop()

    app = FastAPI(
        title="limner",
        version=__version__,
        description="Sketches of faces to photos, and photos to sketches.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    app.add_middleware(Guard, settings=settings)
    _add_pages(app, measures)
    _add_api(app, service, measures)
    return app


def _add_pages(app: FastAPI, measures: _Measures) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        file = STATIC / "index.html"
        if not file.is_file():
            return Response(_NO_PAGE, 503, media_type="text/plain")
        return HTMLResponse(file.read_text(), headers={"Cache-Control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(reference(app.openapi()))

    @app.get("/healthz", tags=["state"])
    async def healthz() -> dict[str, str]:
        """Whether the server runs."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["state"], responses=_PROBLEMS)
    async def readyz() -> Response:
        """Whether the model is loaded."""
        starting = app.state.ready
        if not starting.done():
            return JSONResponse({"status": "loading"}, 503, {"Retry-After": "1"})
        if starting.cancelled() or starting.exception() is not None:
            raise ProblemError(503, problem_of(starting.exception()).detail)
        return JSONResponse({"status": "ready"})

    @app.get(
        "/metrics", tags=["state"], responses=_COUNTS | _PROBLEMS, response_class=PlainTextResponse
    )
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(latest(measures.registry), media_type=CONTENT_TYPE_LATEST)

    if STATIC.is_dir():
        app.mount("/assets", _Assets(directory=STATIC / "assets", check_dir=False))


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content never change."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = _FOREVER
        return response


def _add_api(app: FastAPI, service: Service, measures: _Measures) -> None:
    settings = service.settings

    def check_room(path: str) -> None:
        if measures.now >= settings.queue:
            measures.requests.labels(path, "503").inc()
            raise ProblemError(
                503, "the server is busy with other requests; try again", retry_after=1
            )

    async def body_of(request: Request) -> Body:
        """The body, which is not even read where there is no room for the request."""
        check_room(request.url.path)
        return await read_body(request, settings)

    async def answered(request: Request, outcomes: list[Outcome]) -> Response:
        accept = request.headers.get("accept", "")
        if len(outcomes) == 1:
            return answer(outcomes, accept)
        return await service.run(answer, outcomes, accept)  # 100 MB of them may take a second

    async def within(request: Request, path: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work of a request within its limits, and drop it if the client goes away."""
        check_room(path)
        began, status = time.perf_counter(), "500"
        measures.now += 1
        try:
            made = await _unless_gone(request, work(), settings.timeout)
            status = str(made.status_code) if isinstance(made, Response) else "200"
            return made
        except (ProblemError, LimnerError) as error:
            status = str(problem_of(error).status)
            raise
        finally:
            measures.now -= 1
            measures.requests.labels(path, status).inc()
            measures.seconds.labels(path).observe(time.perf_counter() - began)

    @app.get("/v1/models", tags=["api"], responses=_PROBLEMS)
    async def models() -> dict[str, Any]:
        """The models, the names of colours, and where aligned faces have their eyes."""
        cards = await service.cards()
        return {
            "version": __version__,
            "default": settings.model_name,
            "models": [
                {
                    "name": name,
                    "direction": card.direction,
                    "size": card.preprocessing.size,
                    "literal": card.literal,
                    "hints": card.hints,
                }
                for name, card in cards.items()
            ],
            "parts": {
                part: [{"name": name, "colour": hexadecimal(rgb)} for name, rgb in named.items()]
                for part, named in NAMES.items()
            },
            "eyes": [
                share for eye in cards[settings.model_name].preprocessing.eyes for share in eye
            ],
        }

    @app.post(
        "/v1/photo", tags=["api"], openapi_extra=_BODY, responses=_PICTURES, response_class=Response
    )
    async def photo(request: Request, query: Annotated[PhotoQuery, Query()]) -> Response:
        """Drawings to photos: each page is cleaned, its face found, aligned and translated.

        The body is a picture, or several in a multipart form.
        """
        query.check()
        body = await body_of(request)

        async def work() -> Response:
            outcomes = await _each(
                body.pictures, lambda one: service.photos(one, query, body.hints)
            )
            return await answered(request, outcomes)

        return await within(request, "/v1/photo", work)

    @app.post(
        "/v1/sketch",
        tags=["api"],
        openapi_extra=_BODY,
        responses=_PICTURES,
        response_class=Response,
    )
    async def sketch(request: Request, query: Annotated[SketchQuery, Query()]) -> Response:
        """Photos to sketches, in a style or by a model that learnt to draw."""
        body = await body_of(request)

        async def work() -> Response:
            outcomes = await _each(body.pictures, lambda one: service.sketches(one, query))
            return await answered(request, outcomes)

        return await within(request, "/v1/sketch", work)

    @app.post("/v1/align", tags=["api"], openapi_extra=_BODY, responses=_PROBLEMS)
    async def align(request: Request, query: Annotated[CropQuery, Query()]) -> dict[str, Any]:
        """Where faces are found, and how they look cut out: cleaned, turned and aligned."""
        body = await body_of(request)
        if len(body.pictures) > 1:
            raise ProblemError(400, f"{len(body.pictures)} pictures to align; send one")
        return await within(request, "/v1/align", lambda: service.aligned(body, query))


async def _each(
    uploads: list[Upload], work: Callable[[Upload], Awaitable[list[Result]]]
) -> list[Outcome]:
    """The results of several pictures, in order; one that fails does not stop the others."""

    async def one(upload: Upload) -> list[Outcome]:
        try:
            return list(await work(upload))
        except (ProblemError, LimnerError) as error:
            return [(upload.name, problem_of(error))]

    found = await asyncio.gather(*(one(upload) for upload in uploads))
    return [outcome for outcomes in found for outcome in outcomes]


async def _unless_gone(request: Request, work: Awaitable[T], limit: float) -> T:
    """The result of some work, which is cancelled if the client goes away or time is up."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    # Reading the body took its share of the time.
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
