"""One session's way to the proxy: a socket in its sandbox's folder, and bounds on its use."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

NAME = "egress.sock"
PIECE = 65536
SOCKET_MODE = 0o666
"""The sandbox's user is not ours; the folder above keeps others out."""
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RelayBounds:
    """What one session may use."""

    max_connections: int
    """At once."""
    max_bytes: int
    """In both directions together, for the session's whole life with this server."""
    timeout: timedelta
    """Of one connection."""


class Relay:
    """Takes the sandbox's connections to the proxy, and nowhere else."""

    def __init__(
        self, session_id: str, source: str, bounds: RelayBounds, port: Callable[[], int | None]
    ) -> None:
        """Speak to the proxy at `port` of loopback, if there is one, from the address `source`."""
        self._session_id = session_id
        self._source = source
        self._bounds = bounds
        self._port = port
        self._used = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def carried_bytes(self) -> int:
        """What went through it so far, in both directions."""
        return self._used

    async def start(self, folder: Path) -> None:
        """Listen in a folder that the sandbox sees and can't change."""
        pinned = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            # Not by its path, which may be longer than the 107 bytes that a socket's may have.
            path = Path(f"/proc/self/fd/{pinned}") / NAME
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            path.chmod(SOCKET_MODE)
        finally:
            os.close(pinned)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener)

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
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
            return f"more than {self._bounds.max_connections} connections at once"
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
