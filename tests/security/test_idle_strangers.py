"""Idle connections without a key are closed for others' sake, and after a timeout."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from grpc_health.v1 import health_pb2

from tests.security.callers import Guarded, guarded
from tests.support.http2 import Connection, call, message
from tests.support.strangers import attacking, is_open
from tests.support.waiting import until

MOST = 20
TIMEOUT = 1
ASK_SECONDS = 0.25
"""Between two questions: seldom enough for a caller without a key."""
SECONDS = 2.0


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(
        tmp_path_factory.mktemp("guarded"),
        CELLBLOCK_SERVER__MAX_CONNECTIONS=str(MOST),
        CELLBLOCK_SERVER__AUTHENTICATION_TIMEOUT=str(TIMEOUT),
    ) as at:
        yield at


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(at: Guarded, stack: ExitStack, source: str, count: int) -> list[Connection]:
    return [stack.enter_context(Connection(at.address, source)) for _ in range(count)]


def test_connections_without_a_key_get_half_and_the_oldest_are_closed(
    at: Guarded, opened: ExitStack, source: str
) -> None:
    strangers = connected(at, opened, source, MOST)
    until(lambda: not any(is_open(each) for each in strangers[: MOST // 2]))
    with at.client(at.admin) as client:
        list(client.sessions.list())


def test_idle_connections_without_a_key_are_closed_and_others_stay(
    at: Guarded, opened: ExitStack, source: str
) -> None:
    (stranger,) = connected(at, opened, source, 1)
    with at.client(at.admin) as client:
        info = next(iter(client.admin.keys()))
        until(lambda: not is_open(stranger))
        # The same connection: no further one is opened without a call that fails.
        assert info in list(client.admin.keys())


def test_a_connection_that_checks_health_stays(at: Guarded, opened: ExitStack, source: str) -> None:
    (silent,) = connected(at, opened, source, 1)
    request = health_pb2.HealthCheckRequest(service="").SerializeToString()
    with Connection(at.address, source) as asking:
        streams = iter(range(1, 10_000, 2))

        def silent_has_ended() -> bool:
            stream = next(streams)
            asking.send(call(stream, "/grpc.health.v1.Health/Check") + message(stream, request))
            time.sleep(ASK_SECONDS)
            return not is_open(silent)

        until(silent_has_ended)
        assert is_open(asking)


def test_clients_are_served_while_strangers_open_connections(at: Guarded, source: str) -> None:
    with attacking("hold_connections", at.address, SECONDS, source) as attack:
        while attack.poll() is None:
            with at.client(at.admin) as client:
                list(client.sessions.list())
