"""Connections of a listener are found among all sockets that a process has."""

import os
import socket
from contextlib import ExitStack
from unittest.mock import patch

from cellblock_server.rpc.connections.accepted import AcceptedConnections


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers are wanted, not paths


def open_others(stack: ExitStack) -> None:
    """Sockets of all other kinds that a server has."""
    for family, kind in (
        (socket.AF_UNIX, socket.SOCK_STREAM),
        (socket.AF_UNIX, socket.SOCK_DGRAM),
        (socket.AF_INET, socket.SOCK_DGRAM),
        (socket.AF_INET6, socket.SOCK_STREAM),
        (socket.AF_NETLINK, socket.SOCK_RAW),
    ):
        stack.enter_context(socket.socket(family, kind))


def test_only_its_own_are_found_and_nothing_stays_open() -> None:
    with ExitStack() as stack:
        open_others(stack)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        stack.enter_context(listening.accept()[0])
        connections, before = AcceptedConnections(port), descriptors()
        for _ in range(3):
            (found,) = connections.find_all()
            assert found == f"127.0.0.1:{client.getsockname()[1]}"
        with connections.listening() as sockets:
            assert [each.getsockname()[1] for each in sockets] == [port]
        assert descriptors() == before


def test_a_socket_that_can_not_be_looked_at_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections, before = AcceptedConnections(listening.getsockname()[1]), descriptors()
        with patch("socket.socket", side_effect=OSError):
            assert connections.find_all() == {}
        assert descriptors() == before
