"""The command, as a user starts it."""

import os
import subprocess
import sys
from pathlib import Path

from pexpect import fdpexpect

CELLBLOCK = str(Path(sys.executable).parent / "cellblock")


def cellblock(
    *arguments: str, cwd: Path, address: str = "", stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if "CELLBLOCK" not in name}
    if address:
        environment["CELLBLOCK_ADDRESS"] = address
    return subprocess.run(
        [CELLBLOCK, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=environment,
    )


def in_a_terminal(
    *arguments: str, cwd: Path, terminal: str = "dumb", **variables: str
) -> tuple["subprocess.Popen[bytes]", "fdpexpect.fdspawn[str]"]:
    """The command with a terminal of its own, and whoever sits at it.

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
