"""What the endpoints do with a picture, between its bytes and those of the result."""

import asyncio
import base64
import copy
import os
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.directions import SKETCH_TO_PHOTO
from limner.faces import Aligned, put_back
from limner.faces.warp import apply, inverse
from limner.functions import MODEL, check_sketch
from limner.hints import Hints
from limner.model import ModelCard
from limner.provenance import Provenance
from limner.shipped import DEFAULT_DRAWER, shipped_models
from limner.studio.batching import Batcher, Faces
from limner.studio.bodies import Body, Upload
from limner.studio.problems import ProblemError
from limner.studio.queries import (
    FORMATS,
    AlignQuery,
    CropQuery,
    PhotoQuery,
    SketchQuery,
    hexadecimal,
)
from limner.studio.room import Room
from limner.studio.settings import Settings
from limner.translation import Prepared
from limner.translator import Translator, check_direction, check_drawer

__all__ = ["Result", "Service"]

_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
"""What a PNG file begins with; width and height follow (PNG specification, 11.2.1)."""

Picture = NDArray[np.uint8]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Result:
    """A picture for a client."""

    name: str
    """Name of the picture that it was made from."""
    data: bytes
    media_type: str
    notes: tuple[str, ...] = ()
    """What was done to the page, in words."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """The colours that were given or proposed, `#rrggbb` by part."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Request:
    """One picture, ready for the network."""

    pixels: Picture
    prepared: Prepared
    pages: int = 1
    """Number of pages of its file, of which the first is used."""

    def notes_of(self, face: Aligned) -> tuple[str, ...]:
        """What was done to the page, and what was left out."""
        first = (f"page 1 of {self.pages}",) if self.pages > 1 else ()
        return first + face.notes

    @property
    def faces(self) -> Faces:
        """For the queue."""
        crops = [face.image for face in self.prepared.aligned]
        return Faces(crops=crops, literal=self.prepared.literal, hints=self.prepared.hints)


class Service:
    """Models, threads and the queue of a server. Start it, and stop it, within an event loop."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; models are loaded when they are first asked for."""
        self.settings = settings
        self.batcher = Batcher(most=settings.batch)
        self._room = Room(settings.pixels_at_once)
        self._threads = ThreadPoolExecutor(
            settings.threads or os.cpu_count() or 1, thread_name_prefix="pictures"
        )
        self._files: dict[str, str] = {name: name for name in shipped_models()}
        self._files[settings.model_name] = settings.model
        if settings.better:
            self._files[settings.better_name] = settings.better
        self._loaded: dict[str, asyncio.Future[Translator]] = {}

    @property
    def names(self) -> list[str]:
        """Names of the models that may be asked for, the default first."""
        first = self.settings.model_name
        return [first, *(name for name in self._files if name != first)]

    async def start(self) -> None:
        """Load the default model and the better one, and run each once.

        Raises:
            LimnerError: One cannot be loaded, or makes no photos.
        """
        await self.batcher.start()
        for name in filter(None, (self.settings.model_name, self.settings.better_name)):
            translator = check_direction(await self.translator(name), SKETCH_TO_PHOTO)
            side = translator.card.preprocessing.size
            blank = np.full((side, side, 3), 255, np.uint8)
            await self.batcher.run(translator, Faces(crops=[blank]))

    async def stop(self) -> None:
        """Stop the threads."""
        await self.batcher.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def translator(self, name: str | None) -> Translator:
        """The model of that name, or the default. Raises ProblemError if there is none."""
        name = name or self.settings.model_name
        if name not in self._files:
            raise ProblemError(
                404,
                f"there is no model '{name}' here; choose from {', '.join(self._files)}",
                kind="no-model",
            )
        if name not in self._loaded:
            loading = asyncio.ensure_future(self.run(Translator, self._files[name]))
            self._loaded[name] = loading
            loading.add_done_callback(
                lambda done: self._loaded.pop(name) if _failed(done) else None
            )
        return await asyncio.shield(self._loaded[name])

    async def cards(self) -> dict[str, ModelCard]:
        """What the models are, the default first; without those that cannot be loaded."""
        names = self.names
        loaded = await asyncio.gather(
            *(self.translator(name) for name in names), return_exceptions=True
        )
        if isinstance(loaded[0], BaseException):
            raise loaded[0]
        return {
            name: one.card
            for name, one in zip(names, loaded, strict=True)
            if not isinstance(one, BaseException)
        }

    async def photos(
        self, upload: Upload, query: PhotoQuery, strokes: Upload | None
    ) -> list[Result]:
        """The photos of one drawing.

        Raises:
            ProblemError: There is no such model.
            LimnerError: As `Translator.translate`.
        """
        query.check()
        translator = check_direction(await self.translator(query.model), SKETCH_TO_PHOTO)
        pixels = await self._pixels_of(upload)
        if strokes is not None:
            pixels += await self._pixels_of(strokes)
        async with self._room.of(pixels):
            request = await self.run(self._prepare, translator, upload, query, strokes)
            made = await self.batcher.run(translator, request.faces)
            return await self._finish(made, request, upload.name, query, translator.provenance)

    async def sketches(self, upload: Upload, query: SketchQuery) -> list[Result]:
        """The sketch of one photo."""
        check_sketch(query.style, query.seed, model=query.model, as_is=query.as_is, size=query.size)
        pixels = await self._pixels_of(upload)
        if query.style != MODEL:
            async with self._room.of(pixels):
                return await self.run(self._filtered, upload, query)
        translator = check_drawer(await self.translator(query.model or DEFAULT_DRAWER))
        align = AlignQuery(as_is=query.as_is)
        async with self._room.of(pixels):
            request = await self.run(self._prepare, translator, upload, align, None)
            made = await self.batcher.run(translator, request.faces)
            return await self._finish(made, request, upload.name, query, translator.provenance)

    async def aligned(self, body: Body, query: CropQuery) -> dict[str, Any]:
        """Where the faces of a picture are, and what the model would see of them."""
        translator = await self.translator(query.model)
        [upload] = body.pictures
        async with self._room.of(await self._pixels_of(upload)):
            return await self.run(self._described, translator, upload, query)

    async def _pixels_of(self, upload: Upload) -> int:
        """How many pixels a picture has, by its header. Raises ImageError."""
        if upload.data[:16] == _PNG:  # as the page sends, many times a second: without a thread
            width: int
            height: int
            width, height = struct.unpack(">II", upload.data[16:24].ljust(8, b"\0"))
        else:
            _, width, height = await self.run(images.header, upload.data, name=upload.name)
        if width * height > self.settings.max_pixels:  # says so, and decodes nothing
            await self.run(self._read, upload)
        return width * height

    def _read(self, upload: Upload, *, transparent: bool = False) -> Picture:
        return images.read(
            upload.data,
            name=upload.name,
            max_pixels=self.settings.max_pixels,
            transparent=transparent,
        )

    def _prepare(
        self,
        translator: Translator,
        upload: Upload,
        query: AlignQuery,
        strokes: Upload | None,
    ) -> _Request:
        """Read a picture, and find and align its faces."""
        told: dict[str, Any] = {}
        if isinstance(query, PhotoQuery):
            painted = None if strokes is None else self._read(strokes, transparent=True)
            told = {
                "faithful": query.faithful,
                "hints": Hints.of(query.colours, strokes=painted),
                "variants": query.variants,
                "seed": query.seed,
            }
        pixels = self._read(upload)
        prepared = translator.prepare(
            pixels,
            as_is=query.as_is,
            every_face=query.face == "all",
            clean=query.clean,
            eyes=query.corners,
            name=upload.name,
            **told,
        )
        return _Request(pixels=pixels, prepared=prepared, pages=images.pages(upload.data))

    async def _finish(
        self,
        made: Picture,
        request: _Request,
        name: str,
        query: PhotoQuery | SketchQuery,
        provenance: Provenance,
    ) -> list[Result]:
        """The results as files, one after the other: if the client goes away, no more are made."""
        kind, media_type = FORMATS[query.format]
        pasted = isinstance(query, PhotoQuery) and query.put_back
        together = pasted and isinstance(query, PhotoQuery) and not query.variants
        results = []
        page, wanted = request.pixels, request.prepared.wanted
        for at, (picture, face) in enumerate(zip(made, request.prepared.aligned, strict=True)):
            if pasted:
                picture = await self.run(put_back, picture, face, page)
                if together and at + 1 < len(made):
                    page = picture
                    continue
            elif query.size:
                picture = await self.run(images.resize, picture, query.size)
            colours = wanted[at % len(wanted)].colours if wanted else {}
            results.append(
                Result(
                    name=_stem(name),
                    data=await self.run(images.encode, picture, provenance, kind),
                    media_type=media_type,
                    notes=request.notes_of(face),
                    colours={part: hexadecimal(rgb) for part, rgb in colours.items()},
                )
            )
        return results

    def _described(
        self, translator: Translator, upload: Upload, query: CropQuery
    ) -> dict[str, Any]:
        _ = translator.detector  # loaded before it is copied, or each copy would load its own
        twin = copy.copy(translator)
        if query.size:
            larger = replace(translator.card.preprocessing, size=query.size)
            twin.card = replace(translator.card, preprocessing=larger)
        request = self._prepare(twin, upload, query, None)
        preprocessing = twin.card.preprocessing
        template = np.array(preprocessing.eyes) * preprocessing.size
        height, width = request.pixels.shape[:2]
        faces = []
        for one in request.prepared.aligned:
            crop = images.encode(one.image)
            eyes = apply(inverse(one.transform), template)
            faces.append(
                {
                    "eyes": [round(float(share), 2) for share in eyes.ravel()],
                    "notes": list(request.notes_of(one)),
                    "crop": f"data:image/png;base64,{base64.b64encode(crop).decode()}",
                }
            )
        return {"width": width, "height": height, "faces": faces}

    def _filtered(self, upload: Upload, query: SketchQuery) -> list[Result]:
        from limner.sketching import sketch

        pixels = self._read(upload)
        drawn = sketch(pixels, query.style, query.seed)
        kind, media_type = FORMATS[query.format]
        data = images.encode(drawn, format=kind)
        return [Result(name=_stem(upload.name), data=data, media_type=media_type)]

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in one of the threads.

        If the client goes away meanwhile, this waits for the thread: until then its pixels count.
        """
        work = self._threads.submit(function, *args, **kwargs)
        done = asyncio.wrap_future(work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if not work.cancel():
                await asyncio.wait([done])
            raise


def _stem(name: str) -> str:
    return Path(name).stem or name


def _failed(done: "asyncio.Future[Translator]") -> bool:
    return done.cancelled() or done.exception() is not None
