"""A container's health check needs neither certificate nor key, and can only check health."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from cellblock_client.errors import Error
from tests.support.callers import call, methods, request_of
from tests.support.server import ServerProcess


@pytest.fixture(scope="module")
def health_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Health socket of a server that requires certificates and keys elsewhere."""
    folder = tmp_path_factory.mktemp("server")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    # Short: a Unix socket's path has at most 107 bytes.
    short = Path(tempfile.mkdtemp(prefix="cellblock-"))
    server = ServerProcess(
        folder,
        {
            "CELLBLOCK_SERVER__TLS_CERTIFICATE": str(folder / "server.pem"),
            "CELLBLOCK_SERVER__TLS_KEY": str(folder / "server.key"),
            "CELLBLOCK_SERVER__TLS_CLIENT_CA": str(folder / "ca.pem"),
            "CELLBLOCK_AUTH__REQUIRED": "true",
            "CELLBLOCK_SANDBOX__BACKEND": "local",
            "CELLBLOCK_SERVER__HEALTH_SOCKET": str(short / "health.sock"),
        },
    )
    try:
        server.start()
        yield short / "health.sock"
    finally:
        server.end()
        shutil.rmtree(short)


def healthcheck(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cellblock_server.ops.healthcheck"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CELLBLOCK_SERVER__HEALTH_SOCKET": path},
    )


def test_a_server_with_tls_and_keys_is_healthy(health_socket: Path) -> None:
    done = healthcheck(str(health_socket))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_server_is_unhealthy(tmp_path: Path) -> None:
    done = healthcheck(str(tmp_path / "x"))
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stderr


def test_a_missing_setting_is_reported() -> None:
    done = healthcheck("")
    assert (done.returncode, done.stderr) == (1, "server.health_socket is not set\n")


def test_only_the_servers_user_can_connect(health_socket: Path) -> None:
    assert health_socket.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_the_health_socket_serves_no_other_method(health_socket: Path, method: Any) -> None:
    with (
        grpc.insecure_channel(f"unix:{health_socket}") as channel,
        pytest.raises(Error, match="Method not found"),
    ):
        call(channel, method, [request_of(method)], key="")
