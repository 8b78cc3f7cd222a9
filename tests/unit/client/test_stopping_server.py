"""A server that stops refuses calls with a reason, and the client makes them again."""

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from cellblock.v1 import admin_pb2, admin_pb2_grpc, file_pb2, file_pb2_grpc
from cellblock_client import AsyncClient, Client, errors
from cellblock_client.admin_types import Role
from cellblock_client.retry import Backoff, Patience
from cellblock_server.common.errors import CellblockError, NotFoundError, UnavailableError
from cellblock_server.rpc.status import status_of

both = pytest.mark.parametrize("kind", ["ordinary", "asyncio"])


class Stopping(admin_pb2_grpc.AdminServiceServicer, file_pb2_grpc.FileServiceServicer):
    """Refuses the first call with `reason`; has no file."""

    def __init__(self) -> None:
        self.address = ""
        self.reason = "SERVER_STOPPING"
        self.requests: list[Any] = []

    def CreateKey(self, request: Any, context: Any) -> admin_pb2.CreateKeyResponse:  # noqa: N802
        self._refuse_first(request, context)
        return admin_pb2.CreateKeyResponse(key=admin_pb2.Key(role=request.role))

    def DeleteFile(self, request: Any, context: Any) -> file_pb2.DeleteFileResponse:  # noqa: N802
        self._refuse_first(request, context)
        _fail(context, NotFoundError("file", request.file_id))
        return file_pb2.DeleteFileResponse()

    def _refuse_first(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        if len(self.requests) == 1:
            _fail(context, UnavailableError(self.reason, "the server is stopping"))


def _fail(context: Any, error: CellblockError) -> None:
    context.abort_with_status(rpc_status.to_status(status_of(error)))


@pytest.fixture
def service() -> Iterator[Stopping]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    stopping = Stopping()  # type: ignore[abstract] # the other calls are not made
    admin_pb2_grpc.add_AdminServiceServicer_to_server(stopping, server)
    file_pb2_grpc.add_FileServiceServicer_to_server(stopping, server)
    stopping.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield stopping
    server.stop(None).wait()


async def create_key(service: Stopping, kind: str) -> None:
    if kind == "asyncio":
        async with AsyncClient(service.address) as caller:
            await caller.admin.create_key("acme", Role.EXECUTOR)
    else:
        with Client(service.address) as client:
            client.admin.create_key("acme", Role.EXECUTOR)


@both
async def test_what_it_refused_unheard_is_asked_again_though_it_must_not_happen_twice(
    service: Stopping, kind: str
) -> None:
    await create_key(service, kind)
    assert len(service.requests) == 2


@both
async def test_what_it_had_begun_is_not(service: Stopping, kind: str) -> None:
    service.reason = "SERVER_STOPPED"
    with pytest.raises(errors.UnavailableError, match="is stopping"):
        await create_key(service, kind)
    assert len(service.requests) == 1


def test_a_file_that_is_missing_was_not_deleted_by_a_call_that_it_refused(
    service: Stopping,
) -> None:
    with Client(service.address) as client, pytest.raises(errors.NotFoundError):
        client.files.delete("file-1")


def test_a_file_that_is_missing_was_deleted_by_a_call_that_it_had_begun(
    service: Stopping,
) -> None:
    service.reason = "SERVER_STOPPED"
    with Client(service.address) as client:
        client.files.delete("file-1")


def test_what_it_says_shows_that_a_new_clients_address_is_right() -> None:
    patience = Patience(seconds=30, first_seconds=0)
    Backoff(None, patience).wait_after(errors.UnavailableError("", reason="SERVER_STOPPING"))
    assert patience.met
