"""Restart of a server while callers of each kind work: no call fails."""

from collections.abc import Callable

import pytest
from benchmarks.rolling_restart import RestartLoad, report

from tests.support.server import ServerProcess

SETTLE_SECONDS = 0.3
RETRY_SECONDS = 100.0
"""Retry time of clients: a server starts slowly on a machine that runs other tests."""


@pytest.mark.timeout(180)
def test_no_call_fails_during_a_restart(lasting_server: Callable[..., ServerProcess]) -> None:
    server = lasting_server()

    def restart() -> None:
        assert server.stop() == 0
        server.start()

    load = RestartLoad(server.address, output_lines=20, retry_for=RETRY_SECONDS)
    load.run(restart, SETTLE_SECONDS)
    # Waiting times of the clients (`pytest -rP` shows them).
    print("\n".join(report(load.outcomes)))  # noqa: T201
    assert [outcome.failures for outcome in load.outcomes.values()] == [[]] * 6
