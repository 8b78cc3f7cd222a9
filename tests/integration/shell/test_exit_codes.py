"""Exit codes of commands, as docs/reference/cli.md lists them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.shell.conftest import CELLBLOCK, Command
from tests.support.waiting import until

FLOOD = "for n in range(100_000): print(n)"


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        ("print(1)", (), 0),
        ("1 / 0", (), 1),
        (" ", (), 2),
        ("while True: pass", ("--time-limit", "0.5"), 3),
        ("import os; os._exit(1)", (), 3),
    ],
)
def test_the_exit_code_of_run_is_that_of_the_code(
    command: Command, address: str, code: str, options: tuple[str, ...], expected: int
) -> None:
    done = command("run", "--address", address, *options, "-", stdin=code)
    assert done.returncode == expected


@pytest.mark.parametrize(
    ("arguments", "what_to_do"),
    [
        (("sessions", "--address", "127.0.0.1:1"), "cellblock serve"),
        (("sessions", "nonsense"), "cellblock sessions --help"),
        (("run",), "cellblock run --help"),
        (("files", "show"), "cellblock files show --help"),
        (("repl", "--keep"), "--address"),
        (("run", "nothing.py"), "nothing.py"),
    ],
)
def test_a_refusal_is_one_line_with_its_fix(
    command: Command, arguments: tuple[str, ...], what_to_do: str
) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cellblock: ")
    assert what_to_do in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_is_no_error(address: str, tmp_path: Path) -> None:
    read, write = os.pipe()
    (tmp_path / "flood.py").write_text(FLOOD)
    process = subprocess.Popen(
        [CELLBLOCK, "run", "--address", address, "flood.py"],
        cwd=tmp_path,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert os.read(read, 2) == b"0\n"
    os.close(read)
    _stdout, said = process.communicate(timeout=50)
    assert (process.returncode, said) == (141, "")


def test_ctrl_c_has_the_exit_code_of_a_signal(address: str, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(
        "open('begun', 'w').close(); print('begun', flush=True); import time; time.sleep(60)"
    )
    process = subprocess.Popen(
        # Restores a shell's default: tests may be run with interrupts ignored.
        ["env", "--default-signal=INT", CELLBLOCK, "run", "--address", address, "long.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _stdout, said = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "[cancelled: interrupted]" in said
    until(lambda: process.poll() is not None)
