"""Results as the body of an answer: one picture, a zip file, or lines of JSON."""

import base64
import io
import json
import zipfile
from collections.abc import Sequence

from starlette.responses import Response

from limner.studio.problems import ProblemError, problem_response
from limner.studio.service import Result

__all__ = ["NDJSON", "Outcome", "answer"]

NDJSON = "application/x-ndjson"
Outcome = Result | tuple[str, ProblemError]
"""A result, or the name of a picture and why there is none of it."""


def answer(outcomes: Sequence[Outcome], accept: str) -> Response:
    """The answer to a request.

    A single result is the picture itself. Several are lines of JSON if `accept` names them, else
    a zip file. What failed stands among them, unless all did.
    """
    failed = [one[1] for one in outcomes if not isinstance(one, Result)]
    if len(failed) == len(outcomes):
        return problem_response(failed[0])
    if NDJSON in accept:
        lines = "".join(f"{json.dumps(_record(one))}\n" for one in outcomes)
        return Response(lines, media_type=NDJSON)
    [first, *more] = outcomes
    if not more and isinstance(first, Result):
        # ASCII, as headers are: JSON with escapes.
        headers = {"Limner-Notes": json.dumps(list(first.notes))}
        return Response(first.data, media_type=first.media_type, headers=headers)
    return Response(_zipped(outcomes), media_type="application/zip")


def _record(outcome: Outcome) -> dict[str, object]:
    if not isinstance(outcome, Result):
        name, problem = outcome
        return {"name": name, "problem": problem.content}
    return {
        "name": outcome.name,
        "type": outcome.media_type,
        "image": base64.b64encode(outcome.data).decode(),
        "notes": list(outcome.notes),
        "hints": dict(outcome.colours),
    }


def _zipped(outcomes: Sequence[Outcome]) -> bytes:
    """A zip file; results of one name are numbered from the second on."""
    file = io.BytesIO()
    used: set[str] = set()  # without case, as some file systems are
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for outcome in outcomes:
            if isinstance(outcome, Result):
                name, data = outcome.name, outcome.data
                suffix = outcome.media_type.rpartition("/")[2]
            else:
                name, data, suffix = outcome[0], outcome[1].detail.encode(), "txt"
            full, number = f"{name}.{suffix}", 1
            while full.casefold() in used:
                number += 1
                full = f"{name}-{number}.{suffix}"
            used.add(full.casefold())
            archive.writestr(full, data)
    return file.getvalue()
