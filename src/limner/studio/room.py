"""How many pixels are in memory at once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Room"]


class Room:
    """Room for so many pixels. Who finds none waits, first come, first served.

    A picture of 40 million pixels may be a file of 100 kB: without a limit, a request of some of
    them would fill the memory.
    """

    def __init__(self, most: int) -> None:
        """Make room for `most` pixels, or for one picture that is larger."""
        self._most = self._free = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, pixels: int) -> AsyncIterator[None]:
        """Keep room for a picture of so many pixels."""
        taken = min(pixels, self._most)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((taken, turn))
        self._let_in()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():  # let in, even if cancelled at once
                self._free += taken
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            pixels, turn = self._waiting[0]
            if not turn.done():
                if pixels > self._free:
                    return
                self._free -= pixels
                turn.set_result(None)
            self._waiting.popleft()
