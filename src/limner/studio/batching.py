"""Faces that wait go through the network together.

Pictures are read and aligned by several threads; the network has all cores for itself, one batch
after the other. While a batch is on its way, others wait; the next batch takes all of them that
are for the same model, up to a limit.
"""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batcher", "Faces"]

Pictures = NDArray[np.uint8]


class Network(Protocol):
    """What a batch is run with, as `Translator`."""

    def batch(
        self,
        crops: list[Pictures],
        *,
        literal: list[float] | None,
        hints: list[Pictures] | None,
    ) -> Pictures:
        """Translate aligned faces."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Aligned faces of one request, with what goes in beside them."""

    crops: list[Pictures]
    """`[S, S, 3]` each."""
    literal: list[float] | None = None
    """How literally each is meant, 0..1; None for models that do not ask."""
    hints: list[Pictures] | None = None
    """Hint pictures `[S, S, 4]`; None for no hints."""

    def blank_hints(self) -> list[Pictures]:
        """The hints, or as many without any colour."""
        return self.hints or [np.zeros((*crop.shape[:2], 4), np.uint8) for crop in self.crops]


@dataclass(frozen=True, eq=False)
class _Waiting:
    network: Any
    faces: Faces
    result: "asyncio.Future[Pictures]"


class Batcher:
    """Runs batches one after the other. Start it, and stop it, within an event loop."""

    def __init__(self, *, most: int) -> None:
        """Prepare to run batches of at most `most` faces; a request with more takes several."""
        self._most = most
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._task: asyncio.Task[None] | None = None
        self.batches = 0
        """Batches that were run."""
        self.faces = 0
        """Faces in them."""

    async def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop; what waits, or is in the network, is cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for one in self._waiting:
            one.result.cancel()
        self._thread.shutdown(wait=False)

    async def run(self, network: Network, faces: Faces) -> Pictures:
        """Translate the faces of one request; cancelled, they are left out.

        Returns:
            As `Translator.batch`.
        """
        one = _Waiting(network, faces, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._arrived.set()
        return await one.result

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            together = self._next()
            if not together:
                self._arrived.clear()
                continue
            try:
                made = await loop.run_in_executor(self._thread, _translate, together, self._most)
            except asyncio.CancelledError:
                for one in together:
                    one.result.cancel()
                raise
            except Exception as error:
                for one in together:
                    if not one.result.done():
                        one.result.set_exception(error)
                continue
            self.batches += -(-len(made) // self._most)
            self.faces += len(made)
            at = 0
            for one in together:
                count = len(one.faces.crops)
                if not one.result.done():
                    one.result.set_result(made[at : at + count])
                at += count

    def _next(self) -> list[_Waiting]:
        """Those that go together with the one that has waited longest."""
        together: list[_Waiting] = []
        later: deque[_Waiting] = deque()
        room = self._most
        while self._waiting:
            one = self._waiting.popleft()
            if one.result.done():  # its client is gone
                continue
            count = len(one.faces.crops)
            if not together or (one.network is together[0].network and count <= room):
                together.append(one)
                room -= count
            else:
                later.append(one)
        self._waiting = later
        return together


def _translate(together: list[_Waiting], most: int) -> Pictures:
    """All their faces, in order: `most` at a time, since each takes some 10 MB in the network."""
    network = together[0].network
    all_faces = [one.faces for one in together]
    crops = [crop for faces in all_faces for crop in faces.crops]
    literal: list[float] | None = None
    if any(faces.literal is not None for faces in all_faces):
        literal = [one for faces in all_faces for one in faces.literal or [1.0] * len(faces.crops)]
    hints: list[Pictures] | None = None
    if any(faces.hints is not None for faces in all_faces):
        hints = [hint for faces in all_faces for hint in faces.blank_hints()]
    made = [
        network.batch(
            crops[at : at + most],
            literal=literal and literal[at : at + most],
            hints=hints and hints[at : at + most],
        )
        for at in range(0, len(crops), most)
    ]
    return made[0] if len(made) == 1 else np.concatenate(made)
