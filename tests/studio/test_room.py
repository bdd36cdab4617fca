import asyncio

from limner.studio.room import Room


def test_who_finds_no_room_waits_in_turn():
    async def test():
        room, order = Room(10), []

        async def keep(name, pixels, leave):
            async with room.of(pixels):
                order.append(name)
                await leave.wait()

        leaves = [asyncio.Event() for _ in range(4)]
        tasks = [
            asyncio.create_task(keep(name, pixels, leave))
            for name, pixels, leave in zip("abcd", (6, 5, 1, 99), leaves, strict=True)
        ]
        await asyncio.sleep(0)
        assert order == ["a"]  # c would find room, but b was there before
        leaves[0].set()
        await asyncio.sleep(0.01)
        assert order == ["a", "b", "c"]
        leaves[1].set()
        await asyncio.sleep(0.01)
        assert order == ["a", "b", "c"]
        leaves[2].set()
        leaves[3].set()
        await asyncio.gather(*tasks)
        assert order == ["a", "b", "c", "d"]  # alone, one may be larger than all the room

    asyncio.run(test())


def test_who_gives_up_leaves_the_room_to_others():
    async def test():
        room = Room(10)
        leave = asyncio.Event()

        async def keep():
            async with room.of(10):
                await leave.wait()

        first, second, third = (asyncio.create_task(keep()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        await asyncio.sleep(0.01)
        leave.set()
        await third
        async with asyncio.timeout(1), room.of(10):
            pass

    asyncio.run(test())
