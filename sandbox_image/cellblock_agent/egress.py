"""Sandbox end of the egress connection: a loopback port that is relayed to the server.

A sandbox has no network. Connections to the port are relayed to a Unix socket at which the server
listens, and behind it a proxy checks each one; user code may use the socket directly.
"""

import asyncio
import logging
from pathlib import Path

SOCKET = "egress.sock"
MAX_CONNECTIONS = 256
"""Maximum number of open connections; the server has a limit of its own."""
PIECE = 65536

log = logging.getLogger(__name__)


class EgressPort:
    """Listener on a loopback port that relays each connection to a Unix socket."""

    def __init__(self, socket: Path, port: int) -> None:
        """Relay connections to `port` on loopback to `socket`."""
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
            log.info("an egress connection ended: %s", error)
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
            log.debug("an egress connection broke: %s", errors.exceptions[0])
        finally:
            to.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
