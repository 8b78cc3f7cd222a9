"""Floods of calls without a key are throttled, refused, and cut off."""

import struct
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from cellblock_client import Client
from cellblock_client.errors import ResourceExhaustedError, UnauthenticatedError, from_call
from tests.security.callers import Guarded, guarded
from tests.support import error_table
from tests.support.callers import call, method_named, request_of
from tests.support.http2 import SETTINGS, Connection, message
from tests.support.http2 import call as headers
from tests.support.strangers import PATH, attacking, is_open
from tests.support.waiting import until

SECONDS = 2.0
FREE = 10
LIST = method_named("ListSessions")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("guarded")) as at:
        yield at


def own_channel(at: Guarded) -> Any:
    """Open a channel with a connection of its own; by default gRPC shares connections."""
    return grpc.insecure_channel(at.address, [("grpc.use_local_subchannel_pool", 1)])


@pytest.mark.parametrize("attack", ["flood", "reset_rapidly"])
def test_no_call_of_a_caller_with_a_key_fails(at: Guarded, attack: str, source: str) -> None:
    with Client(at.address, api_key=at.admin, tls=False, retry_for=0) as client:
        list(client.sessions.list())
        with attacking(attack, at.address, SECONDS, source) as attacker:
            while attacker.poll() is None:
                list(client.sessions.list())


def test_the_address_of_a_flood_is_cut_off(at: Guarded, source: str) -> None:
    for _ in range(3):
        with Connection(at.address, source) as connection:
            calls = [headers(stream, PATH) + message(stream) for stream in range(1, 101, 2)]
            connection.send(b"".join(calls))
            until(lambda connection=connection: not is_open(connection))  # type: ignore[misc]

    def is_cut_off() -> bool:
        try:
            Connection(at.address, source, 0.2).socket.close()
        except TimeoutError:
            return True
        return False

    until(is_cut_off)
    with at.client(at.admin) as client:
        list(client.sessions.list())


def test_an_address_that_callers_with_a_key_use_is_not_cut_off(at: Guarded) -> None:
    with at.client(at.admin) as client:
        list(client.sessions.list())
        for _ in range(5):
            with Connection(at.address, "127.0.0.1") as connection:
                calls = [headers(stream, PATH) + message(stream) for stream in range(1, 101, 2)]
                connection.send(b"".join(calls))
                until(lambda connection=connection: not is_open(connection))  # type: ignore[misc]
        with at.client(at.admin) as another:
            list(another.sessions.list())


def test_refusals_of_a_wrong_key_get_slower(at: Guarded) -> None:
    with own_channel(at) as channel:
        start = time.monotonic()
        for _ in range(FREE + 3):
            with pytest.raises(UnauthenticatedError):
                call(channel, LIST, [request_of(LIST)], "sesame")
        # Five a second after the first ones.
        assert time.monotonic() - start > 0.4


def test_concurrent_calls_over_the_rate_are_refused_with_a_retry_time(at: Guarded) -> None:
    made = []
    with own_channel(at) as channel:
        ask = channel.unary_unary(
            PATH,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=bytes,
        )
        made = [ask.future(request_of(LIST), timeout=20) for _ in range(FREE + 6 + 4)]
        found = [from_call(each.exception()) for each in made]
    refused = [error for error in found if isinstance(error, ResourceExhaustedError)]
    assert len(refused) in range(2, 5)
    assert all(error.retry_after is not None for error in refused)
    error_table.check(refused[0], "RESOURCE_EXHAUSTED")
    assert sum(isinstance(error, UnauthenticatedError) for error in found) >= FREE


def test_calls_per_connection_are_bounded(at: Guarded, source: str) -> None:
    with Connection(at.address, source) as connection:
        for kind, flags, _stream, payload in connection.read(20):
            if kind == SETTINGS and not flags:
                settings = dict(struct.iter_unpack(">HI", payload))
                assert settings[3] == 100
                return
    raise AssertionError("no settings came")


def test_unknown_methods_require_a_key_as_well(at: Guarded) -> None:
    with own_channel(at) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/cellblock.v1.SessionService/Nothing")(b"")
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    metadata = [("authorization", f"Bearer {at.admin}")]
    known: Any = at.channel
    with pytest.raises(grpc.RpcError) as caught:
        known.unary_unary("/cellblock.v1.SessionService/Nothing")(b"", metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
