"""A real Prometheus reads a real server: each query of the dashboard has an answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.errors import NotFoundError
from tests.support.operators import needs_prometheus, queries
from tests.support.prometheus import reading
from tests.support.scraped import METRICS, address
from tests.support.server import ServerProcess
from tests.support.waiting import until

POOL = {"CELLBLOCK_POOL__SIZE": "1", "CELLBLOCK_POOL__MAX_SIZE": "1"}
VARIABLES = {"$instance": ".+", "$__rate_interval": "1m"}
"""Values for the dashboard's variables, as Grafana would set them."""
DATA_SECONDS = 120


@needs_prometheus
def test_each_query_has_an_answer(tmp_path: Path, new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_SANDBOX__BACKEND="local", **METRICS, **POOL)
    with reading(address(server), tmp_path) as prometheus:
        work(server.address)
        # Each is asked until it has an answer: a rate needs two readings.
        unanswered = [filled(query) for query in queries()]

        def all_answered() -> bool:
            unanswered[:] = [query for query in unanswered if not prometheus.ask(query)]
            return not unanswered

        try:
            until(all_answered, DATA_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"nothing was found for {unanswered}") from error


def filled(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def work(server: str) -> None:
    """Make calls that change each metric."""
    with Client(server) as client:
        client.files.upload(b"12345", filename="five.txt")
        with client.sessions.create() as session:
            session.run("print(6 * 7)")
        with pytest.raises(NotFoundError):
            client.files.get("file-none")
