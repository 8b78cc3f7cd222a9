"""Large messages announced on many streams, and never sent completely."""

from collections.abc import Iterator

import pytest

from tests.security.callers import Guarded, guarded
from tests.support.http2 import DATA, GOAWAY, RST_STREAM, Connection, call, frame, message
from tests.support.memory import forget_peak, peak, resident
from tests.support.strangers import ANNOUNCED, PATH, PIECE, attacking

MAX_GROWTH_MIB = 200
"""Without bounds it is a gigabyte in some seconds, on a machine that has nothing else to do."""
SECONDS = 1.5


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("guarded")) as at:
        yield at


def test_memory_stays_bounded_and_a_caller_with_a_key_is_served(at: Guarded, source: str) -> None:
    with at.client(at.admin) as client:
        list(client.sessions.list())
        before = resident(at.server.pid)
        forget_peak(at.server.pid)
        with attacking("hold_messages_back", at.address, SECONDS, source) as attack:
            while attack.poll() is None:
                list(client.sessions.list())
        assert peak(at.server.pid) - before < MAX_GROWTH_MIB


def test_a_call_without_a_key_is_refused_before_its_message_has_come(
    at: Guarded, source: str
) -> None:
    with Connection(at.address, source) as connection:
        connection.send(call(1, PATH) + message(1, announced=ANNOUNCED))
        connection.send(frame(DATA, 0, 1, bytes(PIECE)))
        for kind, _flags, stream, _payload in connection.read(20):
            assert kind != GOAWAY
            if kind == RST_STREAM:
                assert stream == 1
                return
    raise AssertionError("was not refused")
