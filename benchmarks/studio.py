"""How fast `limner studio` answers, alone and under load, and what it keeps in memory.

A client in this process asks servers in processes of their own, on the same machine, over kept
connections. A live request is what the page sends while somebody draws: a drawing of 256 px as PNG,
taken for a face as it is, to a WebP of the default model.

    python benchmarks/studio.py [--rounds 5] [--seconds 3] [--steady 30] [--requests 2000]
        [--only PART]

Printed are, from one run:

- live: requests a second, and the median and 99th percentile of the time to answer, for some
  clients that ask again as soon as they are answered; with batches of 8 faces and of 1, and the
  same work in a loop without a server. The rounds of all of them take turns; of each figure the
  median over rounds.
- steady: 20 requests a second, whether answered or not, for `--steady` seconds.
- overload: ten times as many requests at once as the queue holds.
- start: from the start of the process to the first photo; median of rounds.
- memory: of the server, over so many requests, eight at once: after each tenth of them, with the
  times of that tenth. What grows in all tenths alike is a leak.
"""

import argparse
import asyncio
import contextlib
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from limner import images
from limner.studio.settings import Settings
from limner.translator import Translator

EXAMPLE = Path(__file__).parents[1] / "examples" / "woman-long-hair.png"
PARTS = ("live", "steady", "overload", "start", "memory")
CLIENTS = (1, 2, 4, 8)
BATCHES = (8, 1)
STEADY = 20
"""Requests a second."""
SERVER = """
import sys
from limner.studio.server import listen, serve
from limner.studio.settings import Settings
settings = Settings(port=0, batch=int(sys.argv[1]))
listener = listen(settings)
serve(settings, listener, lambda: print(listener.getsockname()[1], flush=True))
"""


def main() -> None:
    """Print a paragraph for each question."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each round of live requests")
    parser.add_argument("--steady", type=float, default=30, help="seconds of 20 requests each")
    parser.add_argument("--requests", type=int, default=2000, help="over which memory is watched")
    parser.add_argument("--only", choices=PARTS, help="of the paragraphs")
    options = parser.parse_args()
    picture = images.encode(images.resize(images.read(EXAMPLE), 256))
    request = written(picture)
    for part in [options.only] if options.only else PARTS:
        if part == "live":
            with contextlib.ExitStack() as stack:
                ports = {batch: stack.enter_context(server(batch))[0] for batch in BATCHES}
                live(ports, request, picture, options.rounds, options.seconds)
        elif part == "start":
            start(request, options.rounds)
        else:
            with server(BATCHES[0]) as (port, process):
                if part == "steady":
                    steady(port, request, options.steady)
                elif part == "overload":
                    overload(port, request)
                else:
                    memory(port, process, request, options.requests)


def written(picture: bytes) -> bytes:
    """A live request, as it goes over the wire."""
    head = (
        "POST /v1/photo?as_is=true&format=webp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: image/png\r\nContent-Length: {len(picture)}\r\n\r\n"
    )
    return head.encode() + picture


@contextlib.contextmanager
def server(batch: int) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """A server, as soon as it accepts requests: its port and its process."""
    command = [sys.executable, "-c", SERVER, str(batch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process
        finally:
            process.terminate()


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, float]:
        """Status of the answer, and seconds until it was here; 0 for a lost connection."""
        begun = time.perf_counter()
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            return 0, time.perf_counter() - begun
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1]), time.perf_counter() - begun

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def asked(port: int, count: int, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Let so many clients talk at once, each over its own connection."""

    async def all_of_them() -> None:
        clients = [Client(port) for _ in range(count)]
        await asyncio.gather(*(talk(client) for client in clients))
        for client in clients:
            client.close()

    asyncio.run(all_of_them())


def live(
    ports: dict[int, int], request: bytes, picture: bytes, rounds: int, seconds: float
) -> None:
    """Print how fast live requests are answered."""
    translator = Translator(Settings().model)
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for number in range(rounds + 1):  # the first warms up
        taken = alone(translator, picture, seconds)
        figures = {("no server", 1): summary(taken, seconds)}
        for clients in CLIENTS:
            for batch, port in ports.items():
                taken = pressed(port, clients, request, seconds)
                figures[f"batch {batch}", clients] = summary(taken, seconds)
        for key, figure in figures.items():
            if number:
                found.setdefault(key, []).append(figure)
    print(f"live: median of {rounds} rounds of {seconds:g} s")
    for (name, clients), figures_of in sorted(found.items(), key=lambda one: (one[0][1], one[0])):
        rate, middle, late = (statistics.median(column) for column in zip(*figures_of, strict=True))
        who = f"{clients} clients, {name}" if name != "no server" else name
        print(f"  {who:20} {rate:6.1f}/s   p50 {middle:6.0f} ms   p99 {late:6.0f} ms")


def alone(translator: Translator, picture: bytes, seconds: float) -> list[float]:
    """Seconds of each photo, in a loop."""
    taken = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        images.encode(translator(picture, as_is=True), translator.provenance, "WebP")
        taken.append(time.perf_counter() - begun)
    return taken


def pressed(port: int, clients: int, request: bytes, seconds: float) -> list[float]:
    """Seconds of each answer, to clients that ask without a pause."""
    taken = []
    end = time.perf_counter() + seconds

    async def talk(client: Client) -> None:
        while time.perf_counter() < end:
            status, one = await client.ask(request)
            if status != 200:
                raise SystemExit(f"a live request was answered with {status}")
            taken.append(one)

    asked(port, clients, talk)
    return taken


def summary(taken: Sequence[float], seconds: float) -> tuple[float, float, float]:
    """Requests a second, and p50 and p99 in ms."""
    return len(taken) / seconds, percentile(taken, 50), percentile(taken, 99)


def percentile(taken: Sequence[float], share: float) -> float:
    """In ms, of seconds; the nearest rank."""
    ranked = sorted(taken)
    return 1000 * ranked[max(0, math.ceil(len(ranked) * share / 100) - 1)]


def steady(port: int, request: bytes, seconds: float) -> None:
    """Print how requests are answered that come at a steady pace."""
    count = round(seconds * STEADY)
    idle: list[Client] = []
    answers: list[tuple[int, float]] = []

    async def one(at: float) -> None:
        await asyncio.sleep(at)
        client = idle.pop() if idle else Client(port)
        answers.append(await client.ask(request))
        idle.append(client)

    async def all_of_them() -> None:
        await Client(port).ask(request)
        await asyncio.gather(*(one(number / STEADY) for number in range(count)))
        for client in idle:
            client.close()

    asyncio.run(all_of_them())
    served = [taken for status, taken in answers if status == 200]
    print(
        f"steady: {STEADY} a second for {seconds:g} s: {len(served)} of {count} answered, "
        f"p50 {percentile(served, 50):.0f} ms, p99 {percentile(served, 99):.0f} ms, "
        f"{count - len(served)} lost, {len(idle)} connections"
    )


def overload(port: int, request: bytes) -> None:
    """Print how a server answers that is asked ten times too much at once."""
    count = 10 * Settings().queue
    answers: list[tuple[int, float]] = []

    async def talk(client: Client) -> None:
        answers.append(await client.ask(request))

    asked(port, count, talk)
    by_status: dict[int, list[float]] = {}
    for status, taken in answers:
        by_status.setdefault(status, []).append(taken)
    print(f"overload: {count} requests at once, with a queue of {Settings().queue}")
    for status, taken_by in sorted(by_status.items()):
        print(
            f"  {len(taken_by):4} times {status or 'no answer'}: "
            f"p50 {percentile(taken_by, 50):.0f} ms, p99 {percentile(taken_by, 99):.0f} ms"
        )


def start(request: bytes, rounds: int) -> None:
    """Print how long it takes until there is a photo."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        with server(BATCHES[0]) as (port, _):

            async def talk(client: Client) -> None:
                status, _ = await client.ask(request)
                if status != 200:
                    raise SystemExit(f"the first request was answered with {status}")

            asked(port, 1, talk)
            taken.append(time.perf_counter() - begun)
    print(f"start: the first photo after {statistics.median(taken):.2f} s, median of {rounds}")


def memory(port: int, process: "subprocess.Popen[str]", request: bytes, count: int) -> None:
    """Print what a server has in memory, and how fast it is, over so many requests."""
    left = 0
    taken: list[float] = []

    async def talk(client: Client) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            status, one = await client.ask(request)
            if status != 200:
                raise SystemExit(f"a live request was answered with {status}")
            taken.append(one)

    left = 100  # to fill what is kept on purpose
    asked(port, 8, talk)
    print(f"memory: {resident(process.pid)} MB after 100 requests, and then", flush=True)
    done = 0
    for tenth in range(1, 11):
        taken.clear()
        left = count * tenth // 10 - done
        done += left
        asked(port, 8, talk)
        print(
            f"  {resident(process.pid)} MB after {done:6} more   "
            f"p50 {percentile(taken, 50):4.0f} ms   p99 {percentile(taken, 99):4.0f} ms",
            flush=True,
        )


def resident(process: int) -> int:
    """Memory of a process in MB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
