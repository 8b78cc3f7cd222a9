"""The server's secret: created once, and readable only by its owner."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellblock_server.store.state_folder import StateFolderError
from cellblock_server.tenants.secret import server_secret


def test_secret_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = server_secret(path)
    assert len(secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert server_secret(path) == secret
    assert list(tmp_path.iterdir()) == [path]


def test_concurrent_creators_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _n: server_secret(tmp_path / "secret"), range(16)))
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_secret_accessible_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    server_secret(path)
    path.chmod(mode)
    with pytest.raises(StateFolderError, match="other users can access it") as caught:
        server_secret(path)
    assert "chmod 600" in str(caught.value)


def test_incomplete_secret_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"half")
    path.chmod(0o600)
    with pytest.raises(StateFolderError, match="must have 32 bytes, has 4"):
        server_secret(path)
