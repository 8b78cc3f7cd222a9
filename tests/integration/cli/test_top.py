"""`cellblock top` shows a server's activity, for people and for programs."""

import json
from pathlib import Path

from cellblock_client.client import Session
from tests.integration.cli.command import cellblock, in_a_terminal

MIB = 2**20


def test_top_prints_once_for_people(server: str, session: Session, tmp_path: Path) -> None:
    session.run("1")
    done = cellblock("top", "--once", cwd=tmp_path, address=server)
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if session.id in line]
    assert "default" in row
    assert "ready" in row
    assert "\nready\n" in done.stdout
    assert "pool 0 waiting" in done.stdout


def test_top_prints_once_for_programs(server: str, session: Session, tmp_path: Path) -> None:
    execution = session.execute(
        "input_never_comes = open('/proc/self/stat'); import time; time.sleep(60)"
    )
    events = iter(execution)
    while type(next(events)).__name__ != "Started":
        pass
    done = cellblock("top", "--json", cwd=tmp_path, address=server)
    status = json.loads(done.stdout)
    (found,) = [one for one in status["sessions"] if one["session_id"] == session.id]
    assert (found["running_execution_id"], found["state"]) == (execution.id, "BUSY")
    assert MIB < found["memory_bytes"] < found["memory_limit_bytes"]
    assert status["problems"] == dict.fromkeys(
        ("engine", "store", "blobs", "sessions", "serving"), ""
    )
    execution.cancel()
    list(events)


def test_top_updates_until_control_c(server: str, session: Session, tmp_path: Path) -> None:
    process, terminal = in_a_terminal(
        "top", cwd=tmp_path, terminal="xterm", CELLBLOCK_ADDRESS=server
    )
    terminal.expect(session.id)
    terminal.send("\x03")
    assert process.wait(20) == 0
