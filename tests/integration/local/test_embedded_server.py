"""An embedded server: only its own program can call it, and it ends with that program."""

import subprocess
import sys
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.embedded import SERVER, embedded_server
from tests.support.owner import killed_owner
from tests.support.waiting import until

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("cellblock")


def test_modules_in_the_current_folder_are_not_run(tmp_path: Path) -> None:
    # For example a file that code wrote and a command saved here.
    for name in ("json", "asyncio", "grpc", "cellblock_server"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w')")
    run = subprocess.run(
        [COMMAND, "run", "--backend=local", "-"],
        input="print('ran')",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    serve = subprocess.run(
        [COMMAND, "serve", "--help"], capture_output=True, cwd=tmp_path, timeout=60, check=False
    )
    assert (run.stdout, run.returncode, serve.returncode) == ("ran\n", 0, 0)
    assert not (tmp_path / "was-run").exists()


def test_nothing_is_left_when_its_owner_is_killed() -> None:
    with killed_owner("local") as folder:
        assert mentions(folder)
    until(lambda: not folder.exists() and not mentions(folder))


def test_an_embedded_server_ignores_the_configured_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CELLBLOCK_STORE__URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with embedded_server("local") as address, Client(address) as client:
        assert list(client.sessions.list()) == []


def test_the_server_does_not_start_without_an_owner(tmp_path: Path) -> None:
    refused = subprocess.run(
        [*SERVER, "--backend=local", f"--embedded={tmp_path / 'folder'}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr == "--embedded: standard input must be a pipe that the owner holds\n"
    assert not (tmp_path / "folder").exists()


def mentions(folder: Path) -> list[str]:
    """Return processes whose command line names the folder: the server and its agents."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found
