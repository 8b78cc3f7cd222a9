"""The CLI, started as a user starts it."""

import os
import subprocess
import sys
from pathlib import Path

from pexpect import fdpexpect

from tests.support.forked import run_forked
from tests.support.programs import CLI

CELLBLOCK = str(Path(sys.executable).parent / "cellblock")
TIMEOUT_SECONDS = 50


def cellblock(
    *arguments: str, cwd: Path, address: str = "", stdin: str = "", own_interpreter: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end: in a forked process, or as a shell does (`own_interpreter`)."""
    environment = {name: value for name, value in os.environ.items() if "CELLBLOCK" not in name}
    if address:
        environment["CELLBLOCK_ADDRESS"] = address
    if not own_interpreter:
        return run_forked(
            CLI, arguments, input=stdin, timeout=TIMEOUT_SECONDS, env=environment, cwd=cwd
        )
    return subprocess.run(
        [CELLBLOCK, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=environment,
    )


def in_a_terminal(
    *arguments: str, cwd: Path, terminal: str = "dumb", **variables: str
) -> tuple["subprocess.Popen[bytes]", "fdpexpect.fdspawn[str]"]:
    """Start the CLI with a terminal of its own; return its process and the terminal.

    Not by `pexpect.spawn`, which forks: gRPC's threads in this process do not bear it.
    """
    ours, its = os.openpty()
    process = subprocess.Popen(
        # Jobs that a shell runs in the background ignore Ctrl-C, and so does what they start.
        ["setsid", "--ctty", "env", "--default-signal=INT", CELLBLOCK, *arguments],
        cwd=cwd,
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": terminal, "PROMPT_TOOLKIT_NO_CPR": "1", **variables},
    )
    os.close(its)
    return process, fdpexpect.fdspawn(ours, encoding="utf-8", timeout=20)
