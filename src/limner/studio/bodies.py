"""Pictures out of requests: a raw body, or multipart/form-data. They stay in memory."""

import re
import unicodedata
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from limner.studio.problems import ProblemError
from limner.studio.settings import Settings

__all__ = ["Body", "Upload", "read_body"]

_UNNAMED = "picture"
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for itself, whatever follows the dot."""


@dataclass(frozen=True)
class Upload:
    """A file of a request."""

    name: str
    """What messages and results call it: without folders and control characters."""
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a request brings."""

    pictures: list[Upload]
    hints: Upload | None = None
    """Strokes of colour over the (only) picture."""


class _InMemory(MultiPartParser):
    """Starlette's parser writes files above this size to disk; here no picture ever is."""

    spool_max_size = 2**40
    ended = False
    """Whether the last boundary has come; Starlette would take a form that was cut off."""

    def on_end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Let go of all files, those that were cut off too."""
        for file in self._files_to_close_on_error:
            file.close()


async def read_body(request: Request, settings: Settings) -> Body:
    """The pictures of a request.

    Raises:
        ProblemError: None, too many, or not in a form that is understood.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        body = await _parts(request, settings)
    elif kind in ("", "application/octet-stream") or kind.startswith("image/"):
        body = Body(pictures=[Upload(_UNNAMED, await request.body())])
    else:
        raise ProblemError(
            415,
            f"the body is {_plain(kind)}; send a picture as image/* or application/octet-stream, "
            "or one or more as multipart/form-data in fields named picture",
        )
    if not body.pictures or not all(one.data for one in body.pictures):
        raise ProblemError(422, "there is no picture in the body (0 bytes); send one")
    return body


async def _parts(request: Request, settings: Settings) -> Body:
    most = settings.max_pictures + 1
    # Without `charset`: in some of Python's, names take seconds to decode.
    boundary = re.sub(r";\s*charset\s*=[^;]*", "", request.headers["content-type"], flags=re.I)
    headers = Headers({"content-type": boundary})
    parser = _InMemory(
        headers, request.stream(), max_files=most, max_fields=most, max_part_size=2**16
    )
    try:
        form = await parser.parse()
        if not parser.ended:
            raise MultiPartException("it is cut off")
        return await _sorted(form, settings)
    except (MultiPartException, KeyError, UnicodeError, ValueError) as error:
        said = getattr(error, "message", "") or "it is damaged"
        raise ProblemError(400, f"the multipart body cannot be read: {_plain(said)}") from error
    finally:
        parser.close()


async def _sorted(form: FormData, settings: Settings) -> Body:
    pictures: list[Upload] = []
    hints: list[Upload] = []
    for field, value in form.multi_items():
        if not isinstance(value, UploadFile) or field not in ("picture", "hints"):
            raise ProblemError(
                400,
                f"the field '{_plain(field)}' is not known; send files in fields named picture, "
                "and strokes of colour in one named hints",
            )
        upload = Upload(_name_of(value.filename, len(pictures)), await value.read())
        (pictures if field == "picture" else hints).append(upload)
    if len(pictures) > settings.max_pictures:
        raise ProblemError(
            413, f"{len(pictures)} pictures are more than {settings.max_pictures}; send fewer"
        )
    if len(hints) > 1 or (hints and len(pictures) > 1):
        raise ProblemError(400, "strokes of colour are for one picture; send one of each")
    return Body(pictures=pictures, hints=hints[0] if hints else None)


def _name_of(given: str | None, count: int) -> str:
    """The last part of a file name, fit for messages and for names in a zip file."""
    last = re.split(r"[/\\]", given or "")[-1]
    # C: control characters, those that turn the direction of writing, half characters; Z: lines.
    seen = (one for one in last if unicodedata.category(one)[0] != "C" or one == "\u200d")
    seen = (" " if unicodedata.category(one)[0] == "Z" else one for one in seen)
    plain = re.sub(r'[<>:"|?*]', "", "".join(seen)).strip(". ")[:100].strip(". ")
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    return plain or f"{_UNNAMED}-{count + 1}"


def _plain(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)[:100]
