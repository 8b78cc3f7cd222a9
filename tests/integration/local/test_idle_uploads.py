"""A stream that sends bytes and then pauses for too long is ended, with a reason."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import grpc
import pytest

from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_client import Client
from cellblock_client.errors import UnavailableError, from_call
from tests.support.error_table import check
from tests.support.server import ServerProcess

SECONDS = 60
"""Bound on a call that the server should end after one second."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environment = {
        "CELLBLOCK_SANDBOX__BACKEND": "local",
        "CELLBLOCK_SERVER__IDLE_UPLOAD_TIMEOUT": "1",
        "CELLBLOCK_SERVER__REQUEST_TIMEOUT": "1",
    }
    process = ServerProcess(tmp_path_factory.mktemp("server"), environment)
    process.start()
    yield process
    process.end()


@pytest.fixture
def files(server: ServerProcess) -> Iterator[file_pb2_grpc.FileServiceStub]:
    with grpc.insecure_channel(server.address) as channel:
        yield file_pb2_grpc.FileServiceStub(channel)


def refused(
    method: Callable[..., object], *requests: object, reason: str = "UPLOAD_IDLE"
) -> UnavailableError:
    """Return the error of a call whose requests pause after `requests`."""
    over = Event()

    def pausing() -> Iterator[object]:
        yield from requests
        over.wait(SECONDS)

    try:
        with pytest.raises(grpc.RpcError) as caught:
            method(pausing(), timeout=SECONDS)
    finally:
        over.set()
    error = from_call(caught.value)
    assert isinstance(error, UnavailableError)
    assert error.reason == reason
    return error


def partials(server: ServerProcess) -> list[Path]:
    return list((server.state / "blobs" / "incoming").iterdir())


def test_an_upload_that_pauses_leaves_nothing(
    server: ServerProcess, files: file_pb2_grpc.FileServiceStub
) -> None:
    metadata = pb.UploadFileRequest(metadata=pb.UploadFileMetadata(filename="a"))
    error = refused(files.UploadFile, metadata, pb.UploadFileRequest(data=b"half"))
    assert "no bytes came for 1 s" in error.message
    check(error, "UNAVAILABLE")
    assert partials(server) == []


def test_an_upload_that_sends_nothing_is_ended(files: file_pb2_grpc.FileServiceStub) -> None:
    refused(files.UploadFile, reason="REQUEST_NOT_RECEIVED")


def test_a_named_upload_that_pauses_can_be_resumed(
    server: ServerProcess, files: file_pb2_grpc.FileServiceStub
) -> None:
    metadata = pb.UploadFileMetadata(filename="a", upload_id="upload_1")
    first = pb.UploadFileRequest(metadata=metadata)
    refused(files.UploadFile, first, pb.UploadFileRequest(data=b"half"))
    metadata.offset = files.GetUpload(pb.GetUploadRequest(upload_id="upload_1")).received_bytes
    assert metadata.offset == 4
    rest = [
        pb.UploadFileRequest(metadata=metadata),
        pb.UploadFileRequest(data=b" and half"),
        pb.UploadFileRequest(end=pb.EndOfData()),
    ]
    file = files.UploadFile(iter(rest), timeout=SECONDS).file
    with Client(server.address) as client:
        assert client.files.read(file.id) == b"half and half"
    assert partials(server) == []


def test_a_write_into_a_session_that_pauses_is_ended(
    server: ServerProcess, files: file_pb2_grpc.FileServiceStub
) -> None:
    with Client(server.address) as client, client.sessions.create() as session:
        target = pb.WriteSessionFileTarget(session_id=session.id, path="a")
        first = pb.WriteSessionFileRequest(target=target)
        refused(files.WriteSessionFile, first, pb.WriteSessionFileRequest(data=b"half"))
        assert session.run("import os; os.listdir()").text == "[]"
