"""Session files are listed, read, written, deleted, and downloaded as an archive."""

import io
import os
import zipfile

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc
from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)

MIB = 2**20


def paths(session: Session, folder: str = "") -> list[str]:
    return [file.path.removeprefix("/mnt/data/") for file in session.files.list(folder)]


def test_folders_are_listed_with_what_is_in_them(session: Session) -> None:
    session.files.write("a/b/c.txt", b"c")
    session.files.create_folder("empty")
    session.run("open('a-b', 'w').write('x')")
    assert paths(session) == ["a", "a/b", "a/b/c.txt", "a-b", "empty"]
    assert [file.is_folder for file in session.files.list()] == [True, True, False, False, True]
    assert paths(session, "a/b") == paths(session, "/mnt/data/a/b/") == ["a/b/c.txt"]
    with pytest.raises(NotFoundError):
        paths(session, "nothing")
    with pytest.raises(WrongStateError):
        paths(session, "a-b")


def test_files_are_listed_in_pages(server: str, session: Session) -> None:
    session.run("for n in range(25): open(f'{n:02}', 'w').close()")
    found: list[str] = []
    request = file_pb2.ListSessionFilesRequest(session_id=session.id, page_size=10)
    with grpc.insecure_channel(server) as channel:
        stub = file_pb2_grpc.FileServiceStub(channel)
        sizes = []
        while True:
            page = stub.ListSessionFiles(request)
            sizes.append(len(page.files))
            found += [file.path for file in page.files]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    assert sizes == [10, 10, 5]
    assert found == [f"/mnt/data/{number:02}" for number in range(25)]
    assert len(session.files.list()) == 25


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"page_size": -1}, "page_size"), ({"page_size": 1001}, "page_size"),
     ({"page_token": "x"}, "page_token"), ({"folder": "../x"}, "folder")],
)  # fmt: skip
def test_bad_requests_name_the_field(
    server: str, shared_session: Session, fields: dict[str, object], field: str
) -> None:
    request = file_pb2.ListSessionFilesRequest(session_id=shared_session.id, **fields)  # type: ignore[arg-type]
    with (
        grpc.insecure_channel(server) as channel,
        pytest.raises(grpc.RpcError, match=f"{field}: "),
    ):
        file_pb2_grpc.FileServiceStub(channel).ListSessionFiles(request)


def test_ranges_of_a_file_are_read(session: Session) -> None:
    session.run("open('digits', 'w').write('0123456789')")
    assert session.files.read("digits", offset=3, length=4) == b"3456"
    assert session.files.read("digits", offset=8) == b"89"
    assert session.files.read("digits", offset=20) == b""
    for offset, length in ((-1, 0), (0, -1)):
        with pytest.raises(InvalidArgumentError, match="must be at least 0"):
            session.files.read("digits", offset=offset, length=length)


def test_large_files_go_in_and_out(session: Session) -> None:
    data = os.urandom(20 * MIB)
    session.files.write("big", io.BytesIO(data))
    target = io.BytesIO()
    session.files.download("big", target)
    assert target.getvalue() == data


def test_files_and_folders_are_deleted(session: Session) -> None:
    session.files.write("a/b", b"x")
    with pytest.raises(WrongStateError, match="not empty"):
        session.files.delete("a")
    session.files.delete("a/b")
    session.files.delete("a")
    session.files.write("c/d/e", b"x")
    session.files.delete("/mnt/data/c", recursive=True)
    assert session.run("import os; os.listdir()").text == "[]"
    with pytest.raises(NotFoundError):
        session.files.delete("a")
    with pytest.raises(InvalidArgumentError):
        session.files.delete("/mnt/data")


def test_folders_are_created(session: Session) -> None:
    assert session.files.create_folder("a/b/").path == "/mnt/data/a/b"
    assert session.files.create_folder("a").is_folder
    session.files.write("file", b"")
    with pytest.raises(AlreadyExistsError):
        session.files.create_folder("file")
    assert session.run("open('a/b/made', 'w').write('x')").error is None


def test_a_folder_is_downloaded_as_an_archive(client: Client, session: Session) -> None:
    session.attach(client.files.upload(b"attached", "input.txt"))
    session.run(
        "import os\n"
        "os.makedirs('out/ä/empty'); open('out/ä/1.txt', 'w').write('1')\n"
        "open('out/big', 'wb').write(os.urandom(3_000_000)); os.symlink('/etc/passwd', 'out/link')"
    )
    archive = io.BytesIO()
    session.files.download_folder("out", archive)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert sorted(opened.namelist()) == ["big", "ä/", "ä/1.txt", "ä/empty/"]
        assert opened.read("ä/1.txt") == b"1"
        assert opened.getinfo("big").file_size == 3_000_000
    everything = io.BytesIO()
    session.files.download_folder("", everything)
    with zipfile.ZipFile(everything) as opened:
        assert opened.read("input.txt") == b"attached"
        assert "out/ä/1.txt" in opened.namelist()


def test_only_folders_become_archives(session: Session) -> None:
    session.files.write("file", b"x")
    for path, error in (("file", WrongStateError), ("nothing", NotFoundError)):
        with pytest.raises(error):
            session.files.download_folder(path, io.BytesIO())


def test_calls_to_an_ended_session_report_its_end(client: Client) -> None:
    with client.sessions.create() as session:
        session.files.write("x", b"x")
    for call in (
        lambda: session.files.list(),
        lambda: session.files.read("x"),
        lambda: session.files.write("x", b"y"),
        lambda: session.files.delete("x"),
        lambda: session.files.create_folder("d"),
        lambda: session.files.stat("x"),
        lambda: session.files.exists("x"),
        lambda: session.files.rename("x", "y"),
        lambda: session.files.chmod("x", 0o600),
        lambda: session.files.download_folder("", io.BytesIO()),
        lambda: session.attach(b"x", "y"),
    ):
        with pytest.raises(WrongStateError, match="deleted on request"):
            call()
