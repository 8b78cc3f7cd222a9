"""A newer build on the state of an older one: nothing is lost, and a downgrade is refused."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from cellblock_client import Client, ExecutionStatus, Role, RunStepStatus, SessionState
from cellblock_client.embedded import SERVER
from cellblock_client.errors import UnauthenticatedError
from cellblock_client.events import Stdout
from tests.support import newer_build
from tests.support.server import ServerProcess
from tests.support.written_state import MADE, UPLOADED

pytestmark = [
    pytest.mark.only_store("sqlite", "no earlier release knew PostgreSQL"),
    pytest.mark.only_blobs("folder", "no earlier release knew S3"),
]

STATES = Path(__file__).parent / "states"
CONTENT = b"a file of an older release\n"
ADMIN_KEY = "cb_key_4kfLzELJVfdNpJI64BgRMkQ5_LrT1U3amL3RgNtHyHZ1q5KNZmWOxKjGVoTiHcHww1h1"
BLUE_KEY = "cb_key_2aYlfcTu3f7aKBFwRaDx1oWa_0h3iuyneaJqnQlFhmGprM7OlbfBWMwGB9zGY0t6pVaM"
SERVER_SECRET = "190fe4f77430794a3a26f3d80fd182fd3f9b04d063688fdd50e2a61e95d29a14"
"""Secrets of the keys in `0008.sql`, whose state `tests/support/written_state.py` made."""
WRITTEN = datetime(2026, 11, 29, 22, tzinfo=UTC)
"""An hour in which `0008.sql` has no use yet, before the one in which it was written."""
KEEPS_ALL = {
    f"CELLBLOCK_{section}__RETENTION": "3650d" for section in ("SESSIONS", "USAGE", "AUDIT")
}
"""Settings with which records of that time are not deleted by their age."""
NEWER = [sys.executable, newer_build.__file__]
ADDS = 'op.add_column("sessions", sa.Column("newer", sa.Text, server_default="", nullable=False))'
IS_KILLED = f"{ADDS}; os.kill(os.getpid(), signal.SIGKILL)"
NewServer = Callable[..., ServerProcess]


def use_newer_build(server: ServerProcess) -> None:
    """Start a later release next. One that is killed leaves its temporary files to the test."""
    server.command = NEWER
    server.environment["TMPDIR"] = str(server.state.parent)


def older_state(state: Path) -> None:
    """Write the state that a killed server with schema 0003 left."""
    with closing(sqlite3.connect(state / "cellblock.db")) as database:
        database.executescript((STATES / "0003.sql").read_text())
    store_blob(state, CONTENT)
    half = state / "blobs" / "incoming" / sha256(b"default\0upload_old").hexdigest()
    half.parent.mkdir()
    half.write_bytes(b"12345")


def last_state(state: Path) -> None:
    """Write the state that a killed server with schema 0008 left."""
    with closing(sqlite3.connect(state / "cellblock.db")) as database:
        database.executescript((STATES / "0008.sql").read_text())
    (state / "secret").write_bytes(bytes.fromhex(SERVER_SECRET))
    (state / "secret").chmod(0o600)
    store_blob(state, UPLOADED)
    store_blob(state, MADE)


def store_blob(state: Path, content: bytes) -> None:
    digest = sha256(content).hexdigest()
    blob = state / "blobs" / digest[:2] / digest[2:]
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)


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
        # Sessions that were alive and have no sandbox any more end, with a reason.
        lost = client.sessions.get("sess_alive").info
        assert (lost.state, lost.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
        half = client.executions.watch("call_running").result()
        assert (half.status, half.stdout) == (ExecutionStatus.FAILED, "half\n")
        assert client.executions.get("call_queued").status is ExecutionStatus.EXPIRED
        with client.sessions.create(files=[client.files.get("file-old")]) as session:
            assert session.run("open('old.txt').read()").text == repr(CONTENT.decode())
    assert (server.state / "blobs" / "incoming").exists()
    assert len(list((server.state / "blobs" / "incoming").iterdir())) == 1


def test_the_state_of_the_last_version_is_served(lasting_server: NewServer) -> None:
    server = lasting_server(prepare=last_state, CELLBLOCK_AUTH__REQUIRED="true", **KEEPS_ALL)
    with Client(server.address, api_key=BLUE_KEY, tls=False) as client:
        sessions = {session.id: session for session in client.sessions.list()}
        assert sessions.keys() == {"sess_ended", "sess_alive"}
        ended, lost = sessions["sess_ended"], sessions["sess_alive"]
        assert (ended.state, ended.thread_id) == (SessionState.DELETED, "thread_old")
        assert (ended.labels, ended.execution_count) == ({"team": "blue"}, 2)
        assert (lost.state, lost.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
        done = client.executions.watch("call_done").result()
        assert (done.status, done.stdout) == (ExecutionStatus.COMPLETED, "42\n")
        assert client.files.read(done.files[0].id) == MADE
        raised = client.executions.get("call_error").error
        assert raised is not None
        assert (raised.name, raised.value) == ("ZeroDivisionError", "division by zero")
        half = client.executions.watch("call_running").result()
        assert (half.status, half.stdout) == (ExecutionStatus.FAILED, "half\n")
        assert client.executions.get("call_queued").status is ExecutionStatus.EXPIRED
        names = {file.filename: file for file in client.files.list()}
        assert names.keys() == {"old.txt", "made.txt"}
        assert client.files.read(names["old.txt"].id) == UPLOADED
        step = client.run_steps.get("step_old")
        assert (step.thread_id, step.run_id) == ("thread_old", "run_old")
        assert (step.status, step.execution_ids) == (RunStepStatus.COMPLETED, ("call_done",))
        with client.sessions.create(files=[names["old.txt"]]) as session:
            assert session.run("open('old.txt').read()").text == repr(UPLOADED.decode())


def test_usage_quotas_and_keys_of_the_last_version_are_kept(lasting_server: NewServer) -> None:
    server = lasting_server(prepare=last_state, CELLBLOCK_AUTH__REQUIRED="true", **KEEPS_ALL)
    with Client(server.address, api_key=ADMIN_KEY, tls=False) as client:
        # The hour in which it was written, and what the killed server had not billed yet.
        (before,) = client.admin.report_usage(
            "blue", start=WRITTEN, end=WRITTEN + timedelta(hours=2)
        )
        assert (before.sessions, before.executions) == (1, 2)
        assert before.session_seconds == pytest.approx(3.141481)
        assert before.cpu_seconds == pytest.approx(0.433772979)
        (whole,) = client.admin.report_usage("blue", start=WRITTEN)
        assert (whole.sessions, whole.executions) == (2, 4)
        assert client.admin.get_tenant("blue").quotas.max_sessions == 7
        keys = {key.id: key for key in client.admin.keys("blue")}
        (key,) = keys.values()
        assert (key.role, key.description) == (Role.EXECUTOR, "old key")
        assert [entry.rpc for entry in client.admin.audit(tenant_id="blue")][-1] == "UploadFile"
        client.admin.revoke_key(key.id)
    with (
        Client(server.address, api_key=BLUE_KEY, tls=False) as client,
        pytest.raises(UnauthenticatedError),
    ):
        list(client.sessions.list())


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
