import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.embedded import embedded_server

CELLBLOCK = str(Path(sys.executable).parent / "cellblock")
Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server for all commands, with any backend."""
    with embedded_server("local") as address:
        yield address


@pytest.fixture(scope="module")
def session(address: str) -> Iterator[Session]:
    with Client(address) as client, client.sessions.create() as session:
        yield session


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home folder, with a configuration file if a test writes one."""
    (tmp_path / ".config" / "cellblock").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def command(home: Path) -> Command:
    """A function that runs `cellblock` with this home and only the given variables."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Done:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [CELLBLOCK, *arguments],
            cwd=home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**kept, "HOME": str(home), **variables},
        )

    return run
