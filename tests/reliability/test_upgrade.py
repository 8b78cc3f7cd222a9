"""A newer build on the state of an older one: nothing is lost, and there is no way back."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from cellblock_client import Client, ExecutionStatus, SessionState
from cellblock_client.embedded import SERVER
from cellblock_client.events import Stdout
from tests.support import newer_build
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.only_store("sqlite", "no earlier release knew PostgreSQL"),
    pytest.mark.only_blobs("folder", "no earlier release knew S3"),
]

OLD = Path(__file__).parent / "states" / "0003.sql"
CONTENT = b"a file of an older release\n"
NEWER = [sys.executable, newer_build.__file__]
ADDS = 'op.add_column("sessions", sa.Column("newer", sa.Text, server_default="", nullable=False))'
IS_KILLED = f"{ADDS}; os.kill(os.getpid(), signal.SIGKILL)"
NewServer = Callable[..., ServerProcess]


def use_newer_build(server: ServerProcess) -> None:
    """Start a later release next. One that is killed leaves its temporary files to the test."""
    server.command = NEWER
    server.environment["TMPDIR"] = str(server.state.parent)


def older_state(state: Path) -> None:
    """As the release with schema 0003 left it when it was killed."""
    with closing(sqlite3.connect(state / "cellblock.db")) as database:
        database.executescript(OLD.read_text())
    digest = sha256(CONTENT).hexdigest()
    blob = state / "blobs" / digest[:2] / digest[2:]
    blob.parent.mkdir(parents=True)
    blob.write_bytes(CONTENT)
    half = state / "blobs" / "incoming" / sha256(b"default\0upload_old").hexdigest()
    half.parent.mkdir()
    half.write_bytes(b"12345")


def tables(state: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(state / "cellblock.db")) as database:
        return database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()


def test_the_state_of_an_older_release_is_served(lasting_server: NewServer) -> None:
    server = lasting_server(prepare=older_state)
    with Client(server.address) as client:
        ended = client.sessions.get("sess_ended").info
        assert (ended.state, ended.end_message) == (SessionState.DELETED, "deleted on request")
        assert (ended.thread_id, ended.labels) == ("thread_old", {"team": "blue"})
        done = client.executions.watch("call_done").result()
        assert (done.status, done.stdout) == (ExecutionStatus.COMPLETED, "42\n")
        assert client.files.read("file-old") == CONTENT
        assert client.files.get("file-old").filename == "old.txt"
        # What lived then and has no sandbox any more ends, and says so.
        lost = client.sessions.get("sess_alive").info
        assert (lost.state, lost.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
        half = client.executions.watch("call_running").result()
        assert (half.status, half.stdout) == (ExecutionStatus.FAILED, "half\n")
        assert client.executions.get("call_queued").status is ExecutionStatus.EXPIRED
        with client.sessions.create(files=[client.files.get("file-old")]) as session:
            assert session.run("open('old.txt').read()").text == repr(CONTENT.decode())
    assert (server.state / "blobs" / "incoming").exists()
    assert len(list((server.state / "blobs" / "incoming").iterdir())) == 1


def test_sessions_carry_on_and_an_older_build_is_refused(lasting_server: NewServer) -> None:
    server = lasting_server(CELLBLOCK_SERVER__DRAIN_TIMEOUT="0.2", NEWER_MIGRATION=ADDS)
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("x = 'kept'")
        running = session.execute(
            "import time\nfor n in range(300): print(n, flush=True); time.sleep(0.01)"
        )
        events = iter(running)
        seen = [next(event for event in events if isinstance(event, Stdout))]
        assert server.stop() == 0
        use_newer_build(server)
        server.start()
        seen += [event for event in events if isinstance(event, Stdout)]
        assert "".join(event.text for event in seen) == "".join(f"{n}\n" for n in range(300))
        assert session.run("x").text == "'kept'"
    assert server.stop() == 0
    database = server.state / "cellblock.db"
    before = database.read_bytes()
    server.command = SERVER
    server.launch()
    assert server.wait() == 1
    says = server.log.read_text().splitlines()[-1]
    assert f"a newer release has migrated it to schema {newer_build.REVISION}" in says
    assert database.read_bytes() == before
    use_newer_build(server)
    server.start()
    with Client(server.address) as client:
        assert client.sessions.get(session.id).run("x").text == "'kept'"


def test_a_migration_that_is_killed_half_way_changes_nothing(lasting_server: NewServer) -> None:
    server = lasting_server(NEWER_MIGRATION=IS_KILLED)
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("x = 'kept'")
        assert server.stop() == 0
        before = tables(server.state)
        use_newer_build(server)
        server.launch()
        assert server.wait() == -9
        assert tables(server.state) == before
        server.environment["NEWER_MIGRATION"] = ADDS
        server.start()
        assert tables(server.state) != before
        assert session.run("x").text == "'kept'"
