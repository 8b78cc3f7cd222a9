"""The kernel drops new connections from some addresses, and from no others."""

import socket

import pytest

from cellblock_server.rpc.connections.banned import (
    MAX_ADDRESSES,
    network_of,
    set_banned,
    shown_network,
)

BANNED, OTHER = "127.0.0.2", "127.0.0.3"
SECONDS = 0.2
MANY = [network_of(f"10.1.{number // 256}.{number % 256}") for number in range(MAX_ADDRESSES // 2)]
MANY_IPV6 = [network_of(f"2001:db8:0:{number:x}::1") for number in range(MAX_ADDRESSES // 2 - 1)]


def listening(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, 0), family=family, dualstack_ipv6=host == "::")
    made.listen()
    return made


def connects(port: int, source: str, target: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((target, port), SECONDS, (source, 0)).close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_a_banned_address_can_not_connect(host: str) -> None:
    with listening(host) as server:
        port = server.getsockname()[1]
        assert connects(port, BANNED)
        set_banned([server], [*MANY, *MANY_IPV6, network_of(BANNED)])
        assert not connects(port, BANNED)
        assert connects(port, OTHER)
        set_banned([server], [])
        assert connects(port, BANNED)


def test_a_banned_network_of_ipv6_can_not_connect() -> None:
    with listening("::1") as server:
        port = server.getsockname()[1]
        set_banned([server], [*MANY, *MANY_IPV6])
        assert connects(port, "::1", "::1")
        set_banned([server], [*MANY, *MANY_IPV6, network_of("::1")])
        assert not connects(port, "::1", "::1")


def test_a_connection_that_is_open_stays() -> None:
    with listening("127.0.0.1") as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), SECONDS, (BANNED, 0)) as client:
            accepted, _ = server.accept()
            with accepted:
                set_banned([server], [network_of(BANNED)])
                client.sendall(b"x")
                assert accepted.recv(1) == b"x"


def test_they_are_shown_for_people() -> None:
    assert shown_network(network_of("192.0.2.1")) == "192.0.2.1"
    assert shown_network(network_of("2001:db8::1")) == "2001:db8::/64"
