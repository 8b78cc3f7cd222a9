"""A real server works with sandboxes of another machine, with which it shares no folder."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from tests.support.remote_backend import REPOSITORY, remote_host
from tests.support.remote_server import COMMAND
from tests.support.server import ServerProcess

LARGE = bytes(range(256)) * 40960
"""Content over `files.small_file_bytes`, so that the agent writes no copy of it."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "host").mkdir()
    with remote_host(tmp_path / "host") as port:
        process = ServerProcess(
            tmp_path,
            {
                "PYTHONPATH": str(REPOSITORY),
                "REMOTE_HOST_PORT": str(port),
                "CELLBLOCK_SANDBOX__BACKEND": "local",
                "CELLBLOCK_FILES__SMALL_FILE_BYTES": "1MiB",
            },
            COMMAND,
        )
        process.start()
        yield process
        if process.running:
            assert process.stop() == 0


def archive() -> bytes:
    """Return a tar file with one file in it."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        entry = tarfile.TarInfo("inside.txt")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    return written.getvalue()


def test_files_go_in_and_out_and_session_survives_a_restart(server: ServerProcess) -> None:
    with Client(server.address) as client:
        large = client.files.upload(LARGE, filename="large.bin")
        packed = client.files.upload(archive(), filename="packed.tar.gz")
        session = client.sessions.create()
        session.attach(large)
        session.attach(packed, unpack=True)
        result = session.run(
            "x = open('large.bin', 'rb').read(); print(len(x), open('packed/inside.txt').read())\n"
            "open('out.bin', 'wb').write(x[:1000])"
        )
        assert result.stdout == f"{len(LARGE)} hello\n"
        (created,) = result.files
        assert client.files.read(created.id) == LARGE[:1000]
        # No folder of a sandbox is on the server's machine.
        assert list((server.state / "run").glob("*")) == []
    server.stop()
    server.start()
    with Client(server.address) as client:
        again = client.sessions.get(session.id)
        assert again.run("print(len(x))").stdout == f"{len(LARGE)}\n"
        again.detach(large.id)
        assert again.run("import os; print(os.path.exists('large.bin'))").stdout == "False\n"
        again.delete()
