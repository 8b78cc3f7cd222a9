"""Limit on the open connections of our HTTP listeners."""

import asyncio
import socket
from contextlib import suppress
from typing import Any


class Connections:
    """Open connections of one listener. At the limit, the oldest unauthenticated one is closed.

    A connection counts from its acceptance: it takes a file descriptor even if it never completes
    its TLS handshake or never sends a request.
    """

    def __init__(self, most: int) -> None:
        """Allow `most` open connections."""
        self._most = most
        # By file descriptor, the oldest first.
        self._open: dict[int, _Connection] = {}
        self._authenticated: set[int] = set()

    async def bound(self, host: str, port: int) -> list[socket.socket]:
        """Bind sockets to all addresses of `host`, for asyncio to serve. Raises OSError."""
        # Binding is asyncio's code: this server is never started.
        server = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, host, port, start_serving=False
        )
        try:
            return [_Listening(self, each.dup()) for each in server.sockets]
        finally:
            server.close()

    def mark_authenticated(self, transport: asyncio.BaseTransport | None) -> None:
        """Mark a connection as authenticated: it isn't closed to make room."""
        found = transport.get_extra_info("socket") if transport else None
        if found is not None and found.fileno() in self._open:
            self._authenticated.add(found.fileno())

    def add(self, connection: "_Connection") -> None:
        """Add an accepted connection, or close it if no other one can be closed for it."""
        if len(self._open) >= self._most and not self._make_room():
            connection.close()
            return
        self._open[connection.fileno()] = connection

    def remove(self, connection: "_Connection") -> None:
        """Remove a connection that is about to be closed."""
        if self._open.get(connection.fileno()) is connection:
            del self._open[connection.fileno()]
            self._authenticated.discard(connection.fileno())

    def _make_room(self) -> bool:
        oldest = next((each for each in self._open if each not in self._authenticated), None)
        if oldest is None:
            return False
        ended = self._open.pop(oldest)
        # The client may have closed it first.
        with suppress(OSError):
            # Its transport notices the end and closes it, whatever it is doing.
            ended.shutdown(socket.SHUT_RDWR)
        return True


class _Listening(socket.socket):
    """Listening socket from which asyncio accepts connections."""

    def __init__(self, connections: Connections, bound: socket.socket) -> None:
        super().__init__(bound.family, bound.type, bound.proto, fileno=bound.detach())
        self._connections = connections

    def accept(self) -> tuple[socket.socket, Any]:
        accepted, address = super().accept()
        connection = _Connection(self._connections, accepted)
        self._connections.add(connection)
        if connection.fileno() < 0:
            raise ConnectionAbortedError("too many connections are open")
        return connection, address


class _Connection(socket.socket):
    """Accepted socket that reports when it is closed."""

    def __init__(self, connections: Connections, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._connections = connections

    def close(self) -> None:
        self._connections.remove(self)
        super().close()
