"""A server that can't start reports why in one line, and changes nothing."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.forked import run_forked
from tests.support.programs import SERVER_PROGRAM

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    # Unix sockets' paths have at most 107 bytes, which pytest's folders may exceed.
    path = Path(tempfile.mkdtemp(prefix="cellblock-"))
    yield path
    shutil.rmtree(path)


def test_the_socket_of_a_live_server_is_left_alone(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(folder / "socket"))
        live.listen()
        refused = start(f"--listen=unix:{folder / 'socket'}", f"--state-dir={folder / 'state'}")
        assert refused.returncode == 1
        words = f"can't listen on unix:{folder / 'socket'}: another server does"
        # A sandbox of the pool's that was being started may say a word after it.
        assert words in refused.stderr.splitlines()
        assert (folder / "socket").is_socket()


@pytest.mark.parametrize("place", ["absent/socket", "file"])
def test_a_folder_with_a_path_too_long_for_a_socket_is_refused(folder: Path, place: str) -> None:
    (folder / "file").write_bytes(b"kept")
    refused = start(f"--listen=unix:{folder / place}", f"--state-dir={folder / 'state'}")
    assert refused.returncode == 1
    assert f"can't listen on unix:{folder / place}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (folder / "file").read_bytes() == b"kept"


def test_a_wrong_configuration_is_reported_in_one_line(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text("[executions]\ntime_limit = 'soon'\n")
    refused = start(f"--config={file}", f"--state-dir={folder / 'state'}")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"{file}:2: executions.time_limit: must be a valid timedelta")
    assert len(refused.stderr.splitlines()) == 1
    assert not (folder / "state").exists()


def test_an_unusable_pool_is_reported_in_one_line(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text("[[pool.profiles]]\nsize = 1\n[[pool.profiles]]\nimage = 'unknown'\n")
    listen = "--listen=127.0.0.1:0"
    refused = start(f"--config={file}", f"--state-dir={folder / 'state'}", listen)
    assert refused.returncode == 1
    assert "pool.profiles[1]: image: must be one of" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_a_store_that_is_no_database_is_reported_in_one_line(folder: Path) -> None:
    refused = start_with_store(folder, b"no database" * 1000)
    assert refused.returncode == 1
    assert "/store.db is damaged (file is not a database) and was left" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_store_of_a_later_release_is_reported_in_one_line(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "later.db")) as later:
        later.execute("CREATE TABLE alembic_version AS SELECT 'later' AS version_num")
        later.commit()
    refused = start_with_store(folder, (folder / "later.db").read_bytes())
    assert refused.returncode == 1
    assert "/store.db: a newer release has migrated it to schema later" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_missing_seccomp_profile_is_reported_in_one_line(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text("[sandbox]\nseccomp = '/nowhere/profile.json'\n")
    listen = "--listen=127.0.0.1:0"
    refused = start(f"--config={file}", f"--state-dir={folder / 'state'}", listen, backend="docker")
    assert refused.returncode == 1
    assert refused.stderr == "sandbox.seccomp: /nowhere/profile.json: No such file or directory\n"


def start_with_store(folder: Path, content: bytes) -> "subprocess.CompletedProcess[str]":
    (folder / "store.db").write_bytes(content)
    file = folder / "config.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{folder / "store.db"}"\n')
    listen = "--listen=127.0.0.1:0"
    return start(f"--config={file}", f"--state-dir={folder / 'state'}", listen)


def start(*arguments: str, backend: str = "local") -> "subprocess.CompletedProcess[str]":
    return run_forked(
        SERVER_PROGRAM, [f"--backend={backend}", *arguments], timeout=30, env=os.environ
    )
