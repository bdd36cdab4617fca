import asyncio
import threading

import numpy as np
import pytest

from limner.studio.batching import Batcher, Faces


class Network:
    """Gives back what it gets, and remembers how it came."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.calls = []
        self.fails = 0

    def batch(self, crops, *, literal=None, hints=None):
        assert self.go.wait(10)
        self.calls.append((len(crops), literal, None if hints is None else len(hints)))
        if self.fails:
            self.fails -= 1
            raise MemoryError("no more")
        return np.stack(crops)


def faces(*levels, **beside):
    return Faces(crops=[np.full((4, 4, 3), level, np.uint8) for level in levels], **beside)


def run(test, most=8):
    async def running():
        batcher = Batcher(most=most)
        await batcher.start()
        try:
            await test(batcher)
        finally:
            await batcher.stop()

    asyncio.run(running())


async def waiting(batcher, network, *requests):
    """Requests that all wait while the network is busy with another."""
    network.go.clear()
    first = asyncio.create_task(batcher.run(network, faces(0)))
    await asyncio.sleep(0.01)
    tasks = [asyncio.create_task(batcher.run(*request)) for request in requests]
    await asyncio.sleep(0.01)
    return first, tasks


def test_requests_that_wait_go_together_and_get_their_own():
    async def test(batcher):
        network = Network()
        own = [faces(n, n + 100) for n in range(1, 4)]
        first, tasks = await waiting(batcher, network, *[(network, one) for one in own])
        network.go.set()
        made = await asyncio.gather(*tasks)
        await first
        for one, got in zip(own, made, strict=True):
            assert np.array_equal(got, np.stack(one.crops))
        assert [count for count, *_ in network.calls] == [1, 6]
        assert (batcher.batches, batcher.faces) == (2, 7)

    run(test)


def test_models_stay_apart_and_none_is_left_behind():
    async def test(batcher):
        one, other = Network(), Network()
        first, tasks = await waiting(
            batcher, one, (one, faces(1)), (other, faces(2)), (one, faces(3)), (other, faces(4))
        )
        one.go.set()
        made = await asyncio.gather(first, *tasks)
        assert [picture.mean() for picture in made] == [0, 1, 2, 3, 4]
        assert [count for count, *_ in one.calls] == [1, 2]
        assert [count for count, *_ in other.calls] == [2]

    run(test)


def test_a_request_with_more_faces_than_the_limit_takes_several_turns():
    async def test(batcher):
        network = Network()
        levels = list(range(7))
        made = await batcher.run(
            network, faces(*levels, literal=[n / 10 for n in levels], hints=list(np.ones((7, 4))))
        )
        assert [picture.mean() for picture in made] == levels
        assert network.calls == [
            (3, [0.0, 0.1, 0.2], 3),
            (3, [0.3, 0.4, 0.5], 3),
            (1, [0.6], 1),
        ]
        assert batcher.batches == 3

    run(test, most=3)


def test_a_large_request_is_overtaken_once_but_not_for_ever():
    async def test(batcher):
        network = Network()
        order = []

        async def ask(*levels):
            await batcher.run(network, faces(*levels))
            order.append(levels[0])

        network.go.clear()
        tasks = [asyncio.create_task(ask(0))]
        await asyncio.sleep(0.01)
        tasks += [asyncio.create_task(ask(*levels)) for levels in ([1], [2, 2, 2], [3], [4])]
        await asyncio.sleep(0.01)
        network.go.set()
        await asyncio.gather(*tasks)
        assert order == [0, 1, 3, 4, 2] or order == [0, 1, 3, 2, 4]

    run(test, most=3)


def test_hints_and_strokes_of_some_are_filled_up_for_the_others():
    async def test(batcher):
        network = Network()
        first, tasks = await waiting(
            batcher,
            network,
            (network, faces(1)),
            (network, faces(2, literal=[0.5], hints=[np.ones((4, 4, 4), np.uint8)])),
        )
        network.go.set()
        await asyncio.gather(first, *tasks)
        assert network.calls == [(1, None, None), (2, [1.0, 0.5], 2)]

    run(test)


def test_a_cancelled_request_is_left_out_and_blocks_nobody():
    async def test(batcher):
        network = Network()
        first, (gone, stays) = await waiting(
            batcher, network, (network, faces(1)), (network, faces(2))
        )
        gone.cancel()
        first.cancel()  # this one is in the network already
        network.go.set()
        assert (await stays).mean() == 2
        assert [count for count, *_ in network.calls] == [1, 1]

    run(test)


def test_an_error_reaches_its_batch_and_no_other():
    async def test(batcher):
        good, bad = Network(), Network()
        bad.fails = 1
        first, tasks = await waiting(
            batcher, good, (bad, faces(1)), (good, faces(2)), (bad, faces(3))
        )
        good.go.set()
        await first
        made = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(made[0], MemoryError)
        assert isinstance(made[2], MemoryError)
        assert made[1].mean() == 2
        assert (await batcher.run(bad, faces(5))).mean() == 5

    run(test)


def test_nobody_waits_for_a_batcher_that_stopped():
    async def test():
        batcher = Batcher(most=8)
        await batcher.start()
        network = Network()
        first, (queued,) = await waiting(batcher, network, (network, faces(1)))
        await batcher.stop()
        network.go.set()
        for task in (first, queued):
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 1)

    asyncio.run(test())
