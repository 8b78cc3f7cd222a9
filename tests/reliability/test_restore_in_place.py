"""A backup restored under live sandboxes: sessions newer than the backup end with that reason."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cellblock_client import Client, ExecutionStatus, FailureCause, SessionState
from cellblock_client.events import Event, Stdout
from tests.integration.cli.command import CELLBLOCK
from tests.support.server import ServerProcess

pytestmark = [
    pytest.mark.only_store("sqlite", "copies SQLite's file"),
    pytest.mark.only_blobs("folder", "test_s3_backup.py copies buckets"),
]

ENDLESS = "import time\nwhile True:\n    print('runs', flush=True)\n    time.sleep(0.01)"
ENOUGH = 5
"""Pieces of output. The agent sends one when those before it are stored and acknowledged."""


def cellblock(*arguments: str) -> None:
    subprocess.run([CELLBLOCK, *arguments], check=True, capture_output=True)


def until_output(events: Iterable[Event]) -> None:
    seen = 0
    for event in events:
        seen += isinstance(event, Stdout)
        if seen == ENOUGH:
            return


def restore(server: ServerProcess, copy: Path) -> None:
    for file in server.state.glob("cellblock.db*"):
        file.rename(copy.parent / file.name)
    cellblock("restore", f"--state-dir={server.state}", str(copy))


@pytest.mark.timeout(240)
def test_sessions_newer_than_the_backup_end_and_others_continue(
    lasting_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server, copy = lasting_server(), tmp_path / "copy"
    with Client(server.address) as client:
        names = ("untouched", "worked", "working", "began to work")
        sessions = {name: client.sessions.create() for name in names}
        for session in sessions.values():
            session.run("x = 1")
        running = sessions["working"].execute(ENDLESS)
        until_output(running)
        cellblock("backup", f"--state-dir={server.state}", str(copy))

        sessions["worked"].run("x = 2")
        until_output(running)
        begun = sessions["began to work"].execute(ENDLESS)
        until_output(begun)
        assert server.stop() == 0
        restore(server, copy)
        server.start()

        for name in ("worked", "working", "began to work"):
            found = sessions[name].refresh()
            assert (found.state, found.end_reason) == (SessionState.FAILED, "STORE_BEHIND"), name
            assert "restored from a copy" in found.end_message
        interrupted = client.executions.get(running.id)
        assert interrupted.status is ExecutionStatus.FAILED
        assert interrupted.failure is not None
        assert interrupted.failure.cause is FailureCause.SESSION_ENDED
        kept = [found.id for found in sessions["began to work"].executions()]
        assert begun.id not in kept
        assert sessions["untouched"].run("print(x)").stdout == "1\n"
