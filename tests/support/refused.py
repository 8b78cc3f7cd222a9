"""Servers that must refuse to start."""

import os
from collections.abc import Sequence
from pathlib import Path

from cellblock_client.embedded import SERVER
from tests.support.forked import run_forked
from tests.support.programs import forkable_server

SECONDS = 60


def refused_start(state: Path, *, command: Sequence[str] = SERVER, **environment: str) -> str:
    """Start a server that must not start on `state`; return the line with the reason."""
    program = forkable_server(command)
    assert program is not None
    done = run_forked(
        program,
        [f"--state-dir={state}", "--listen=127.0.0.1:0", "--backend=local"],
        timeout=SECONDS,
        env={**os.environ, **environment},
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line
