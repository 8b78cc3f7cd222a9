"""Which connections make room for others: real sockets, and a clock that is set."""

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
    """A call, as far as it matters here: where it came from."""

    def __init__(self, address: str) -> None:
        self._address = address

    def peer(self) -> str:
        return f"ipv4:{self._address}"


class Ground:
    """A listener whose connections are watched."""

    def __init__(self, stack: ExitStack) -> None:
        self.seconds = 0.0
        self._stack = stack
        self._listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.strangers = Strangers(LIMITS, lambda: self.seconds)
        self.strangers.watch_port(self._listening.getsockname()[1])

    def connect(self, tenant: str = "") -> socket.socket:
        """One more, a second later than the last one, with a tenant's key if it is named."""
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
def ground() -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(stack)


def ended(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def test_the_oldest_strangers_make_room_for_strangers(ground: Ground) -> None:
    first, *others = [ground.connect() for _ in range(4)]
    assert ended(first)
    assert not any(map(ended, others))


def test_strangers_make_room_for_callers_with_a_key(ground: Ground) -> None:
    stranger = ground.connect()
    known = [ground.connect("acme") for _ in range(5)]
    assert not ended(stranger)
    known.append(ground.connect("acme"))
    assert ended(stranger)
    assert not any(map(ended, known))


def test_the_tenant_with_the_most_gives_up_the_one_longest_unused(ground: Ground) -> None:
    other = ground.connect("other")
    known = [ground.connect("acme") for _ in range(5)]
    ground.use(known[0], "acme")
    last = ground.connect("acme")
    assert [ended(each) for each in known] == [False, True, False, False, False]
    assert not ended(other)
    assert not ended(last)


def test_a_stranger_ends_in_time_and_a_known_connection_does_not(ground: Ground) -> None:
    stranger, known = ground.connect(), ground.connect("acme")
    ground.seconds += LIMITS.timeout_seconds + 1
    ground.strangers.end_excess_connections()
    assert ended(stranger)
    assert not ended(known)


def test_a_question_for_health_gives_more_time(ground: Ground) -> None:
    probe = ground.connect()
    ground.seconds += LIMITS.timeout_seconds - 2
    with ground.strangers.open_call(ground.context(probe)):
        pass
    ground.seconds += LIMITS.timeout_seconds - 2
    ground.strangers.end_excess_connections()
    assert not ended(probe)


async def test_calls_after_the_first_ones_wait_and_more_are_refused(ground: Ground) -> None:
    context = ground.context(ground.connect())

    async def fail() -> None:
        await ground.strangers.await_turn(context)
        ground.strangers.count_refusal(context)

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


async def test_a_key_lets_calls_that_wait_go_on(ground: Ground) -> None:
    client = ground.connect()
    context = ground.context(client)
    for _ in range(LIMITS.free_calls):
        ground.strangers.count_refusal(context)
    waiting = asyncio.ensure_future(ground.strangers.await_turn(context))
    await asyncio.sleep(0)
    assert not waiting.done()
    ground.use(client, "acme")
    await waiting


async def test_calls_that_are_taken_back_while_they_wait_end_the_connection(
    ground: Ground,
) -> None:
    client = ground.connect()
    context = ground.context(client)
    for _ in range(LIMITS.free_calls):
        ground.strangers.count_refusal(context)
    for _ in range(LIMITS.max_refused_calls + 1):
        waiting = asyncio.ensure_future(ground.strangers.await_turn(context))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    ground.strangers.end_excess_connections()
    assert ended(client)


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
def test_peers_are_what_grpc_calls_them(peer: str, address: str) -> None:
    assert peer_address(peer) == address


def test_a_monitor_without_a_key_is_never_banned_and_many_at_once_are() -> None:
    limits, network = StrangerLimits(), network_of("192.0.2.1")
    offenders = Offenders(limits)
    # One connection that is ended for its age, each time that it may have shown a key.
    for number in range(1000):
        offenders.add_offence(network, limits.idle_offence, number * limits.timeout_seconds)
        assert not offenders.is_banned(network, number * limits.timeout_seconds)
    now = 1000 * limits.timeout_seconds
    for _ in range(101):
        offenders.add_offence(network, limits.idle_offence, now)
    assert offenders.is_banned(network, now)
