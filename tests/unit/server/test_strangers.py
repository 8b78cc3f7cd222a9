"""Connections without a key, which are closed for others: real sockets and a manual clock."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from cellblock_server.common.errors import ExhaustedError
from cellblock_server.rpc.connections.accepted import peer_address
from cellblock_server.rpc.connections.banned import network_of
from cellblock_server.rpc.connections.limits import StrangerLimits
from cellblock_server.rpc.connections.offenders import Offenders
from cellblock_server.rpc.connections.strangers import Strangers

LIMITS = StrangerLimits(
    max_connections=6,
    strangers_share=0.5,
    timeout_seconds=10,
    free_calls=2,
    calls_per_second=1,
    max_waiting_calls=2,
    max_refused_calls=1,
)


class Context:
    """A call, of which only the peer's address matters."""

    def __init__(self, address: str) -> None:
        self._address = address

    def peer(self) -> str:
        return f"ipv4:{self._address}"


class WatchedListener:
    """A listener with watched connections."""

    def __init__(self, stack: ExitStack) -> None:
        self.seconds = 0.0
        self._stack = stack
        self._listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.strangers = Strangers(LIMITS, lambda: self.seconds)
        self.strangers.watch_port(self._listening.getsockname()[1])

    def connect(self, tenant: str = "") -> socket.socket:
        """Connect one second later than the last, with a key of the tenant if one is named."""
        client = self._stack.enter_context(
            socket.create_connection(self._listening.getsockname(), source_address=("127.0.0.1", 0))
        )
        self._stack.enter_context(self._listening.accept()[0])
        self.seconds += 1
        if tenant:
            self.use(client, tenant)
        self.strangers.end_excess_connections()
        return client

    def use(self, client: socket.socket, tenant: str) -> None:
        self.strangers.admit_caller(self.context(client), tenant)

    def context(self, client: socket.socket) -> Any:
        host, port = client.getsockname()
        return Context(f"{host}:{port}")


@pytest.fixture
def listener() -> Iterator[WatchedListener]:
    with ExitStack() as stack:
        yield WatchedListener(stack)


def is_closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def test_oldest_connection_without_a_key_is_closed_for_a_new_one(listener: WatchedListener) -> None:
    first, *others = [listener.connect() for _ in range(4)]
    assert is_closed(first)
    assert not any(map(is_closed, others))


def test_connection_without_a_key_is_closed_for_one_with_a_key(listener: WatchedListener) -> None:
    stranger = listener.connect()
    known = [listener.connect("acme") for _ in range(5)]
    assert not is_closed(stranger)
    known.append(listener.connect("acme"))
    assert is_closed(stranger)
    assert not any(map(is_closed, known))


def test_longest_unused_connection_of_the_largest_tenant_is_closed(
    listener: WatchedListener,
) -> None:
    other = listener.connect("other")
    known = [listener.connect("acme") for _ in range(5)]
    listener.use(known[0], "acme")
    last = listener.connect("acme")
    assert [is_closed(each) for each in known] == [False, True, False, False, False]
    assert not is_closed(other)
    assert not is_closed(last)


def test_only_connections_without_a_key_time_out(listener: WatchedListener) -> None:
    stranger, known = listener.connect(), listener.connect("acme")
    listener.seconds += LIMITS.timeout_seconds + 1
    listener.strangers.end_excess_connections()
    assert is_closed(stranger)
    assert not is_closed(known)


def test_health_check_extends_the_time_limit(listener: WatchedListener) -> None:
    probe = listener.connect()
    listener.seconds += LIMITS.timeout_seconds - 2
    with listener.strangers.open_call(listener.context(probe)):
        pass
    listener.seconds += LIMITS.timeout_seconds - 2
    listener.strangers.end_excess_connections()
    assert not is_closed(probe)


async def test_calls_over_the_free_ones_wait_and_more_are_refused(
    listener: WatchedListener,
) -> None:
    context = listener.context(listener.connect())

    async def fail() -> None:
        await listener.strangers.await_turn(context)
        listener.strangers.count_refusal(context)

    for _ in range(LIMITS.free_calls):
        await fail()
    waiting = [asyncio.ensure_future(fail()) for _ in range(LIMITS.max_waiting_calls)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    with pytest.raises(ExhaustedError):
        await fail()
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


async def test_waiting_calls_continue_when_a_key_is_used(listener: WatchedListener) -> None:
    client = listener.connect()
    context = listener.context(client)
    for _ in range(LIMITS.free_calls):
        listener.strangers.count_refusal(context)
    waiting = asyncio.ensure_future(listener.strangers.await_turn(context))
    await asyncio.sleep(0)
    assert not waiting.done()
    listener.use(client, "acme")
    await waiting


async def test_too_many_cancelled_calls_close_the_connection(
    listener: WatchedListener,
) -> None:
    client = listener.connect()
    context = listener.context(client)
    for _ in range(LIMITS.free_calls):
        listener.strangers.count_refusal(context)
    for _ in range(LIMITS.max_refused_calls + 1):
        waiting = asyncio.ensure_future(listener.strangers.await_turn(context))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    listener.strangers.end_excess_connections()
    assert is_closed(client)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:5", "127.0.0.1:5"),
        ("ipv6:%5B::1%5D:5", "::1:5"),
        ("ipv6:%5B::ffff:10.0.0.1%5D:5", "10.0.0.1:5"),
        ("unix:", ""),
        ("unix:/run/socket", ""),
    ],
)
def test_peer_address_is_parsed_from_grpcs_format(peer: str, address: str) -> None:
    assert peer_address(peer) == address


def test_only_many_concurrent_idle_connections_are_banned() -> None:
    limits, network = StrangerLimits(), network_of("192.0.2.1")
    offenders = Offenders(limits)
    # One connection that is closed for its age each time.
    for number in range(1000):
        offenders.add_offence(network, limits.idle_offence, number * limits.timeout_seconds)
        assert not offenders.is_banned(network, number * limits.timeout_seconds)
    now = 1000 * limits.timeout_seconds
    for _ in range(101):
        offenders.add_offence(network, limits.idle_offence, now)
    assert offenders.is_banned(network, now)
