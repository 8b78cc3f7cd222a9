"""Pooled sandboxes are used once, replaced, checked, and never left behind."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cellblock_client import Client, Limits, errors
from tests.support.engine import containers, docker, inspect, pause
from tests.support.server import ServerProcess
from tests.support.timed_server import ShortTimings
from tests.support.waiting import until

MIB = 2**20
OFTEN = {"pool": {"check": 1.0, "answer": 5.0, "first_pause": 0.2}}
"""Checks and attempts soon one after the other; what is well answers on a busy machine, too."""
Start = Callable[..., "Pooled"]


class Pooled:
    """A server with a pool, and the pool's entries in its log."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self.instance = (process.state / "instance").read_text()
        self.client = Client(process.address)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = map(json.loads, self.process.log.read_text().splitlines())
        return [line for line in lines if line["event"] == name]

    def begun(self) -> list[str]:
        """Ids of all sandboxes that ever waited, in order."""
        return [line["sandbox_id"] for line in self.events("sandbox_waits")]

    def given(self) -> list[str]:
        """Ids of the sandboxes that sessions got, in order."""
        return [line["sandbox_id"] for line in self.events("session_created")]

    def until_waiting(self, count: int) -> None:
        """Wait until so many have begun to wait."""
        until(lambda: len(self.begun()) == count, 60)


@pytest.fixture
def start(new_server: Callable[..., ServerProcess]) -> Iterator[Start]:
    servers: list[Pooled] = []

    def make(timings: ShortTimings | None = None, **environment: str) -> Pooled:
        sizes = {"CELLBLOCK_POOL__SIZE": "2", "CELLBLOCK_POOL__MAX_SIZE": "2"}
        servers.append(Pooled(new_server(timings, **{**sizes, **environment})))
        return servers[-1]

    yield make
    for server in servers:
        server.client.close()


def test_a_session_takes_a_waiting_sandbox_which_is_replaced_and_never_reused(start: Start) -> None:
    server = start()
    server.until_waiting(2)
    with server.client.sessions.create(environment={"A": "1"}) as session:
        assert server.given() == server.begun()[:1]
        assert session.run("import os; os.environ['A']").text == "'1'"
        session.run("open('/tmp/mark', 'w')")
        server.until_waiting(3)
    names = [f"cellblock-{one}" for one in server.begun()[1:]]
    assert sorted(containers(server.instance)) == sorted(names)
    with server.client.sessions.create() as session:
        assert server.given()[1] == server.begun()[1]
        result = session.run("import os; os.listdir('/tmp'), 'A' in os.environ, In")
        assert result.text.startswith("([], False, ['', ")
        assert result.execution.execution_count == 1
    assert server.process.stop() == 0
    assert containers(server.instance) == []


def test_a_miss_is_a_cold_start(start: Start) -> None:
    server = start(CELLBLOCK_POOL__SIZE="1", CELLBLOCK_POOL__MAX_SIZE="1")
    server.until_waiting(1)
    with ThreadPoolExecutor(4) as threads:
        sessions = list(threads.map(lambda _: server.client.sessions.create(), range(4)))
        assert [one.run("1").text for one in sessions] == ["1"] * 4
    given = server.given()
    assert len(set(given)) == 4
    assert server.begun()[0] in given
    for session in sessions:
        session.delete()


def test_pooled_sandboxes_have_the_data_stack_imported(start: Start) -> None:
    server = start(CELLBLOCK_POOL__SIZE="1", CELLBLOCK_POOL__MAX_SIZE="1")
    server.until_waiting(1)
    code = "import sys; 'pandas' in sys.modules"
    with server.client.sessions.create() as waited:
        assert waited.run(code).text == "True"
    with server.client.sessions.create(limits=Limits(data_bytes=MIB)) as cold:
        assert cold.run(code).text == "False"


def test_other_memory_cpus_and_processes_are_set_other_folders_start_cold(start: Start) -> None:
    server = start()
    server.until_waiting(2)
    limits = Limits(memory_bytes=2048 * MIB, cpus=0.5, pids=100)
    with server.client.sessions.create(limits=limits) as session:
        (given,) = server.given()
        assert given == server.begun()[0]
        host = inspect(f"cellblock-{given}")["HostConfig"]
        assert host["Memory"] == host["MemorySwap"] == 2048 * MIB
        assert (host["NanoCpus"], host["PidsLimit"]) == (500_000_000, 100)
        assert session.info.limits.memory_bytes == 2048 * MIB
        # The kernel holds it to that, not only the engine's records.
        assert session.run("x = bytearray(1200 * 2**20); len(x)").text == str(1200 * MIB)
    with server.client.sessions.create(limits=Limits(data_bytes=MIB)):
        assert server.given()[1] not in server.begun()


def test_further_profiles_are_pooled(start: Start) -> None:
    profiles = [{"data_bytes": "8 MiB", "size": 1}]
    server = start(CELLBLOCK_POOL__PROFILES=json.dumps(profiles), CELLBLOCK_POOL__MAX_SIZE="3")
    server.until_waiting(3)
    with server.client.sessions.create(limits=Limits(data_bytes=8 * MIB)) as session:
        assert server.given()[0] in server.begun()
        code = "import os; s = os.statvfs('/mnt/data'); s.f_frsize * s.f_blocks"
        assert session.run(code).text == str(8 * MIB)


def test_a_dead_sandbox_is_not_given_to_a_session(start: Start) -> None:
    server = start()
    server.until_waiting(2)
    first = server.begun()[0]
    docker("kill", f"cellblock-{first}")
    with server.client.sessions.create() as session:
        assert server.given() != [first]
        assert session.run("1").text == "1"
        until(lambda: f"cellblock-{first}" not in containers(server.instance))


def test_an_unresponsive_sandbox_is_replaced_before_a_session_needs_it(start: Start) -> None:
    server = start(OFTEN)
    server.until_waiting(2)
    pause(f"cellblock-{server.begun()[0]}")
    server.until_waiting(3)
    assert len(containers(server.instance)) == 2


def test_demand_grows_the_pool(start: Start) -> None:
    server = start(CELLBLOCK_POOL__SIZE="1", CELLBLOCK_POOL__MAX_SIZE="3")
    server.until_waiting(1)
    for _ in range(3):
        server.client.sessions.create().delete()
    until(lambda: len(containers(server.instance)) == 3, 60)


def test_memory_bounds_the_pool(start: Start) -> None:
    server = start(CELLBLOCK_POOL__MEMORY_BYTES=f"{2 * 192 - 1} MiB")
    server.until_waiting(1)
    with server.client.sessions.create():
        server.until_waiting(2)
        assert len(containers(server.instance)) == 2


def test_a_killed_servers_pool_is_removed_by_the_next(start: Start) -> None:
    server = start()
    server.until_waiting(2)
    session = server.client.sessions.create()
    server.until_waiting(3)
    orphans = {f"cellblock-{one}" for one in server.begun()[1:]}
    server.process.kill()
    server.process.start()
    server.until_waiting(5)
    assert not orphans & set(containers(server.instance))
    with Client(server.process.address) as client:
        session = client.sessions.get(session.id)
        assert session.run("1").text == "1"
        session.delete()


def test_a_missing_image_is_logged_and_retried(start: Start) -> None:
    server = start(OFTEN, CELLBLOCK_SANDBOX__IMAGE="cellblock-nowhere")
    until(lambda: len(server.events("pool_start_failed")) == 2, 60)
    first, second = server.events("pool_start_failed")
    assert "cellblock-nowhere" in first["detail"]
    assert second["pause"] == 2 * first["pause"]
    with pytest.raises(errors.WrongStateError, match="cellblock-nowhere"):
        server.client.sessions.create()
