"""A disk that becomes read-only under a server: calls are refused, and no data is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from cellblock_client.errors import UnavailableError
from cellblock_client.events import Stdout
from tests.support.disk import FailingDisk, failing_disk
from tests.support.hasty_server import hasty_server
from tests.support.once import refused_create
from tests.support.refused import refused_start
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = pytest.mark.only_store("sqlite", "SQLite's file is on that disk")

MIB = 2**20
ENDS = ("COMPLETED", "FAILED")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FailingDisk]:
    with failing_disk(tmp_path / "disk", 64 * MIB) as disk:
        yield disk


@pytest.fixture
def server(disk: FailingDisk) -> Iterator[ServerProcess]:
    environment = {"CELLBLOCK_SANDBOX__BACKEND": "local", "CELLBLOCK_FILES__MIN_FREE_BYTES": "0"}
    server = hasty_server(disk.folder, **environment)
    server.log = disk.folder.with_suffix(".log")
    server.start()
    try:
        yield server
    finally:
        server.end()


def test_calls_that_could_not_be_stored_are_refused(
    disk: FailingDisk, server: ServerProcess
) -> None:
    with Client(server.address) as client:
        kept = client.files.upload(b"content", "kept")
        session = client.sessions.create()
        execution = session.execute("print('before', flush=True); import time; time.sleep(1); 5")
        for event in execution:
            if isinstance(event, Stdout):
                break
        disk.flush()
        disk.fail()
        with pytest.raises(UnavailableError) as caught:
            client.files.upload(b"more", "more", timeout=5)
        assert caught.value.reason in ("STORE_FAILED", "AUDIT_FAILED")
        assert refused_create(server.address, 10).reason in ("STORE_FAILED", "AUDIT_FAILED")
        until(lambda: "unavailable_trying_again" in server.log.read_text())
        assert "session_ended" not in server.log.read_text()
        assert "Traceback" not in server.log.read_text()
    server.kill()
    assert refused_start(server.state).endswith(": Read-only file system")
    disk.unmount()
    disk.mount()
    server.start()
    with Client(server.address) as client:
        assert client.files.read(kept.id) == b"content"
        assert [file.id for file in client.files.list()] == [kept.id]
        ended = client.executions.get(execution.id)
        assert ended.status.name in ENDS
        assert str(ended.outputs[0]).startswith("before\n")
        assert client.sessions.get(session.id).info.state is SessionState.FAILED
        with client.sessions.create() as other:
            assert other.run("1 + 1").text == "2"
