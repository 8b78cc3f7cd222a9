"""A backup made under load: a server started from it serves everything as before."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from cellblock_client.events import Event
from tests.integration.cli.command import CELLBLOCK
from tests.support.load import under_load
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.only_store("sqlite", "copies SQLite's file"),
    pytest.mark.only_blobs("folder", "test_s3_backup.py copies buckets"),
]

CODE = "print('shown'); open('made.txt', 'w').write('made by code')"


def cellblock(*arguments: str) -> str:
    done = subprocess.run([CELLBLOCK, *arguments], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), (done.stdout, done.stderr)
    return done.stdout


@pytest.mark.timeout(300)
def test_logs_and_files_are_served_as_before(
    lasting_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = lasting_server()
    copy = tmp_path / "copy"
    with Client(server.address) as client:
        session = client.sessions.create()
        execution = session.execute(CODE)
        events: list[Event] = list(execution)
        given = client.files.upload(b"given by a caller", "given.txt")
        with under_load(server.address) as load:
            cellblock("backup", f"--state-dir={server.state}", str(copy))
            load.wait_for_progress()
        # It is in the database's log only, which is merged into the database now and then.
        last = client.files.upload(b"stored last", "last.txt")
        cellblock("backup", f"--state-dir={server.state}", str(copy))
        server.kill()
        shutil.rmtree(server.state)
        said = cellblock("restore", f"--state-dir={server.state}", str(copy))
        assert said.startswith("restore: the database and ")
        server.start()
        assert list(client.executions.watch(execution.id)) == events
        made = next(file for file in client.files.list() if file.filename == "made.txt")
        assert client.files.read(made.id) == b"made by code"
        assert client.files.read(given.id) == b"given by a caller"
        assert client.files.read(last.id) == b"stored last"
        for file in client.files.list():
            content = client.files.read(file.id)
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        ended = session.refresh()
        assert (ended.state, ended.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
        with client.sessions.create() as fresh:
            assert fresh.run("6 * 7").text == "42"
