"""The example of many sessions: its concurrency is bounded, and all tasks complete."""

import json
from collections.abc import Callable
from pathlib import Path

from cellblock_client import Client, SessionInfo
from tests.integration.examples.program import Program
from tests.support.server import ServerProcess


def scripts(folder: Path, *codes: str) -> list[str]:
    for number, code in enumerate(codes):
        (folder / f"{number}.py").write_text(code)
    return [f"{number}.py" for number in range(len(codes))]


def test_each_task_has_a_session_and_concurrency_is_bounded(
    program: Program, sessions: Callable[[], list[SessionInfo]]
) -> None:
    names = scripts(program.folder, "print('a')", "1 / 0", "print('c')")
    done = program.run("many_sessions.py", "--at-once", "2", "missing.py", *names)
    printed = {line["script"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1, done.stderr
    assert "No such file" in printed.pop("missing.py")["error"]
    assert [printed[name]["stdout"] for name in names] == ["a\n", "", "c\n"]
    assert [printed[name].get("error") for name in names] == [
        None,
        "ZeroDivisionError: division by zero",
        None,
    ]

    made = sessions()
    assert {session.labels["script"] for session in made} == {"missing.py", *names}
    assert most_concurrent(made) <= 2


def most_concurrent(sessions: list[SessionInfo]) -> int:
    """Return the maximum number of sessions that were alive when one began."""
    return max(
        sum(
            other.create_time <= one.create_time
            and (not other.end_time or one.create_time < other.end_time)
            for other in sessions
        )
        for one in sessions
    )


def test_a_full_server_is_asked_again(
    program: Program, new_server: Callable[..., ServerProcess]
) -> None:
    server = new_server(CELLBLOCK_SESSIONS__MAX_SESSIONS="1")
    program.server = server.address
    names = scripts(program.folder, "print('a')", "print('b')")
    done = program.run("many_sessions.py", "--at-once", "2", *names)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["COMPLETED"] * 2
    with Client(server.address) as client:
        assert len(list(client.sessions.list())) == 2
        assert "SESSION_LIMIT" in {entry.reason for entry in client.admin.audit()}
