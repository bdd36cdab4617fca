"""The application: the page, the API and its description."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import generate_latest as latest
from starlette.staticfiles import StaticFiles

from limner import __version__
from limner.errors import LimnerError
from limner.hints.names import NAMES
from limner.model import ModelCard
from limner.studio import problems
from limner.studio.bodies import Body, Upload, read_body
from limner.studio.guard import Guard
from limner.studio.problems import ProblemError, problem_of
from limner.studio.queries import CropQuery, PhotoQuery, SketchQuery, hexadecimal
from limner.studio.queueing import Queue
from limner.studio.reference import reference
from limner.studio.results import NDJSON, Outcome, answer
from limner.studio.service import Result, Service
from limner.studio.settings import Settings

__all__ = ["create_app"]

STATIC = Path(__file__).parent / "static"
_NO_PAGE = "The page is not built. In a checkout of limner, run: make page\n"
_FOREVER = "public, max-age=31536000, immutable"

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


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application of a server; without settings, one for this machine alone."""
    settings = settings or Settings()
    service = Service(settings)
    queue = Queue(settings, service.batcher)

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
    _add_pages(app, queue)
    _add_api(app, service, queue)
    return app


def _add_pages(app: FastAPI, queue: Queue) -> None:
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
        return Response(latest(queue.registry), media_type=CONTENT_TYPE_LATEST)

    if STATIC.is_dir():
        app.mount("/assets", _Assets(directory=STATIC / "assets", check_dir=False))


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content never change."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = _FOREVER
        return response


def _add_api(app: FastAPI, service: Service, queue: Queue) -> None:
    settings = service.settings

    async def body_of(request: Request) -> Body:
        queue.check(request.url.path)  # without room, the body is not even read
        return await read_body(request, settings)

    async def answered(request: Request, outcomes: list[Outcome]) -> Response:
        accept = request.headers.get("accept", "")
        if len(outcomes) == 1:
            return answer(outcomes, accept)
        return await service.run(answer, outcomes, accept)  # 100 MB of them may take a second

    @app.get("/v1/models", tags=["api"], responses=_PROBLEMS)
    async def models() -> dict[str, Any]:
        """The models, the names of colours, and where aligned faces have their eyes."""
        return _models(await service.cards(), settings)

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

        return await queue.within(request, work)

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

        return await queue.within(request, work)

    @app.post("/v1/align", tags=["api"], openapi_extra=_BODY, responses=_PROBLEMS)
    async def align(request: Request, query: Annotated[CropQuery, Query()]) -> dict[str, Any]:
        """Where faces are found, and how they look cut out: cleaned, turned and aligned."""
        body = await body_of(request)
        if len(body.pictures) > 1:
            raise ProblemError(400, f"{len(body.pictures)} pictures to align; send one")
        return await queue.within(request, lambda: service.aligned(body, query))


def _models(cards: Mapping[str, ModelCard], settings: Settings) -> dict[str, Any]:
    eyes = cards[settings.model_name].preprocessing.eyes
    return {
        "version": __version__,
        "default": settings.model_name,
        "better": settings.better_name or None,
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
        "eyes": [share for eye in eyes for share in eye],
    }


async def _each(
    uploads: list[Upload], work: Callable[[Upload], Awaitable[list[Result]]]
) -> list[Outcome]:
    """The results of several pictures, in order; one that fails does not stop the others."""

    async def one(upload: Upload) -> list[Outcome]:
        try:
            return list(await work(upload))
        except (ProblemError, LimnerError) as error:
            return [(upload.name, problem_of(error))]

    tasks = [asyncio.ensure_future(one(upload)) for upload in uploads]
    try:
        found = await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # if the server fails with one, nobody waits for the others
            task.cancel()
    return [outcome for outcomes in found for outcome in outcomes]
