"""Connections that gRPC has accepted, found among this process's own descriptors.

gRPC reports neither a connection nor its end, and offers no way to close one: only calls show the
peer. Its sockets are this process's, so Linux lists them.
"""

import ipaddress
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

FOLDER = "/proc/self/fd"
SO_DOMAIN = 39
BY_TCP = ("ipv4:", "ipv6:")


@dataclass(frozen=True)
class Accepted:
    """One connection, for as long as its socket is open."""

    peer: str
    """Address of the peer, `host:port`, as `peer_address` returns it."""
    descriptor: int
    inode: int
    """Inode that separates its socket from a later one with the same descriptor."""


class AcceptedConnections:
    """The TCP connections of one listener."""

    def __init__(self, port: int) -> None:
        """Find connections to the local `port`."""
        self._port = port
        self._sockets: dict[int, tuple[int, str]] = {}
        """Inode and peer of each descriptor's socket; the peer is empty for other sockets."""

    def find_all(self) -> dict[str, Accepted]:
        """Return all open connections, by their peers."""
        sockets: dict[int, tuple[int, str]] = {}
        found: dict[str, Accepted] = {}
        for descriptor in _descriptors():
            inode = _inode_of(descriptor)
            if inode is None:
                continue
            known = self._sockets.get(descriptor)
            try:
                peer = known[1] if known and known[0] == inode else self._peer_of(descriptor)
            except OSError:
                # No descriptor is left for a duplicate: it is examined again at the next call.
                continue
            sockets[descriptor] = inode, peer
            if peer:
                found[peer] = Accepted(peer, descriptor, inode)
        self._sockets = sockets
        return found

    def close(self, accepted: Accepted) -> None:
        """End a connection in both directions: gRPC sees that, and closes its socket."""
        with suppress(OSError), _duplicate(accepted.descriptor) as held:
            # The duplicate can't become another connection's between check and end.
            if _inode_of(held.fileno()) == accepted.inode:
                held.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def listening(self) -> Iterator[list[socket.socket]]:
        """Yield the sockets that listen at the port."""
        with ExitStack() as stack:
            found: list[socket.socket] = []
            for descriptor in _descriptors():
                with suppress(OSError):
                    if _inode_of(descriptor) is None:
                        continue
                    held = stack.enter_context(_duplicate(descriptor))
                    if self._is_ours(held) and held.getsockopt(
                        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                    ):
                        found.append(held)
            yield found

    def _peer_of(self, descriptor: int) -> str:
        """Return the peer; empty unless it is a connection to this port. Raises OSError."""
        # A connection that the other side has closed has no peer any more.
        with _duplicate(descriptor) as held, suppress(OSError):
            if self._is_ours(held):
                host, port = held.getpeername()[:2]
                return _joined(host, port)
        return ""

    def _is_ours(self, held: socket.socket) -> bool:
        return (
            held.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) in (socket.AF_INET, socket.AF_INET6)
            and held.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
            and held.getsockname()[1] == self._port
        )


@lru_cache(4096)
def peer_address(peer: str) -> str:
    """Return `host:port` of a gRPC peer; empty unless it is connected by TCP."""
    scheme, _, address = peer.partition(":")
    if f"{scheme}:" not in BY_TCP:
        return ""
    host, _, port = unquote(address).rpartition(":")
    return _joined(host.strip("[]"), int(port))


def _descriptors() -> list[int]:
    """Return all descriptors that this process has open."""
    # Paths would cost more than everything else: this runs many times a second.
    return [int(name) for name in os.listdir(FOLDER)]  # noqa: PTH208


def _joined(host: str, port: int) -> str:
    if ":" not in host:
        return f"{host}:{port}"
    address = ipaddress.IPv6Address(host.partition("%")[0])
    # gRPC shows IPv4 addresses that reach an IPv6 socket as IPv4.
    return f"{address.ipv4_mapped or address}:{port}"


def _duplicate(descriptor: int) -> socket.socket:
    """Return a duplicate of a socket of any kind. Raises OSError."""
    duplicate = os.dup(descriptor)
    try:
        # With a family: otherwise Python would query the socket, and some do not respond. With the
        # family of the longest addresses: Python cuts off longer ones.
        return socket.socket(socket.AF_INET6, socket.SOCK_STREAM, fileno=duplicate)
    except BaseException:
        os.close(duplicate)
        raise


def _inode_of(descriptor: int) -> int | None:
    """Return a socket's inode; None if the descriptor is no socket, or not open any more."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_ino if stat.S_ISSOCK(status.st_mode) else None
