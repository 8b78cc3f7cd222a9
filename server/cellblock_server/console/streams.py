"""Server-sent events, for readers that may be slow or disappear."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import web

AT_ONCE = struct.pack("ii", 1, 0)
"""Value of SO_LINGER that makes closing a connection reset it, see socket(7)."""

T = TypeVar("T")


@contextmanager
def cut_off_unless_read(request: web.Request) -> Iterator[None]:
    """Write a response in the block, each piece within `ConsoleTimings.write`."""
    try:
        yield
    except TimeoutError:
        # A page that does not read reconnects later.
        cut_off(request)


def cut_off(request: web.Request) -> None:
    """End the connection, and drop all unsent data."""
    if request.transport is None:
        return
    # Otherwise the kernel would keep megabytes, for a reader that does not read.
    request.transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE
    )
    request.transport.abort()


class EventStream:
    """Stream of events that one page reads with an `EventSource`."""

    def __init__(self, write_seconds: float) -> None:
        """Begin with nothing sent; a browser has to read each event within `write_seconds`."""
        self._write_seconds = write_seconds
        self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Send the headers."""
        await self._response.prepare(request)
        return self._response

    async def send(self, name: str, data: dict[str, Any]) -> None:
        """Send an event. Raises TimeoutError, ConnectionError if the browser does not read."""
        # ASCII in one line: nothing in it ends the event.
        await self._write(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    async def end(self) -> None:
        """Send the end of the stream. Raises as `send` does."""
        async with asyncio.timeout(self._write_seconds):
            await self._response.write_eof()

    async def beat(self) -> None:
        """Send an empty comment, to keep the connection alive. Raises as `send` does."""
        await self._write(":\n\n")

    async def _write(self, text: str) -> None:
        async with asyncio.timeout(self._write_seconds):
            await self._response.write(text.encode())


async def with_beats(
    source: AsyncGenerator[T, None], seconds: float
) -> AsyncGenerator[T | None, None]:
    """Yield the items of `source`, and None after each `seconds` without any. Closes `source`."""
    coming: asyncio.Task[T] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(source))
            await asyncio.wait({coming}, timeout=seconds)
            if not coming.done():
                yield None
                continue
            done, coming = coming, None
            try:
                item = done.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            # Its result is not needed: no task waits for it any more.
            await asyncio.gather(coming, return_exceptions=True)
        await source.aclose()


async def _next(source: AsyncGenerator[T, None]) -> T:
    return await anext(source)
