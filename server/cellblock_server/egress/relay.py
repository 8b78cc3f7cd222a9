"""Relay of one session's connections to the proxy, with limits on their use."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import structlog

from cellblock_server.backends.sandbox import EgressHandler, EgressListener

PIECE = 65536
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Listen: TypeAlias = Callable[[EgressHandler], Awaitable[EgressListener]]
"""`Backend.open_egress` of one sandbox."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RelayBounds:
    """Limits of one session's egress."""

    max_connections: int
    """Maximum number of open connections."""
    max_bytes: int
    """Maximum of bytes in both directions together, for the session's life with this server."""
    timeout: timedelta
    """Time limit of one connection."""


class Relay:
    """Relays the sandbox's connections to the proxy, and nowhere else."""

    def __init__(
        self, session_id: str, source: str, bounds: RelayBounds, port: Callable[[], int | None]
    ) -> None:
        """Connect to the proxy at `port()` of loopback from the address `source`."""
        self._session_id = session_id
        self._source = source
        self._bounds = bounds
        self._port = port
        self._used = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: EgressListener | None = None

    @property
    def carried_bytes(self) -> int:
        """Return the bytes relayed so far, in both directions."""
        return self._used

    async def start(self, listen: Listen) -> None:
        """Serve the sandbox's connections from now on. Raises what `listen` does."""
        self._listener = await listen(self._accept)

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._listener is not None:
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError) as error:
            log.info("egress_connection_ended", session_id=self._session_id, why=str(error))
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        why, port = self._refusal(), self._port()
        if why or port is None:
            log.warning(
                "egress_refused", session_id=self._session_id, why=why or "the proxy does not run"
            )
            writer.write(REFUSED)
            await writer.drain()
            return
        async with asyncio.timeout(self._bounds.timeout.total_seconds()):
            there, to = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(self._source, 0)
            )
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, to))
                    both.create_task(self._pump(there, writer))
            except* OSError as errors:
                log.debug("egress_connection_broke", why=str(errors.exceptions[0]))
            finally:
                to.close()

    def _refusal(self) -> str:
        if len(self._tasks) > self._bounds.max_connections:
            return f"more than {self._bounds.max_connections} open connections"
        if self._used >= self._bounds.max_bytes:
            return f"the session has used up its {self._bounds.max_bytes} bytes"
        return ""

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            self._used += len(data)
            if self._used > self._bounds.max_bytes:
                raise ConnectionAbortedError(self._refusal())
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
