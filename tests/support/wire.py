"""A relay between a server and its database, which fails when a test says so."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress

PIECE = 2**16


class Wire(AbstractAsyncContextManager["Wire"]):
    """Forwards connections to a port of this machine. An async context manager."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.is_up = True
        """Whether new connections are taken."""
        self.refused = 0
        self._to_port = to_port
        self._flows = asyncio.Event()
        self._flows.set()
        self._lost = ("", b"")
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_what: object) -> None:
        self._server.close()
        self.resume()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def lose(self, what: str, containing: bytes) -> None:
        """Drop the next `request` or `answer` that has these bytes, and cut the connection."""
        self._lost = what, containing

    def hold(self) -> None:
        """Stop forwarding, without closing connections."""
        self._flows.clear()

    def resume(self) -> None:
        """Forward the held data, and continue."""
        self._flows.set()

    def cut(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.is_up:
                await self._joined(reader, writer)
            else:
                self.refused += 1
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        both = {writer, to_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump("request", reader, to_writer, both))
                tasks.create_task(self._pump("answer", to_reader, writer, both))
        finally:
            self._writers -= both
            to_writer.close()

    async def _pump(
        self,
        kind: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        both: set[asyncio.StreamWriter],
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(PIECE):
                what, containing = self._lost
                if what == kind and containing in data:
                    self._lost = ("", b"")
                    break
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        for one in both:
            one.close()
