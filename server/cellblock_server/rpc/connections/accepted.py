"""Connections that gRPC has accepted, found among this process's own descriptors.

gRPC reports neither a connection nor its end, and offers no way to close one: only calls tell
who is at the other end. Its sockets are this process's, so Linux lists them.
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
    """The address of its other end, `host:port`, as `peer_address` returns it."""
    descriptor: int
    inode: int
    """Tells its socket from a later one with the same descriptor."""


class AcceptedConnections:
    """The TCP connections of one listener."""

    def __init__(self, port: int) -> None:
        """Look for connections to the local `port`."""
        self._port = port
        self._sockets: dict[int, tuple[int, str]] = {}
        """By descriptor: the inode of its socket, and its peer; empty for other sockets."""

    def find_all(self) -> dict[str, Accepted]:
        """All that are open now, by their peers."""
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
                # No descriptor is left for a duplicate: it is looked at again.
                continue
            sockets[descriptor] = inode, peer
            if peer:
                found[peer] = Accepted(peer, descriptor, inode)
        self._sockets = sockets
        return found

    def close(self, accepted: Accepted) -> None:
        """End a connection in both directions: gRPC sees that, and closes its socket."""
        with suppress(OSError), _duplicate(accepted.descriptor) as held:
            # The duplicate can't become another connection's between look and end.
            if _inode_of(held.fileno()) == accepted.inode:
                held.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def listening(self) -> Iterator[list[socket.socket]]:
        """The sockets that listen at the port, within the block."""
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
        """Empty unless it is a connection to this port. Raises OSError."""
        # One whose other end has left has no peer any more.
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
    """`host:port` of a peer as gRPC has it; empty unless it is connected by TCP."""
    scheme, _, address = peer.partition(":")
    if f"{scheme}:" not in BY_TCP:
        return ""
    host, _, port = unquote(address).rpartition(":")
    return _joined(host.strip("[]"), int(port))


def _descriptors() -> list[int]:
    """All that this process has open."""
    # Paths would cost more than all else: this is done many times a second.
    return [int(name) for name in os.listdir(FOLDER)]  # noqa: PTH208


def _joined(host: str, port: int) -> str:
    if ":" not in host:
        return f"{host}:{port}"
    address = ipaddress.IPv6Address(host.partition("%")[0])
    # gRPC has IPv4 addresses that reach an IPv6 socket as what they are.
    return f"{address.ipv4_mapped or address}:{port}"


def _duplicate(descriptor: int) -> socket.socket:
    """The same socket once more, whatever kind it is. Raises OSError."""
    duplicate = os.dup(descriptor)
    try:
        # With a family, for Python would ask the socket otherwise, and some do not answer; with
        # the one of the longest addresses, for Python cuts off what is longer.
        return socket.socket(socket.AF_INET6, socket.SOCK_STREAM, fileno=duplicate)
    except BaseException:
        os.close(duplicate)
        raise


def _inode_of(descriptor: int) -> int | None:
    """None if it is no socket, or not open any more."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_ino if stat.S_ISSOCK(status.st_mode) else None
