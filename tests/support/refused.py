"""Servers that are not meant to start."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cellblock_client.embedded import SERVER

SECONDS = 60


def refused_start(state: Path, *, command: Sequence[str] = SERVER, **environment: str) -> str:
    """Start a server that must not start on `state`, within a bound; its one line of why."""
    done = subprocess.run(
        [*command, f"--state-dir={state}", "--listen=127.0.0.1:0", "--backend=local"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line
