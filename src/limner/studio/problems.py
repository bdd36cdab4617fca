"""Errors as `application/problem+json` (RFC 9457), in the words of the command line."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from limner.errors import ImageError, LimnerError, NoFaceError, UsageError

__all__ = ["ProblemError", "install", "problem_of", "problem_response"]

TYPES: Mapping[int, str] = {
    400: "bad-request",
    401: "no-token",
    403: "forbidden",
    404: "not-found",
    405: "method",
    408: "too-slow",
    413: "too-large",
    415: "media-type",
    422: "bad-picture",
    429: "too-often",
    500: "internal",
    503: "overloaded",
}
"""`type` by status, relative to the server; a picture without a face has `no-face`."""


class ProblemError(Exception):
    """An answer other than the one asked for."""

    def __init__(
        self, status: int, detail: str, *, kind: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind or TYPES.get(status, "problem")
        self.retry_after = retry_after

    @property
    def content(self) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "type": self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }


def problem_of(error: Exception) -> ProblemError:
    """The problem that an error of limner means for a client."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, NoFaceError):
        return ProblemError(422, str(error), kind="no-face")
    if isinstance(error, ImageError):
        return ProblemError(422, str(error))
    if isinstance(error, UsageError):
        return ProblemError(400, str(error))
    if isinstance(error, LimnerError):
        return ProblemError(500, str(error))
    return ProblemError(500, "the server failed; its log has the cause")


def problem_response(problem: ProblemError) -> Response:
    """The answer to a request that failed."""
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        problem.content, problem.status, headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Answer all errors of an application in this form."""

    async def ours(_: Request, error: Exception) -> Response:
        return problem_response(problem_of(error))

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered below
        told = "; ".join(_told(one) for one in error.errors()[:5])
        return problem_response(ProblemError(400, told))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered below
        response = problem_response(ProblemError(error.status_code, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    for kind in (ProblemError, LimnerError):
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _told(error: Mapping[str, Any]) -> str:
    """One error of pydantic: which parameter, what was found, what was expected."""
    place = _shown(".".join(str(part) for part in error["loc"][1:])) or "the request"
    found = error.get("input")
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no such parameter; see /docs"
    said = str(error["msg"])
    return f"{place} is '{_shown(found)}': {said[:1].lower()}{said[1:]}"


def _shown(found: object) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", str(found))[:60]
