"""Without a valid key only health can be called; with one, the calls that its role allows."""

import queue
from pathlib import Path
from secrets import token_hex
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from cellblock.v1 import file_pb2, file_pb2_grpc, session_pb2, session_pb2_grpc
from cellblock_client import AsyncClient, Client, Role, events
from cellblock_client.errors import (
    Error,
    PermissionDeniedError,
    UnauthenticatedError,
    WrongStateError,
    from_call,
)
from cellblock_server.rpc.permissions import NEEDED
from cellblock_server.store import records
from tests.security.callers import Guarded, guarded, key_id
from tests.support import error_table
from tests.support.callers import error_of, metadata_of, methods, path_of, request_of, status_of
from tests.support.waiting import until

UNKNOWN = f"cb_key_{'a' * 24}_{'b' * 43}"
ROLES = {Role.READ_ONLY: records.Role.READ_ONLY, Role.EXECUTOR: records.Role.EXECUTOR}


def refusal(at: Guarded, key: str) -> Error:
    """Return the error for a call with this key; assert that the table of errors has it."""
    with at.client(key) as client, pytest.raises(Error) as caught:
        list(client.sessions.list())
    error_table.check(caught.value)
    return caught.value


@pytest.mark.parametrize("method", methods(), ids=lambda method: str(method.name))
def test_no_call_works_without_a_key(at: Guarded, method: MethodDescriptor) -> None:
    for key, reason in (("", "KEY_MISSING"), ("sesame", "KEY_MALFORMED"), (UNKNOWN, "KEY_UNKNOWN")):
        error = error_of(at.channel, method, [request_of(method)], key)
        assert error is not None
        assert (status_of(error), error.reason) == ("UNAUTHENTICATED", reason)
        assert "b" * 43 not in error.message


@pytest.mark.parametrize("method", methods(), ids=lambda method: str(method.name))
def test_a_role_permits_only_its_calls(at: Guarded, method: MethodDescriptor) -> None:
    for role, ours in ROLES.items():
        key = at.key("default", role)
        error = error_of(at.channel, method, [request_of(method)], key)
        denied = error is not None and status_of(error) == "PERMISSION_DENIED"
        assert denied == (ours < NEEDED[path_of(method)])


def test_a_refusal_by_role_says_what_is_needed(at: Guarded) -> None:
    key = at.key("default", Role.READ_ONLY)
    with at.client(key) as client, pytest.raises(PermissionDeniedError) as caught:
        client.sessions.create()
    assert caught.value.message == (
        "CreateSession needs the role EXECUTOR; this API key has READ_ONLY"
    )
    error_table.check(caught.value)


def test_health_is_open_and_reflection_is_not(at: Guarded) -> None:
    health: Any = health_pb2_grpc.HealthStub(at.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=""))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(at.channel)
    request: Any = reflection_pb2.ServerReflectionRequest
    ask = [request(list_services="")]
    with pytest.raises(grpc.RpcError) as caught:
        list(reflection.ServerReflectionInfo(iter(ask)))
    assert from_call(caught.value).reason == "KEY_MISSING"
    found = list(reflection.ServerReflectionInfo(iter(ask), metadata=metadata_of(at.admin)))
    assert len(found[0].list_services_response.service) > 5


@pytest.mark.parametrize(
    "metadata",
    [
        [("authorization", "{}")],
        [("authorization", "Basic {}")],
        [("authorization", "Bearer {}"), ("authorization", "Bearer {}")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer {}x")],
    ],
)
def test_a_malformed_header_is_refused(at: Guarded, metadata: list[tuple[str, str]]) -> None:
    sent = [(name, value.format(at.admin)) for name, value in metadata]
    stub: Any = session_pb2_grpc.SessionServiceStub(at.channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListSessions(session_pb2.ListSessionsRequest(), metadata=sent)
    error = from_call(caught.value)
    assert error.reason == "KEY_MALFORMED"
    assert at.admin not in error.message


async def test_both_clients_send_the_key_with_every_kind_of_call(at: Guarded) -> None:
    key = at.key("default", Role.EXECUTOR)
    with at.client(key) as client, client.sessions.create() as session:
        file = client.files.upload(b"x", "x")
        assert session.run("1").text == "1"
        assert client.files.read(file.id) == b"x"
        session.files.write("y", b"y")
    async with (
        AsyncClient(at.address, api_key=key) as asynchronous,
        await asynchronous.sessions.create() as own,
    ):
        file = await asynchronous.files.upload(b"x", "x")
        assert (await own.run("1")).text == "1"
        assert await asynchronous.files.read(file.id) == b"x"
        await own.files.write("y", b"y")
    with Client(at.address) as nobody, pytest.raises(UnauthenticatedError):
        nobody.files.read(file.id)


def test_a_revoked_key_ends_the_streams_that_it_has_open(at: Guarded) -> None:
    key, other = at.key("default", Role.EXECUTOR), at.key("default", Role.EXECUTOR)
    with at.client(key) as client, at.client(other) as neighbour, at.client(at.admin) as admin:
        session = client.sessions.create()
        execution = session.execute("print('on', flush=True); import time; time.sleep(30)")
        stream = iter(execution)
        while not isinstance(next(stream), events.Stdout):
            pass
        watching = iter(neighbour.executions.watch(execution.id))
        next(watching)
        admin.admin.revoke_key(key_id(key))
        with pytest.raises(UnauthenticatedError) as caught:
            list(stream)
        assert caught.value.reason == "KEY_REVOKED"
        assert refusal(at, key).reason == "KEY_REVOKED"
        # It runs on, as after any stream that ends; who has another key sees it.
        neighbour.executions.get(execution.id)
        neighbour.sessions.get(session.id).delete()
        assert list(watching)


def test_a_revoked_key_ends_an_upload(at: Guarded) -> None:
    key, upload_id = at.key("default", Role.EXECUTOR), f"upload_{token_hex(8)}"
    metadata = file_pb2.UploadFileMetadata(filename="x", upload_id=upload_id)
    coming: queue.SimpleQueue[file_pb2.UploadFileRequest | None] = queue.SimpleQueue()
    coming.put(file_pb2.UploadFileRequest(metadata=metadata))
    coming.put(file_pb2.UploadFileRequest(data=b"x"))
    stub: Any = file_pb2_grpc.FileServiceStub(at.channel)
    begun = stub.UploadFile.future(iter(coming.get, None), metadata=metadata_of(key), timeout=30)
    ask = file_pb2.GetUploadRequest(upload_id=upload_id)
    get = next(method for method in methods() if method.name == "GetUpload")
    until(lambda: error_of(at.channel, get, [ask], at.admin) is None)
    with at.client(at.admin) as admin:
        admin.admin.revoke_key(key_id(key))
    with pytest.raises(grpc.RpcError) as caught:
        begun.result()
    coming.put(None)
    assert from_call(caught.value).reason == "KEY_REVOKED"


def test_a_stream_ends_when_its_key_expires(at: Guarded) -> None:
    with at.client(at.admin) as admin:
        key = admin.admin.create_key("default", Role.EXECUTOR, expires_after=3).secret
        with at.client(key) as client:
            session = client.sessions.create()
            with pytest.raises(UnauthenticatedError) as caught:
                session.run("import time; time.sleep(30)")
        assert caught.value.reason == "KEY_EXPIRED"
        assert refusal(at, key).reason == "KEY_EXPIRED"
        admin.sessions.get(session.id).delete()


def test_a_rotated_key_has_a_new_secret_and_the_old_one_for_a_while(at: Guarded) -> None:
    first = at.key("default", Role.READ_ONLY)
    with at.client(at.admin) as admin:
        second = admin.admin.rotate_key(key_id(first), grace=3600).secret
        for key in (first, second):
            with at.client(key) as client:
                list(client.sessions.list())
        third = admin.admin.rotate_key(key_id(first)).secret
        assert refusal(at, first).reason == "KEY_UNKNOWN"
        assert refusal(at, second).reason == "KEY_REPLACED"
        with at.client(third) as client:
            list(client.sessions.list())
        admin.admin.revoke_key(key_id(first))
        with pytest.raises(WrongStateError) as caught:
            admin.admin.rotate_key(key_id(first))
        error_table.check(caught.value)
        keys = {key.id: key for key in admin.admin.keys("default")}
        assert keys[key_id(first)].revoke_time is not None


def test_an_admin_may_rotate_and_revoke_the_very_key_that_it_uses(at: Guarded) -> None:
    first = at.key("default", Role.ADMIN)
    with at.client(first) as admin:
        second = admin.admin.rotate_key(key_id(first)).secret
    assert refusal(at, first).reason == "KEY_REPLACED"
    with at.client(second) as admin:
        assert admin.admin.revoke_key(key_id(first)).revoke_time is not None
    assert refusal(at, second).reason == "KEY_REVOKED"


def test_keys_are_valid_after_a_restart_unless_the_servers_secret_changed(tmp_path: Path) -> None:
    with guarded(tmp_path) as at:
        at.server.stop()
        at.server.start()
        with at.client(at.admin) as client:
            list(client.admin.keys())
        at.server.stop()
        secret = at.server.state / "secret"
        secret.chmod(0o644)
        with pytest.raises(AssertionError, match="other users can access it"):
            at.server.start()
        assert at.server.wait() == 1
        secret.unlink()
        at.server.start()
        assert refusal(at, at.admin).reason == "KEY_UNKNOWN"


def test_a_sent_key_is_verified_where_none_is_required(tmp_path: Path) -> None:
    with guarded(tmp_path, CELLBLOCK_AUTH__REQUIRED="false") as at:
        other = at.tenant("other", Role.READ_ONLY)
        with Client(at.address) as local, local.sessions.create() as session:
            with at.client(other) as client:
                assert list(client.sessions.list()) == []
                with pytest.raises(PermissionDeniedError):
                    client.sessions.create()
            assert [info.id for info in local.sessions.list()] == [session.id]
        assert refusal(at, UNKNOWN).reason == "KEY_UNKNOWN"
