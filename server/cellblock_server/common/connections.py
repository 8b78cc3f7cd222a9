"""How many connections a listener of ours for HTTP has at once."""

import asyncio
import socket
from contextlib import suppress
from typing import Any


class Connections:
    """Those of one listener. When there are too many, the oldest stranger makes room.

    They are counted as they are accepted: one that never ends its TLS handshake, or never asks
    for anything, takes a file descriptor like all others.
    """

    def __init__(self, most: int) -> None:
        """Have `most` at once."""
        self._most = most
        # By descriptors, the oldest first.
        self._open: dict[int, _Connection] = {}
        self._known: set[int] = set()

    async def bound(self, host: str, port: int) -> list[socket.socket]:
        """Sockets bound to all addresses of `host`, for asyncio to serve at. Raises OSError."""
        # It is asyncio that knows how to: its own server never begins.
        server = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, host, port, start_serving=False
        )
        try:
            return [_Listening(self, each.dup()) for each in server.sockets]
        finally:
            server.close()

    def know(self, transport: asyncio.BaseTransport | None) -> None:
        """Whoever is at its other end is no stranger: it makes room for nobody."""
        found = transport.get_extra_info("socket") if transport else None
        if found is not None and found.fileno() in self._open:
            self._known.add(found.fileno())

    def add(self, connection: "_Connection") -> None:
        """One was accepted: it is closed again if there is nobody who could make room."""
        if len(self._open) >= self._most and not self._make_room():
            connection.close()
            return
        self._open[connection.fileno()] = connection

    def remove(self, connection: "_Connection") -> None:
        """One is about to be closed."""
        if self._open.get(connection.fileno()) is connection:
            del self._open[connection.fileno()]
            self._known.discard(connection.fileno())

    def _make_room(self) -> bool:
        oldest = next((each for each in self._open if each not in self._known), None)
        if oldest is None:
            return False
        ended = self._open.pop(oldest)
        # Unless its other end was quicker.
        with suppress(OSError):
            # Its transport learns of the end, and closes it: whatever it is at.
            ended.shutdown(socket.SHUT_RDWR)
        return True


class _Listening(socket.socket):
    """What asyncio accepts from."""

    def __init__(self, connections: Connections, bound: socket.socket) -> None:
        super().__init__(bound.family, bound.type, bound.proto, fileno=bound.detach())
        self._connections = connections

    def accept(self) -> tuple[socket.socket, Any]:
        accepted, address = super().accept()
        connection = _Connection(self._connections, accepted)
        self._connections.add(connection)
        if connection.fileno() < 0:
            raise ConnectionAbortedError("there are as many connections as there may be")
        return connection, address


class _Connection(socket.socket):
    """Tells when it is closed."""

    def __init__(self, connections: Connections, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._connections = connections

    def close(self) -> None:
        self._connections.remove(self)
        super().close()
