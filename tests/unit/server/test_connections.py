"""A listener for HTTP has so many connections at once; strangers make room, the oldest first."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from cellblock_server.common.connections import Connections

MOST = 3
SECONDS = 20
REQUEST = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class Site:
    """What answers, and knows whoever asks for `/known`."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.connections = Connections(MOST)
        self._tls = tls
        application = web.Application()
        application.add_routes([web.get("/{name}", self._answer)])
        self.runner = web.AppRunner(application)

    async def start(self) -> None:
        await self.runner.setup()
        for bound in await self.connections.bound("127.0.0.1", 0):
            await web.SockSite(self.runner, bound, ssl_context=self._tls).start()

    @property
    def port(self) -> int:
        return int(self.runner.addresses[0][1])

    async def _answer(self, request: web.Request) -> web.Response:
        if request.match_info["name"] == "known":
            self.connections.mark_authenticated(request.transport)
        return web.Response(text="answered")


@asynccontextmanager
async def site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site(tls)
    await site.start()
    try:
        yield site
    finally:
        await site.runner.cleanup()


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, name: bytes = b"any") -> bytes:
        """The answer's first line; empty if the connection was ended."""
        try:
            self._writer.write(REQUEST % name)
            line = await asyncio.wait_for(self._reader.readline(), SECONDS)
            if line:
                await self._reader.readuntil(b"answered")
        except ConnectionError:
            return b""
        return line

    async def ended(self) -> bool:
        """Wait for its end."""
        try:
            return await asyncio.wait_for(self._reader.read(1), SECONDS) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def caller(site: Site, tls: ssl.SSLContext | None = None) -> Caller:
    return Caller(*await asyncio.open_connection("127.0.0.1", site.port, ssl=tls))


OK = b"HTTP/1.1 200 OK\r\n"


async def test_the_oldest_stranger_makes_room() -> None:
    async with site() as at:
        first, second, third = [await caller(at) for _ in range(MOST)]
        assert await second.ask() == OK
        fourth = await caller(at)
        assert await fourth.ask() == OK
        assert await first.ended()
        assert [await each.ask() for each in (second, third, fourth)] == [OK] * MOST


async def test_who_is_known_makes_room_for_nobody() -> None:
    async with site() as at:
        known = [await caller(at) for _ in range(MOST)]
        assert [await each.ask(b"known") for each in known[1:]] == [OK] * (MOST - 1)
        later = await caller(at)
        assert await known[0].ended()
        assert await later.ask(b"known") == OK
        assert await (await caller(at)).ended()
        assert [await each.ask() for each in (*known[1:], later)] == [OK] * MOST


async def test_who_has_left_is_not_counted() -> None:
    async with site() as at:
        for _ in range(3 * MOST):
            known = await caller(at)
            assert await known.ask(b"known") == OK
            await known.close()


async def test_one_that_never_ends_its_handshake_makes_room(tmp_path: Path) -> None:
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with site(served) as at:
        silent = [await caller(at) for _ in range(MOST)]
        later = [await caller(at, trusting) for _ in range(MOST)]
        assert [await each.ended() for each in silent] == [True] * MOST
        assert [await each.ask(b"known") for each in later] == [OK] * MOST


async def test_a_port_that_is_taken_is_told() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="address already in use"),
    ):
        await Connections(MOST).bound("127.0.0.1", taken.getsockname()[1])
