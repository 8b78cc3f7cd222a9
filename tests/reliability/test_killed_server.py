"""A server killed repeatedly at critical moments: its callers see only a pause."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from cellblock_client import AsyncClient, Client
from tests.support.killer import Killer
from tests.support.remains import Remains
from tests.support.server import ServerProcess
from tests.support.storm import Storm
from tests.support.waiting import until

POOL = {"CELLBLOCK_POOL__SIZE": "1", "CELLBLOCK_POOL__MAX_SIZE": "1"}

PATIENCE = 300.0
"""Seconds: here a server is away most of the time, and may be killed often in one call."""


@pytest.mark.timeout(1800)
async def test_a_server_killed_at_any_moment_loses_and_leaves_nothing(
    lasting_server: Callable[..., ServerProcess], request: pytest.FixtureRequest
) -> None:
    server = lasting_server(**POOL)
    remains = Remains(server.state)
    kills: int = request.config.getoption("--kills")
    random = Random(request.config.getoption("--kill-seed"))  # noqa: S311 - no secret
    killer = Killer(server, random, remains.check_journal)
    async with AsyncClient(server.address, retry_for=PATIENCE) as client:
        with Client(server.address, retry_for=PATIENCE) as sync:
            storm = Storm(client, sync, killer, random)
            await storm.run(kills)
    # Printed for runs with many kills (`make reliability`).
    print(dict(Counter(killer.hits)), dict(storm.done))  # noqa: T201
    assert len(killer.hits) >= kills
    # One more, while all is quiet: what the others left behind is swept by who starts.
    server.kill()
    server.start()
    assert remains.unended() == []
    # That goes on after it has begun to serve.
    until(lambda: remains.loose_bytes() == [])
    remains.check_journal()
    assert server.stop() == 0
    assert remains.orphans() == []
