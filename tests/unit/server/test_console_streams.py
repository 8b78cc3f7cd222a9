"""Event streams of the console: send heartbeats and leave nothing behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from cellblock_server.console.streams import with_beats

NEVER = 60.0
IMMEDIATELY = 0.0


class Source:
    """An event source that emits what a test puts into its queue."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self.closed = False

    async def items(self) -> AsyncGenerator[str, None]:
        try:
            while (item := await self.news.get()) != "end":
                yield item
        finally:
            self.closed = True


async def test_all_items_are_forwarded() -> None:
    source = Source()
    for item in ("a", "b", "end"):
        source.news.put_nowait(item)
    assert [item async for item in with_beats(source.items(), NEVER)] == ["a", "b"]


async def test_silent_source_gives_heartbeats_and_loses_nothing() -> None:
    source = Source()
    async with aclosing(with_beats(source.items(), IMMEDIATELY)) as items:
        assert await anext(items) is None
        assert await anext(items) is None
        source.news.put_nowait("a")
        while (item := await anext(items)) is None:
            pass
        assert item == "a"


async def test_closing_the_stream_closes_the_source() -> None:
    source = Source()
    async with aclosing(with_beats(source.items(), IMMEDIATELY)) as items:
        assert await anext(items) is None
    assert source.closed
