"""Limit of concurrent HTTP connections: new ones replace the oldest without a key."""

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

MAX_CONNECTIONS = 3
SECONDS = 20
REQUEST = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class Site:
    """An HTTP server that authenticates connections which request `/known`."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.connections = Connections(MAX_CONNECTIONS)
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
    """A client with one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, name: bytes = b"any") -> bytes:
        """Return the first line of the response, or nothing if the server closed the connection."""
        try:
            self._writer.write(REQUEST % name)
            line = await asyncio.wait_for(self._reader.readline(), SECONDS)
            if line:
                await self._reader.readuntil(b"answered")
        except ConnectionError:
            return b""
        return line

    async def wait_until_closed(self) -> bool:
        """Wait until the server closes the connection."""
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


async def test_new_connection_closes_the_oldest_unauthenticated_one() -> None:
    async with site() as at:
        first, second, third = [await caller(at) for _ in range(MAX_CONNECTIONS)]
        assert await second.ask() == OK
        fourth = await caller(at)
        assert await fourth.ask() == OK
        assert await first.wait_until_closed()
        assert [await each.ask() for each in (second, third, fourth)] == [OK] * MAX_CONNECTIONS


async def test_authenticated_connections_are_never_closed_for_others() -> None:
    async with site() as at:
        known = [await caller(at) for _ in range(MAX_CONNECTIONS)]
        assert [await each.ask(b"known") for each in known[1:]] == [OK] * (MAX_CONNECTIONS - 1)
        later = await caller(at)
        assert await known[0].wait_until_closed()
        assert await later.ask(b"known") == OK
        assert await (await caller(at)).wait_until_closed()
        assert [await each.ask() for each in (*known[1:], later)] == [OK] * MAX_CONNECTIONS


async def test_closed_connections_are_not_counted() -> None:
    async with site() as at:
        for _ in range(3 * MAX_CONNECTIONS):
            known = await caller(at)
            assert await known.ask(b"known") == OK
            await known.close()


async def test_connection_without_a_finished_handshake_is_closed_for_others(tmp_path: Path) -> None:
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with site(served) as at:
        silent = [await caller(at) for _ in range(MAX_CONNECTIONS)]
        later = [await caller(at, trusting) for _ in range(MAX_CONNECTIONS)]
        assert [await each.wait_until_closed() for each in silent] == [True] * MAX_CONNECTIONS
        assert [await each.ask(b"known") for each in later] == [OK] * MAX_CONNECTIONS


async def test_port_in_use_is_reported() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="address already in use"),
    ):
        await Connections(MAX_CONNECTIONS).bound("127.0.0.1", taken.getsockname()[1])
