"""Docker Engine behind a proxy that can stop responding or close its socket, and come back."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ENGINE = "/var/run/docker.sock"
PIECE = 65536
SECONDS = 10.0
"""Bound on each change."""


class FaultyEngine:
    """Proxy of Docker Engine that forwards everything until a test makes it fail. Runs a thread."""

    def __init__(self, socket: Path) -> None:
        self.host = f"unix://{socket}"
        self._socket = socket
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._awake = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def fall_silent(self) -> None:
        """Accept data and answer nothing, like an engine that was stopped by a signal."""
        self._loop.call_soon_threadsafe(self._awake.clear)

    def wake(self) -> None:
        """Continue, with the data that came meanwhile first."""
        self._loop.call_soon_threadsafe(self._awake.set)

    def go_away(self) -> None:
        """Remove the socket and cut all connections, like an engine that has ended."""
        self._do(self._close())

    def come_back(self) -> None:
        """Listen again."""
        self._do(self._open())

    def start(self) -> None:
        self._thread.start()
        self._awake.set()
        self.come_back()

    def end(self) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _open(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self._socket)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket.unlink()
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # `go_away` cancels connections; a broken connection is reported by its other end.
        with suppress(asyncio.CancelledError, ConnectionError):
            try:
                there, to = await asyncio.open_unix_connection(ENGINE)
                async with asyncio.TaskGroup() as tasks:
                    back = tasks.create_task(self._pass_on(there, writer))
                    await self._pass_on(reader, to)
                    back.cancel()
                to.close()
            finally:
                writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            await self._awake.wait()
            writer.write(data)
            await writer.drain()


@contextmanager
def faulty_engine(socket: Path) -> Iterator[FaultyEngine]:
    """Run a proxy of the engine at `socket` for the length of the block."""
    engine = FaultyEngine(socket)
    engine.start()
    try:
        yield engine
    finally:
        engine.end()
