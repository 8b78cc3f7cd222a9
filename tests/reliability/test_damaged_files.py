"""Missing, truncated or changed bytes are reported with the file's name, and can be restored."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, File, SessionState
from cellblock_client.errors import DamagedDataError
from tests.support.server import ServerProcess

pytestmark = pytest.mark.only_blobs("folder", "test_s3.py does such harm to a bucket")

CONTENT = os.urandom(100_000)
LARGE = os.urandom(2 * 2**20)
"""Content so large that a session gets a link to it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environment = {
        "CELLBLOCK_SANDBOX__BACKEND": "local",
        "CELLBLOCK_FILES__SMALL_FILE_BYTES": str(2**20),
    }
    server = ServerProcess(tmp_path_factory.mktemp("damaged"), environment)
    server.start()
    yield server
    server.end()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


def blob(server: ServerProcess, file: File) -> Path:
    return server.state / "blobs" / file.sha256[:2] / file.sha256[2:]


def gone(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.chmod(0o600)
    os.truncate(path, 10)


def altered(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))


DAMAGE: dict[Callable[[Path], None], str] = {
    gone: "its bytes are gone",
    cut: "10 bytes are left of 100000",
    altered: "its bytes are not those that were stored",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_reported_and_restored_by_uploading_it_again(
    server: ServerProcess, client: Client, damage: Callable[[Path], None]
) -> None:
    file = client.files.upload(CONTENT, "data.bin")
    with client.sessions.create() as session:
        damage(blob(server, file))
        for use in (lambda: client.files.read(file.id), lambda: session.attach(file)):
            with pytest.raises(DamagedDataError) as caught:
                use()
            assert caught.value.reason == "FILE_DAMAGED"
            assert file.id in caught.value.message
            assert DAMAGE[damage] in caught.value.message
        assert session.run("import os; os.listdir()").text == "[]"
        client.files.upload(CONTENT, "the same")
        assert client.files.read(file.id) == CONTENT
        session.attach(file)
        assert session.run("len(open('data.bin', 'rb').read())").text == "100000"
    client.files.delete(file.id)


@pytest.mark.parametrize("damage", [gone, cut], ids=lambda damage: damage.__name__)
def test_a_damaged_large_file_is_not_linked(
    server: ServerProcess, client: Client, damage: Callable[[Path], None]
) -> None:
    file = client.files.upload(LARGE, "large.bin")
    damage(blob(server, file))
    with client.sessions.create() as session:
        with pytest.raises(DamagedDataError, match="is damaged"):
            session.attach(file)
        assert session.run("1 + 1").text == "2"
    client.files.delete(file.id)


def test_a_session_is_not_created_with_a_damaged_attachment(
    server: ServerProcess, client: Client
) -> None:
    file = client.files.upload(CONTENT, "data.bin")
    gone(blob(server, file))
    with pytest.raises(DamagedDataError, match=file.id):
        client.sessions.create(files=[file])
    assert not list(client.sessions.list(states=[SessionState.READY, SessionState.CREATING]))
    client.files.delete(file.id)


def test_the_rest_of_a_damaged_file_can_be_read(server: ServerProcess, client: Client) -> None:
    file = client.files.upload(CONTENT, "data.bin")
    altered(blob(server, file))
    assert b"".join(client.files.stream(file.id, offset=1)) == CONTENT[1:]
    client.files.delete(file.id)
