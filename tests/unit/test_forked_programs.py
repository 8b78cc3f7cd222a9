"""A forked program is a process as any other: tests may start it in place of an interpreter."""

import json
import os
import signal
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import forked
from tests.support.forked import ForkedProcess, Program, run_forked, start_forked

REPORT = """
import json, os, signal, sys
print(json.dumps({
    "arguments": sys.argv,
    "directory": os.getcwd(),
    "environment": dict(os.environ),
    "input": sys.stdin.read(),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "handlers": [signal.getsignal(number) is handler for number, handler in (
        (signal.SIGINT, signal.default_int_handler), (signal.SIGCHLD, signal.SIG_DFL))],
    "imported": "sqlite3" in sys.modules,
}))
print("said", file=sys.stderr)
sys.exit(3)
"""
FAILS_ONCE = """
import errno, os
fork = os.fork
def fails():
    os.fork = fork
    raise BlockingIOError(errno.EAGAIN, "no more processes")
os.fork = fails
"""
WAIT = "print('waits', flush=True); import signal; signal.pause()"


def program_of(folder: Path, code: str) -> Program:
    script = folder / "script.py"
    script.write_text(code)
    return Program("name", str(script), ("sqlite3",))


def test_forked_program_has_its_own_arguments_environment_directory_and_streams(
    tmp_path: Path,
) -> None:
    program = program_of(tmp_path, REPORT)
    done = run_forked(program, ["a"], input="in", timeout=50, env={"A": "b"}, cwd=tmp_path)
    found = json.loads(done.stdout)
    listing = found.pop("descriptors")[3:]
    assert len(listing) == 1  # that which lists them
    assert found == {
        "arguments": [program.program, "a"],
        "directory": str(tmp_path),
        "environment": {"A": "b"},
        "input": "in",
        "handlers": [True, True],
        "imported": True,
    }
    assert (done.returncode, done.stderr) == (3, "said\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_forked_program_can_be_ended_by_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with Path(os.devnull).open() as nothing:
        process = start_forked(
            program_of(tmp_path, WAIT),
            [],
            stdin=nothing.fileno(),
            stdout=subprocess.PIPE,
            stderr=nothing.fileno(),
            env={},
        )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait(50) == process.poll() == -number
    process.kill()
    process.stdout.close()


def test_forked_program_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_forked(program_of(tmp_path, WAIT), [], timeout=0.1, env={}, cwd=tmp_path)


def test_fork_server_that_can_not_fork_reports_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fails_once.py").write_text(FAILS_ONCE)
    monkeypatch.setattr(forked, "REPOSITORY", f"{forked.REPOSITORY}:{tmp_path}")
    program = replace(program_of(tmp_path, "print('runs')"), imports=("fails_once",))
    with pytest.raises(BlockingIOError, match="can't fork"):
        run_forked(program, [], timeout=50, env={})
    assert run_forked(program, [], timeout=50, env={}).stdout == "runs\n"


def test_fork_server_that_has_ended_is_replaced(tmp_path: Path) -> None:
    # No other test has a fork server with these imports.
    program = replace(program_of(tmp_path, "import os; print(os.getppid())"), imports=("colorsys",))
    first = int(run_forked(program, [], timeout=50, env={}).stdout)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert int(run_forked(program, [], timeout=50, env={}).stdout) != first


def test_fork_server_that_reports_nothing_is_not_waited_for_without_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forked, "FORK_SECONDS", 0.1)
    report, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with closing(its), pytest.raises(TimeoutError):
        ForkedProcess(report, None)


def test_fork_server_that_ends_before_its_report_is_an_error() -> None:
    report, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    its.close()
    with pytest.raises(ChildProcessError, match="has ended"):
        ForkedProcess(report, None)
