"""Uploads and downloads are complete, and file names are safe."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc
from cellblock_client import Client, FilePurpose
from cellblock_client.client import Session
from cellblock_client.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)
from cellblock_client.events import GeneratedFile
from tests.support.buckets import linked_file, stored_in
from tests.support.server import ServerProcess

pytestmark = pytest.mark.each_blob_store

BAD_NAMES = [
    "../x",
    "a/b",
    "a\\b",
    "..",
    ".",
    "a\0b",
    "a\nb",
    "\u202egpj.exe",
    "x" * 256,
    "é" * 128,
]


def test_an_uploaded_file_comes_back(client: Client, tmp_path: Path) -> None:
    source = tmp_path / "numbers.csv"
    source.write_bytes(b"a\n" * 2_000_000)  # several messages
    file = client.files.upload(source)
    assert (file.filename, file.bytes, file.mime_type) == ("numbers.csv", 4_000_000, "text/csv")
    assert (file.purpose, file.session_id) == (FilePurpose.ASSISTANTS, "")
    assert file.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert client.files.get(file.id) == file
    target = tmp_path / "back.csv"
    client.files.download(file.id, target)
    assert target.read_bytes() == source.read_bytes()


def test_part_of_a_file(client: Client) -> None:
    file = client.files.upload(b"0123456789", "digits")
    part = io.BytesIO()
    client.files.download(file.id, part, offset=3, length=4)
    assert part.getvalue() == b"3456"
    with pytest.raises(InvalidArgumentError, match="offset: must be 0 to 10, got 11"):
        client.files.download(file.id, part, offset=11)


def test_an_empty_file(client: Client) -> None:
    file = client.files.upload(b"", "empty")
    assert (file.bytes, client.files.read(file.id)) == (0, b"")


def test_a_deleted_file_is_gone(client: Client) -> None:
    file = client.files.upload(b"x", "x")
    client.files.delete(file.id)
    for action in (client.files.get, client.files.read, client.files.delete):
        with pytest.raises(NotFoundError, match="no file"):
            action(file.id)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused(client: Client, shared_session: Session, name: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        client.files.upload(b"x", name)
    assert caught.value.field == "metadata.filename"
    good = client.files.upload(b"x", "x")
    with pytest.raises(InvalidArgumentError) as caught:
        shared_session.attach(good, name)
    assert caught.value.field == "attachment.filename"


def test_an_attachment_has_two_names(client: Client, session: Session) -> None:
    file = client.files.upload(b"a,b\n1,2\n", "data.csv")
    assert session.attach(file).path == "/mnt/data/data.csv"
    assert session.attach(file).path == "/mnt/data/data.csv"  # again: no change
    result = session.run(f"open('data.csv').read() == open('/mnt/data/{file.id}').read()")
    assert result.text == "True"
    assert result.files == []
    session.run("open('data.csv', 'a').write('3,4\\n')")  # code may overwrite its copy
    assert client.files.read(file.id) == b"a,b\n1,2\n"


def test_a_taken_name_is_refused(client: Client, session: Session) -> None:
    session.attach(b"1", "same")
    with pytest.raises(AlreadyExistsError):
        session.attach(b"2", "same")
    assert session.files.read("same") == b"1"


def test_a_detached_file_is_gone_from_the_session_only(client: Client, session: Session) -> None:
    file = client.files.upload(b"1", "gone")
    session.attach(file)
    session.detach(file.id)
    assert session.files.list() == ()
    assert client.files.read(file.id) == b"1"
    with pytest.raises(NotFoundError, match="no attachment"):
        session.detach(file.id)


def test_files_now_in_a_session_are_listed(session: Session) -> None:
    session.files.write("folder/a.bin", b"\x00\x01")
    assert session.run("open('folder/a.bin', 'rb').read()").text == r"b'\x00\x01'"
    session.run("open('/mnt/data/b.txt', 'w').write('made inside')")
    assert [(file.path, file.is_folder) for file in session.files.list()] == [
        ("/mnt/data/b.txt", False),
        ("/mnt/data/folder", True),
        ("/mnt/data/folder/a.bin", False),
    ]
    assert session.files.read("/mnt/data/b.txt") == b"made inside"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "/mnt/data/../../etc/passwd", "", "a//b"])
def test_paths_outside_the_data_folder_are_refused(shared_session: Session, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        shared_session.files.read(path)
    assert caught.value.field == "path"
    with pytest.raises(InvalidArgumentError) as caught:
        shared_session.files.write(path, b"x")
    assert caught.value.field == "target.path"


def test_planted_links_are_not_followed(session: Session) -> None:
    result = session.run("import os; os.symlink('/proc/1/environ', 'env'); os.mkfifo('fifo')")
    skipped = {
        event.path: event.skipped_reason
        for event in result.events
        if isinstance(event, GeneratedFile)
    }
    assert skipped == {"/mnt/data/env": "is a link", "/mnt/data/fifo": "is a FIFO"}
    for name in ("env", "fifo"):
        with pytest.raises(WrongStateError):
            session.files.read(name)


def test_hostile_names_are_sanitised(session: Session) -> None:
    result = session.run("open('a\\nb\\u202ec', 'w').write('x')")
    (file,) = result.files
    assert file.filename == "a_b_c"


class Pipe(io.BytesIO):
    """A stream of unknown length."""

    def seekable(self) -> bool:
        return False


def test_an_upload_over_the_limit_leaves_nothing(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_FILES__MAX_UPLOAD_BYTES="1000")
    with Client(server.address) as client:
        with pytest.raises(InvalidArgumentError, match="must be 0 to 1000") as caught:
            client.files.upload(b"x" * 3_000_000, "big")
        assert caught.value.field == "metadata.bytes"
        with pytest.raises(InvalidArgumentError, match="must be at most 1000 bytes") as caught:
            client.files.upload(Pipe(b"x" * 3_000_000), "big")
        assert caught.value.field == "data"
        assert list(client.files.list()) == []
    assert stored_in(server.state) == []


def test_a_large_attachment_is_not_copied(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_FILES__SMALL_FILE_BYTES="1000")
    with Client(server.address) as client, client.sessions.create() as session:
        file = client.files.upload(b"y" * 5000, "large")
        session.attach(file)
        blob = linked_file(server.state, file.sha256)
        assert blob.stat().st_nlink == 2
        assert session.run("len(open('large').read())").text == "5000"
        result = session.run("open('large', 'a')")
        assert result.error is not None
        assert result.error.name in ("PermissionError", "OSError")
        assert session.files.read("large") == b"y" * 5000


def test_more_captured_files_than_allowed_are_named(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(
        CELLBLOCK_FILES__MAX_CAPTURED_FILES="2", CELLBLOCK_FILES__MAX_CAPTURED_BYTES="1000"
    )
    with Client(server.address) as client, client.sessions.create() as session:
        result = session.run("for n in range(4): open(f'{n}', 'w').write('x')")
        assert [file.filename for file in result.files] == ["0", "1"]
        reasons = [
            event.skipped_reason for event in result.events if isinstance(event, GeneratedFile)
        ]
        assert reasons[-1] == "2 files more than 2 of one execution"
        result = session.run("open('big', 'w').write('x' * 2000)")
        reasons = [
            event.skipped_reason for event in result.events if isinstance(event, GeneratedFile)
        ]
        assert reasons == ["past 1000 bytes of files of one execution"]


def test_a_stream_without_an_end_leaves_nothing(
    server: str, client: Client, session: Session
) -> None:
    before = [file.id for file in client.files.list()]
    session.files.write("kept", b"old")
    target = file_pb2.WriteSessionFileTarget(session_id=session.id, path="kept")
    upload = file_pb2.UploadFileMetadata(filename="half")
    with grpc.insecure_channel(server) as channel:
        stub = file_pb2_grpc.FileServiceStub(channel)
        with pytest.raises(grpc.RpcError, match="the stream broke off"):
            stub.UploadFile(
                iter(
                    [
                        file_pb2.UploadFileRequest(metadata=upload),
                        file_pb2.UploadFileRequest(data=b"half"),
                    ]
                )
            )
        with pytest.raises(grpc.RpcError, match="the stream broke off"):
            stub.WriteSessionFile(
                iter(
                    [
                        file_pb2.WriteSessionFileRequest(target=target),
                        file_pb2.WriteSessionFileRequest(data=b"half"),
                    ]
                )
            )
    assert [file.id for file in client.files.list()] == before
    assert session.files.read("kept") == b"old"


def test_a_write_that_is_cancelled_leaves_what_was_there(server: str, session: Session) -> None:
    session.files.write("kept", b"old")
    target = file_pb2.WriteSessionFileTarget(session_id=session.id, path="kept")
    sent, never = threading.Event(), threading.Event()

    def requests() -> Iterator[file_pb2.WriteSessionFileRequest]:
        yield file_pb2.WriteSessionFileRequest(target=target)
        yield file_pb2.WriteSessionFileRequest(data=b"half")
        sent.set()
        never.wait()

    with grpc.insecure_channel(server) as channel:
        call = file_pb2_grpc.FileServiceStub(channel).WriteSessionFile.future(requests())
        sent.wait()
        call.cancel()
        never.set()
    assert session.files.read("kept") == b"old"
    assert [file.path for file in session.files.list()] == ["/mnt/data/kept"]


def test_an_oversized_message_is_refused(server: str, session: Session) -> None:
    target = file_pb2.WriteSessionFileTarget(session_id=session.id, path="big")
    upload = file_pb2.UploadFileMetadata(filename="big")
    big = bytes(2**20 + 1)
    with grpc.insecure_channel(server) as channel:
        stub = file_pb2_grpc.FileServiceStub(channel)
        with pytest.raises(grpc.RpcError, match="must be at most 1048576 bytes a message"):
            stub.UploadFile(
                iter(
                    [
                        file_pb2.UploadFileRequest(metadata=upload),
                        file_pb2.UploadFileRequest(data=big),
                    ]
                )
            )
        with pytest.raises(grpc.RpcError, match="must be at most 1048576 bytes a message"):
            stub.WriteSessionFile(
                iter(
                    [
                        file_pb2.WriteSessionFileRequest(target=target),
                        file_pb2.WriteSessionFileRequest(data=big),
                    ]
                )
            )
    assert session.files.list() == ()
