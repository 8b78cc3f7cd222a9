"""A disk that fills up: files are refused early, nothing is lost, and service recovers."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, ExecutionStatus
from cellblock_client.errors import ResourceExhaustedError, UnavailableError
from cellblock_client.events import Completed, GeneratedFile, Stdout
from tests.support.disk import filled, small_disk
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = pytest.mark.only_blobs("folder", "the bytes are on that disk")

MIB = 2**20
DISK = 96 * MIB
KEPT_FREE = 32 * MIB


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose state is on a small disk."""
    with small_disk(tmp_path / "state", DISK):
        server = ServerProcess(tmp_path, {"CELLBLOCK_FILES__MIN_FREE_BYTES": str(KEPT_FREE)})
        server.start()
        try:
            yield server
        finally:
            server.end()


def stored(server: ServerProcess) -> list[Path]:
    return [path for path in (server.state / "blobs").rglob("*") if path.is_file()]


def test_a_disk_that_is_nearly_full_refuses_files_and_keeps_the_rest(
    server: ServerProcess,
) -> None:
    with Client(server.address) as client, client.sessions.create() as session:
        client.files.upload(os.urandom(40 * MIB), "first")
        with pytest.raises(ResourceExhaustedError, match="disk is nearly full") as caught:
            client.files.upload(os.urandom(30 * MIB), "second")
        assert caught.value.reason == "DISK_LOW"
        assert len(stored(server)) == 1
        result = session.run(
            "import matplotlib.pyplot as plt\n"
            "open('big', 'wb').write(bytes(30 * 2**20))\n"
            "plt.plot([1, 2]); print('shown')"
        )
        assert result.stdout == "shown\n"
        assert len(result.images) == 1
        (skipped,) = [event for event in result.events if isinstance(event, GeneratedFile)]
        assert skipped.path == "/mnt/data/big"
        assert "nearly full" in skipped.skipped_reason
        # It is still where it was made.
        assert len(session.files.read("big")) == 30 * MIB


@pytest.mark.only_store("sqlite", "SQLite's file is on that disk")
def test_a_full_disk_loses_and_corrupts_nothing(server: ServerProcess) -> None:
    content = os.urandom(5 * MIB)
    with Client(server.address) as client, client.sessions.create() as session:
        file = client.files.upload(content, "kept")
        execution = session.execute(
            "import time\n"
            "for number in range(300):\n"
            "    print(number, 'x' * 1000, flush=True)\n"
            "    time.sleep(0.01)\n"
            "open('made', 'w').write('by code')"
        )
        events = iter(execution)
        seen = [next(events) for _ in range(3)]
        with filled(server.state):
            with pytest.raises((ResourceExhaustedError, UnavailableError)):
                client.files.upload(b"more", "more", timeout=2)
            until(lambda: "unavailable_trying_again" in server.log.read_text())
        seen += events
        text = "".join(event.text for event in seen if isinstance(event, Stdout))
        assert [line.split()[0] for line in text.splitlines()] == [str(n) for n in range(300)]
        assert isinstance(seen[-1], Completed)
        assert seen[-1].execution.status is ExecutionStatus.COMPLETED
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        (made,) = client.files.list(session_id=session.id)
        assert client.files.read(made.id) == b"by code"
        assert client.files.read(file.id) == content
        assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in stored(server)} == {
            path.parent.name + path.name for path in stored(server)
        }
