"""Files that are uploaded only to be attached do not stay for good, however their session ends."""

import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client, File
from cellblock_client.errors import AlreadyExistsError, DeadlineExceededError, InvalidArgumentError
from tests.integration.cli.command import CELLBLOCK, cellblock
from tests.support.server import ServerProcess

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environment = {"CELLBLOCK_SANDBOX__BACKEND": "local"}
    process = ServerProcess(tmp_path_factory.mktemp("server"), environment)
    process.start()
    yield process
    process.end()


@pytest.fixture
def address(server: ServerProcess) -> str:
    return server.address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client
        for file in client.files.list():
            client.files.delete(file.id)


@pytest.fixture
def given(tmp_path: Path) -> list[Path]:
    """A plain file and a folder."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("b")
    return [tmp_path / "a.txt", tmp_path / "folder"]


def files(client: Client) -> list[File]:
    return list(client.files.list())


def assert_all_expire(client: Client, count: int) -> None:
    found = files(client)
    assert len(found) == count
    for file in found:
        assert file.expire_time == file.create_time + DAY


def test_a_refused_create_leaves_no_upload(client: Client, given: list[Path]) -> None:
    with pytest.raises(InvalidArgumentError, match="labels"):
        client.sessions.create(files=given, labels={"": "x"})
    assert files(client) == []


async def test_a_refused_asyncio_create_leaves_no_upload(
    client: Client, address: str, given: list[Path]
) -> None:
    async with AsyncClient(address) as asynchronous:
        with pytest.raises(InvalidArgumentError, match="labels"):
            await asynchronous.sessions.create(files=given, labels={"": "x"})
    assert files(client) == []


def test_an_unreadable_source_leaves_no_upload(client: Client, given: list[Path]) -> None:
    with pytest.raises(FileNotFoundError):
        client.sessions.create(files=[*given, given[0].with_name("missing")])
    assert files(client) == []


def test_an_unanswered_create_leaves_uploads_that_expire(
    server: ServerProcess, client: Client, given: list[Path]
) -> None:
    def stopping() -> Iterator[Path]:
        yield from given
        server.signal(signal.SIGSTOP)

    try:
        # All is uploaded by then, and whether there will be a session is not known.
        with pytest.raises(DeadlineExceededError):
            client.sessions.create(files=stopping(), timeout=3)
    finally:
        server.signal(signal.SIGCONT)
    assert_all_expire(client, 2)


def test_uploads_are_kept_while_their_session_lives(client: Client, given: list[Path]) -> None:
    kept = client.files.upload(b"kept", "kept.txt")
    with client.sessions.create(files=[*given, kept]) as session:
        session.attach(b"more", "more.txt")
        names = {file.filename for file in files(client)}
        assert names == {"a.txt", "folder.tar", "more.txt", "kept.txt"}
        assert session.files.read("folder/b.txt") == b"b"
    # A file that was uploaded by itself stays.
    assert files(client) == [kept]


async def test_uploads_are_deleted_with_an_asyncio_session(
    client: Client, address: str, given: list[Path]
) -> None:
    async with (
        AsyncClient(address) as asynchronous,
        await asynchronous.sessions.create(files=given) as session,
    ):
        await session.attach(b"more", "more.txt")
        assert_all_expire(client, 3)
    assert files(client) == []


def test_a_refused_attachment_leaves_no_upload(client: Client, given: list[Path]) -> None:
    with client.sessions.create(files=given[:1]) as session:
        with pytest.raises(AlreadyExistsError):
            session.attach(b"other", "a.txt")
        assert len(files(client)) == 1


def test_an_already_deleted_upload_is_no_error(client: Client, given: list[Path]) -> None:
    with client.sessions.create(files=given) as session:
        for file in files(client):
            client.files.delete(file.id)
        assert session.files.read("a.txt") == b"a"


def test_a_run_of_the_cli_leaves_no_upload(
    client: Client, address: str, given: list[Path], tmp_path: Path
) -> None:
    attach = [f"--attach={path}" for path in given]
    code = "print(open('a.txt').read())"
    done = cellblock("run", *attach, "-", cwd=tmp_path, address=address, stdin=code)
    assert (done.returncode, done.stdout) == (0, "a\n")
    assert files(client) == []


def test_a_run_in_an_existing_session_leaves_uploads_that_expire(
    client: Client, address: str, given: list[Path], tmp_path: Path
) -> None:
    with client.sessions.create() as session:
        attach = [f"--attach={path}" for path in given]
        arguments = ["run", f"--session={session.id}", *attach, "-"]
        assert cellblock(*arguments, cwd=tmp_path, address=address, stdin="1").returncode == 0
        assert_all_expire(client, 2)


@pytest.mark.parametrize(("number", "left"), [(signal.SIGINT, 0), (signal.SIGKILL, 2)])
def test_an_interrupted_run_leaves_at_most_uploads_that_expire(
    client: Client,
    address: str,
    given: list[Path],
    tmp_path: Path,
    number: signal.Signals,
    left: int,
) -> None:
    (tmp_path / "code.py").write_text("print('runs', flush=True); import time; time.sleep(60)")
    attach = [f"--attach={path}" for path in given]
    process = subprocess.Popen(
        ["env", "--default-signal=INT", CELLBLOCK, "run", "--address", address, *attach, "code.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(number)
    process.wait(60)
    process.stdout.close()
    assert_all_expire(client, left)
    for info in client.sessions.list():
        client.sessions.get(info.id).delete()
