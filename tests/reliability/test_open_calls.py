"""A tenant with more open streams than its limit."""

from collections.abc import Callable

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import ResourceExhaustedError
from tests.support.error_table import check
from tests.support.server import ServerProcess
from tests.support.waiting import until

OPEN = 3


def test_a_call_over_the_limit_is_refused_until_one_ends(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(CELLBLOCK_QUOTAS__MAX_CALLS=str(OPEN))
    with Client(server.address) as client:
        session = client.sessions.create()
        execution = session.execute("import time; time.sleep(600)")
        streams = [iter(execution)]
        next(streams[0])
        while len(streams) < OPEN:
            streams.append(iter(client.executions.watch(execution.id)))
            next(streams[-1])
        with pytest.raises(ResourceExhaustedError, match="3 calls open") as caught:
            session.refresh()
        assert caught.value.reason == "CALL_LIMIT"
        assert caught.value.retry_after is not None
        check(caught.value)
        streams.pop().close()  # type: ignore[attr-defined] # a generator
        # The server hears of it a moment later.
        until(lambda: is_taken(session))
        session.delete()


def is_taken(session: Session) -> bool:
    try:
        session.refresh()
    except ResourceExhaustedError:
        return False
    return True
