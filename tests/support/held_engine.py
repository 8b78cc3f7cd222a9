"""Docker Engine behind a proxy that holds back certain calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ENGINE = "/var/run/docker.sock"
PIECE = 65536


class HeldEngine:
    """Forwards calls, but a certain one only after `go` is set, even if its caller left."""

    def __init__(self, held: bytes) -> None:
        self._held = held
        self.came = asyncio.Event()
        self.go = asyncio.Event()
        self.done = asyncio.Event()
        """Set when the engine has answered it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_unix_connection(ENGINE)
        holds = asyncio.Event()
        answers = asyncio.create_task(self._answers(there, writer, holds))
        while data := await reader.read(PIECE):
            if self._held in data:
                self.came.set()
                await self.go.wait()
                holds.set()
            to.write(data)
        if holds.is_set():
            await self.done.wait()
        to.close()
        await answers
        writer.close()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holds: asyncio.Event
    ) -> None:
        while data := await reader.read(PIECE):
            if holds.is_set():
                self.done.set()
            if not writer.is_closing():
                writer.write(data)


@asynccontextmanager
async def held_engine(socket: Path, held: bytes) -> AsyncIterator[HeldEngine]:
    """Run a proxy at `socket` that holds back calls with `held` in their first line."""
    engine = HeldEngine(held)
    async with await asyncio.start_unix_server(engine.serve, socket):
        yield engine
