"""Uploads through a real server that is killed, restarted, or short of a quota."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc
from cellblock_client import Client, FilePurpose
from cellblock_client.errors import NotFoundError, ResourceExhaustedError
from cellblock_client.types import ListOrder
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = pytest.mark.slow

MIB = 2**20


@pytest.fixture
def local_server(new_server: Callable[..., ServerProcess]) -> ServerProcess:
    return new_server(CELLBLOCK_SANDBOX__BACKEND="local")


def stored(server: ServerProcess) -> list[Path]:
    return [path for path in (server.state / "blobs").rglob("*") if path.is_file()]


class Interrupting(io.BytesIO):
    """A source that has something happen when it has been read up to a place."""

    def __init__(self, data: bytes, place: int, happen: Callable[[], object]) -> None:
        super().__init__(data)
        self._place = place
        self._happen = happen
        self.happened = 0

    def read(self, size: int | None = -1) -> bytes:
        if not self.happened and self.tell() >= self._place:
            self.happened = 1
            self._happen()
        return super().read(size)


def test_an_upload_resumes_after_the_server_was_killed(local_server: ServerProcess) -> None:
    server = local_server

    def kill_and_restart() -> None:
        until(lambda: any(path.stat().st_size > 4 * MIB for path in stored(server)))
        server.kill()
        server.listen = server.address
        server.start()

    data = os.urandom(20 * MIB)
    source = Interrupting(data, 10 * MIB, kill_and_restart)
    done: list[int] = []
    with Client(server.address) as client:
        file = client.files.upload(
            source, "data", progress=lambda so_far, _total: done.append(so_far)
        )
        assert source.happened
        assert file.sha256 == hashlib.sha256(data).hexdigest()
        assert client.files.read(file.id) == data
    # It went on; nothing was sent from the beginning again.
    assert 0 not in done[1:]
    assert len(stored(server)) == 1


def test_the_same_bytes_are_stored_once(local_server: ServerProcess) -> None:
    with Client(local_server.address) as client:
        files = [client.files.upload(b"same", name) for name in ("a", "b")]
        assert len(stored(local_server)) == 1
        client.files.delete(files[0].id)
        assert client.files.read(files[1].id) == b"same"
        client.files.delete(files[1].id)
        assert stored(local_server) == []


def test_files_are_listed_by_purpose_and_name(local_server: ServerProcess) -> None:
    with Client(local_server.address) as client:
        names = [f"{number}.txt" for number in range(150)]
        ids = [client.files.upload(b"", name).id for name in names]
        picture = client.files.upload(b"x", "picture", purpose=FilePurpose.VISION)
        assert [file.id for file in client.files.list(order=ListOrder.ASCENDING)][:-1] == ids
        assert next(iter(client.files.list())).id == picture.id
        assert [file.id for file in client.files.list(purpose=FilePurpose.VISION)] == [picture.id]
        assert [file.id for file in client.files.list(filename="7.txt")] == [ids[7]]


def test_a_file_expires(local_server: ServerProcess) -> None:
    with Client(local_server.address) as client:
        file = client.files.upload(b"x", "brief", expires_after=3600)
        assert file.expire_time == file.create_time + timedelta(hours=1)
        assert client.files.upload(b"x", "kept").expire_time is None


def test_an_exceeded_quota_is_reported(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_SANDBOX__BACKEND="local", CELLBLOCK_FILES__QUOTA_BYTES="10")
    with Client(server.address) as client:
        first = client.files.upload(b"12345678", "first")
        with pytest.raises(ResourceExhaustedError, match="past the quota of 10 bytes") as caught:
            client.files.upload(b"12345678", "second")
        assert caught.value.reason == "STORAGE_QUOTA"
        client.files.delete(first.id)
        client.files.upload(b"12345678", "second")


def test_the_state_of_an_unfinished_upload_is_returned(local_server: ServerProcess) -> None:
    metadata = file_pb2.UploadFileMetadata(filename="a", upload_id="upload_x")

    def broken_off() -> Iterator[file_pb2.UploadFileRequest]:
        yield file_pb2.UploadFileRequest(metadata=metadata)
        yield file_pb2.UploadFileRequest(data=b"half")

    with grpc.insecure_channel(local_server.address) as channel:
        stub = file_pb2_grpc.FileServiceStub(channel)
        with pytest.raises(grpc.RpcError, match="the stream broke off"):
            stub.UploadFile(broken_off())
        progress = stub.GetUpload(file_pb2.GetUploadRequest(upload_id="upload_x"))
        assert progress.received_bytes == 4
        assert not progress.HasField("file")
        assert progress.HasField("expire_time")
    with Client(local_server.address) as client:
        assert list(client.files.list()) == []
        with pytest.raises(NotFoundError):
            client.files.get("upload_x")
