"""The sandbox's end of its way out, if it has one: a port of loopback that leads to the server.

There is no network in here. What connects to the port reaches a Unix socket that the server
listens at, and behind it a proxy that decides; user code may as well use the socket itself.
"""

import asyncio
import logging
from pathlib import Path

SOCKET = "egress.sock"
MAX_CONNECTIONS = 256
"""At once; the server has a bound of its own."""
PIECE = 65536

log = logging.getLogger(__name__)


class EgressPort:
    """Listens, and passes bytes on."""

    def __init__(self, socket: Path, port: int) -> None:
        """Lead from `port` of loopback to `socket`."""
        self._socket = socket
        self._port = port
        self._connections = 0

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError if the port is taken."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS:
                await self._pass_on(reader, writer)
        except OSError as error:
            log.info("a connection out ended: %s", error)
        finally:
            self._connections -= 1
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_unix_connection(str(self._socket))
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, to))
                both.create_task(_pump(there, writer))
        except* OSError as errors:
            log.debug("a connection out broke: %s", errors.exceptions[0])
        finally:
            to.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
