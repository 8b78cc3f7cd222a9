"""Metrics of a server while it works, as Prometheus reads them."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from secrets import token_hex

import pytest

from cellblock_client import Client
from cellblock_client.errors import Error
from tests.security.callers import Guarded, guarded
from tests.support.scraped import ANSWER_SECONDS, METRICS, Scraped, address, scrape

EXECUTE = "cellblock.v1.ExecutionService/Execute"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that requires keys and exports metrics, before its first call."""
    with guarded(tmp_path_factory.mktemp("counted"), **METRICS) as at:
        yield at


@pytest.fixture(scope="module")
def worked(at: Guarded) -> tuple[Scraped, Scraped]:
    """Metrics scraped while a session lives that has run code, and after its end."""
    with at.client(at.tenant("busy")) as client:
        work(client)
        with client.sessions.create() as session:
            session.run("1 / 0")
            session.run("print('x' * 5000)")
            with pytest.raises(Error, match="time_limit"):
                session.run("1", time_limit=1e9)
            live = scrape(at.server)
    return live, scrape(at.server)


def work(client: Client) -> None:
    client.files.upload(b"12345", filename="five.txt")
    with client.sessions.create() as session:
        session.run("6 * 7")


def test_calls_are_counted_by_method_and_status(worked: tuple[Scraped, Scraped]) -> None:
    _live, after = worked
    assert after.value("cellblock_rpc_seconds_count", method=EXECUTE, code="OK") == 3
    assert after.value("cellblock_rpc_seconds_count", method=EXECUTE, code="OUT_OF_RANGE") == 1


def test_refusals_are_counted_by_reason(worked: tuple[Scraped, Scraped]) -> None:
    refused = worked[1].value(
        "cellblock_refusals_total", code="OUT_OF_RANGE", reason="OUT_OF_BOUNDS"
    )
    assert refused == 1


def test_executions_are_counted_by_end(worked: tuple[Scraped, Scraped]) -> None:
    ended = "cellblock_executions_ended_total"
    assert worked[1].value(ended, status="COMPLETED", cause="NONE") == 2
    assert worked[1].value(ended, status="COMPLETED", cause="EXCEPTION") == 1
    for name in ("cellblock_execution_seconds", "cellblock_execution_first_event_seconds"):
        assert worked[1].value(f"{name}_count") == 3


def test_sessions_are_counted_while_they_live_and_when_they_end(
    worked: tuple[Scraped, Scraped],
) -> None:
    live, after = worked
    assert (live.value("cellblock_sessions"), after.value("cellblock_sessions")) == (1, 0)
    assert after.value("cellblock_sessions_ended_total", reason="DELETED") == 2
    assert after.value("cellblock_session_create_seconds_count", source="cold") == 2
    assert after.value("cellblock_pool_takes_total", outcome="other_kind") == 2
    assert after.value("cellblock_engine_call_seconds_count", call="create", outcome="OK") == 2
    assert after.value("cellblock_engine_call_seconds_count", call="destroy", outcome="OK") == 2


def test_bytes_are_counted(worked: tuple[Scraped, Scraped]) -> None:
    assert worked[1].value("cellblock_file_bytes_total", origin="upload") == 5
    assert worked[1].value("cellblock_event_bytes_total") > 5000
    assert worked[1].value("cellblock_disk_free_bytes") > 0


def test_transactions_and_readiness_are_exported(worked: tuple[Scraped, Scraped]) -> None:
    assert worked[1].value("cellblock_store_seconds_count", kind="write", outcome="ok") > 10
    assert worked[1].value("cellblock_ready") == 5


def test_callers_add_no_series(at: Guarded, worked: tuple[Scraped, Scraped]) -> None:
    """The number of series doesn't depend on tenants, sessions and executions."""
    before = scrape(at.server)
    for _tenant in range(2):
        with at.client(at.tenant(token_hex(8))) as client:
            work(client)
    assert scrape(at.server).series() == before.series()


def test_no_other_path_is_served(at: Guarded) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://{address(at.server)}/", timeout=ANSWER_SECONDS)
