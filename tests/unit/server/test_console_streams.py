"""A stream of the console's says now and then that it is there, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from cellblock_server.console.streams import with_beats

NEVER = 60.0
AT_ONCE = 0.0


class Source:
    """Has something to say when it is told to."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self.closed = False

    async def items(self) -> AsyncGenerator[str, None]:
        try:
            while (item := await self.news.get()) != "end":
                yield item
        finally:
            self.closed = True


async def test_all_that_comes_is_handed_on() -> None:
    source = Source()
    for item in ("a", "b", "end"):
        source.news.put_nowait(item)
    assert [item async for item in with_beats(source.items(), NEVER)] == ["a", "b"]


async def test_silence_is_told_and_loses_nothing() -> None:
    source = Source()
    async with aclosing(with_beats(source.items(), AT_ONCE)) as items:
        assert await anext(items) is None
        assert await anext(items) is None
        source.news.put_nowait("a")
        while (item := await anext(items)) is None:
            pass
        assert item == "a"


async def test_who_leaves_ends_the_source() -> None:
    source = Source()
    async with aclosing(with_beats(source.items(), AT_ONCE)) as items:
        assert await anext(items) is None
    assert source.closed
