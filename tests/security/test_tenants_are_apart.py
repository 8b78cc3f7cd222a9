"""No call reaches another tenant's resources, or reveals that they exist."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from secrets import token_hex
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, run_step_pb2, session_pb2
from cellblock_client import Place, Role
from cellblock_client.errors import Error
from tests.security.callers import Guarded, key_id
from tests.support.callers import call, call_patiently, error_of, methods, status_of


@dataclass(frozen=True)
class TenantResources:
    """Names of a tenant's resources. The caller chooses all but the file's."""

    session: str = "sess_one"
    execution: str = "call_one"
    step: str = "step_one"
    run: str = "run_one"
    thread: str = "thread_one"
    upload: str = "upload_one"
    request: str = "request_one"
    file: str = "file-one"
    key: str = "key_one"
    tenant: str = "tenant_one"


MISSING = TenantResources(
    *(name.replace("one", "none") for name in asdict(TenantResources()).values())
)
pytestmark = pytest.mark.timeout(330)
"""The first test makes the fixture, which may have to wait for a busy machine."""

Requests = Callable[[TenantResources], Sequence[Message]]


def one(kind: type[Message], **fields: str) -> Requests:
    """Return one message, whose fields name the resources."""
    return lambda of: [kind(**{name: getattr(of, thing) for name, thing in fields.items()})]


def upload(of: TenantResources) -> Sequence[Message]:
    metadata = file_pb2.UploadFileMetadata(filename="own", upload_id=of.upload)
    return [
        file_pb2.UploadFileRequest(metadata=metadata),
        file_pb2.UploadFileRequest(end=file_pb2.EndOfData()),
    ]


def attach(of: TenantResources) -> Sequence[Message]:
    attachment = file_pb2.Attachment(file_id=of.file)
    return [file_pb2.AttachFileRequest(session_id=of.session, attachment=attachment)]


def write(of: TenantResources) -> Sequence[Message]:
    target = file_pb2.WriteSessionFileTarget(session_id=of.session, path="x")
    return [
        file_pb2.WriteSessionFileRequest(target=target),
        file_pb2.WriteSessionFileRequest(end=file_pb2.EndOfData()),
    ]


def execute(of: TenantResources) -> execution_pb2.ExecuteRequest:
    return execution_pb2.ExecuteRequest(
        session_id=of.session, execution_id=of.execution, code="1 + 1"
    )


NOT_FOUND: dict[str, Requests] = {
    "GetSession": one(session_pb2.GetSessionRequest, session_id="session"),
    "UpdateSession": one(session_pb2.UpdateSessionRequest, session_id="session"),
    "KeepAlive": one(session_pb2.KeepAliveRequest, session_id="session"),
    "RestartSession": one(session_pb2.RestartSessionRequest, session_id="session"),
    "DeleteSession": one(session_pb2.DeleteSessionRequest, session_id="session"),
    "Execute": lambda of: [execute(of)],
    "ExecuteStream": lambda of: [
        execution_pb2.ExecuteStreamRequest(start=execute(of)),
        execution_pb2.ExecuteStreamRequest(end=execution_pb2.EndOfCode()),
    ],
    "WatchExecution": one(execution_pb2.WatchExecutionRequest, execution_id="execution"),
    "GetExecution": one(execution_pb2.GetExecutionRequest, execution_id="execution"),
    "ListExecutions": one(execution_pb2.ListExecutionsRequest, session_id="session"),
    "CancelExecution": one(execution_pb2.CancelExecutionRequest, execution_id="execution"),
    "CompleteCode": one(execution_pb2.CompleteCodeRequest, session_id="session"),
    "InspectCode": one(execution_pb2.InspectCodeRequest, session_id="session"),
    "IsCodeComplete": one(execution_pb2.IsCodeCompleteRequest, session_id="session"),
    "GetUpload": one(file_pb2.GetUploadRequest, upload_id="upload"),
    "GetFile": one(file_pb2.GetFileRequest, file_id="file"),
    "DownloadFile": one(file_pb2.DownloadFileRequest, file_id="file"),
    "DeleteFile": one(file_pb2.DeleteFileRequest, file_id="file"),
    "AttachFile": attach,
    "DetachFile": one(file_pb2.DetachFileRequest, session_id="session", file_id="file"),
    "ListSessionFiles": one(file_pb2.ListSessionFilesRequest, session_id="session"),
    "ReadSessionFile": lambda of: [
        file_pb2.ReadSessionFileRequest(session_id=of.session, path="x")
    ],
    "WriteSessionFile": write,
    "DeleteSessionFile": lambda of: [
        file_pb2.DeleteSessionFileRequest(session_id=of.session, path="x")
    ],
    "StatSessionFile": lambda of: [
        file_pb2.StatSessionFileRequest(session_id=of.session, path="x")
    ],
    "MoveSessionFile": lambda of: [
        file_pb2.MoveSessionFileRequest(session_id=of.session, path="x", new_path="y")
    ],
    "SetSessionFileMode": lambda of: [
        file_pb2.SetSessionFileModeRequest(session_id=of.session, path="x", mode=0o600)
    ],
    "CreateSessionFolder": lambda of: [
        file_pb2.CreateSessionFolderRequest(session_id=of.session, path="x")
    ],
    "DownloadSessionFolder": one(file_pb2.DownloadSessionFolderRequest, session_id="session"),
    "GetRunStep": one(run_step_pb2.GetRunStepRequest, step_id="step"),
    "WatchRunSteps": one(run_step_pb2.WatchRunStepsRequest, step_id="step"),
    "ResolveAnnotations": one(run_step_pb2.ResolveAnnotationsRequest, session_id="session"),
}
"""Calls that name something."""
EMPTY: dict[str, Requests] = {
    "ListSessions": one(session_pb2.ListSessionsRequest, thread_id="thread"),
    "ListFiles": one(file_pb2.ListFilesRequest, session_id="session"),
    "ListRunSteps": one(run_step_pb2.ListRunStepsRequest, thread_id="thread"),
}
"""Calls that look for something."""
OWN: dict[str, Requests] = {
    "CreateSession": one(
        session_pb2.CreateSessionRequest,
        session_id="session",
        request_id="request",
        thread_id="thread",
    ),
    "UploadFile": upload,
}
"""Calls that make something: a name that another tenant has is as good as any."""
DENIED: dict[str, Requests] = {
    "CreateTenant": one(admin_pb2.CreateTenantRequest, tenant_id="tenant"),
    "GetTenant": one(admin_pb2.GetTenantRequest, tenant_id="tenant"),
    "ListTenants": one(admin_pb2.ListTenantsRequest),
    "UpdateTenant": one(admin_pb2.UpdateTenantRequest, tenant_id="tenant"),
    "GetUsage": one(admin_pb2.GetUsageRequest, tenant_id="tenant"),
    "ReportUsage": one(admin_pb2.ReportUsageRequest, tenant_id="tenant"),
    "GetServerStatus": one(admin_pb2.GetServerStatusRequest),
    "CreateKey": one(admin_pb2.CreateKeyRequest, tenant_id="tenant"),
    "ListKeys": one(admin_pb2.ListKeysRequest, tenant_id="tenant"),
    "RotateKey": one(admin_pb2.RotateKeyRequest, key_id="key"),
    "ListAuditEntries": one(admin_pb2.ListAuditEntriesRequest, tenant_id="tenant"),
    "RevokeKey": one(admin_pb2.RevokeKeyRequest, key_id="key"),
}
"""Calls that only an admin may make."""


@dataclass(frozen=True)
class Neighbours:
    """A server with a tenant that has resources, and a tenant without any."""

    at: Guarded
    owner: str
    """The key of the one who has them."""
    other: str
    things: TenantResources


@pytest.fixture(scope="module")
def neighbours(at: Guarded) -> Iterator[Neighbours]:
    owner, other = at.tenant("owner"), at.tenant("other")
    names = TenantResources()
    for requests in OWN.values():
        perform(at, requests(names), owner)
    with at.client(owner) as client:
        session = client.sessions.get(names.session)
        place = Place(run_id=names.run, step_id=names.step, more_calls=True)
        session.run("1 + 1", execution_id=names.execution, place=place)
        file = client.files.upload(b"the owner's", "owners")
        session.attach(file)
        things = TenantResources(file=file.id, key=key_id(owner), tenant="owner")
        yield Neighbours(at, owner, other, things)
        session.delete()


def perform(at: Guarded, requests: Sequence[Message], key: str) -> list[Any]:
    (method,) = (m for m in methods() if m.input_type.name == requests[0].DESCRIPTOR.name)
    return call_patiently(at.channel, method, requests, key)


def method_of(name: str) -> MethodDescriptor:
    (method,) = (method for method in methods() if method.name == name)
    return method


def test_each_call_is_tried() -> None:
    tried = [*NOT_FOUND, *EMPTY, *OWN, *DENIED]
    assert sorted(tried) == sorted(method.name for method in methods())


def words(error: Error, of: TenantResources) -> str:
    """Return the error's text without the requested names."""
    text = f"{status_of(error)} {error.reason} {error.message}"
    for name in asdict(of).values():
        text = text.replace(name, "…")
    return text


@pytest.mark.parametrize("name", NOT_FOUND)
@pytest.mark.parametrize("role", [Role.EXECUTOR, Role.ADMIN])
def test_resources_of_other_tenants_are_not_found(
    neighbours: Neighbours, name: str, role: Role
) -> None:
    key = neighbours.other if role is Role.EXECUTOR else neighbours.at.admin
    errors = {
        of: error_of(neighbours.at.channel, method_of(name), NOT_FOUND[name](of), key)
        for of in (neighbours.things, MISSING)
    }
    messages = [words(error, of) for of, error in errors.items() if error is not None]
    assert messages[0].startswith("NOT_FOUND ")
    # Another tenant's resource and a missing one give the same error.
    assert messages == [messages[0]] * 2


@pytest.mark.parametrize("name", EMPTY)
def test_resources_of_other_tenants_are_not_listed(neighbours: Neighbours, name: str) -> None:
    at, requests = neighbours.at, EMPTY[name](neighbours.things)
    (found,) = call(at.channel, method_of(name), requests, neighbours.other)
    assert found == type(found)()
    (found,) = call(at.channel, method_of(name), requests, neighbours.owner)
    assert name == "ListFiles" or found != type(found)()


@pytest.mark.parametrize("name", DENIED)
def test_only_an_admin_manages_tenants(neighbours: Neighbours, name: str) -> None:
    errors = {
        of: error_of(neighbours.at.channel, method_of(name), DENIED[name](of), neighbours.other)
        for of in (neighbours.things, MISSING)
    }
    messages = [words(error, of) for of, error in errors.items() if error is not None]
    assert messages[0].startswith("PERMISSION_DENIED ROLE_NOT_ALLOWED ")
    assert messages == [messages[0]] * 2


def test_two_tenants_may_choose_the_same_names(neighbours: Neighbours) -> None:
    key = neighbours.at.tenant(f"namesake-{token_hex(4)}")
    names = neighbours.things
    for name, requests in OWN.items():
        assert error_of(neighbours.at.channel, method_of(name), requests(names), key) is None
    with neighbours.at.client(key) as client:
        session = client.sessions.get(names.session)
        place = Place(run_id=names.run, step_id=names.step)
        result = session.run("'own'", execution_id=names.execution, place=place)
        assert result.text == "'own'"
        assert [info.id for info in client.sessions.list(thread_id=names.thread)] == [session.id]
        assert [info.code for info in session.executions()] == ["'own'"]
        assert client.run_steps.get(names.step).execution_ids == (names.execution,)
        session.delete()
    with neighbours.at.client(neighbours.owner) as client:
        session = client.sessions.get(names.session)
        assert session.info.end_time is None
        assert [info.code for info in session.executions()] == ["1 + 1"]
        assert client.executions.get(names.execution).code == "1 + 1"


def test_a_file_of_another_tenant_can_not_be_attached(neighbours: Neighbours) -> None:
    file_id = neighbours.things.file
    attachments = [file_pb2.Attachment(file_id=file_id)]
    request = session_pb2.CreateSessionRequest(attachments=attachments)
    method = method_of("CreateSession")
    error = error_of(neighbours.at.channel, method, [request], neighbours.other)
    assert error is not None
    assert error.reason == "FILE_NOT_FOUND"
    with neighbours.at.client(neighbours.other) as client, client.sessions.create() as session:
        attach = file_pb2.AttachFileRequest(session_id=session.id, attachment=attachments[0])
        detach = file_pb2.DetachFileRequest(session_id=session.id, file_id=file_id)
        for name, request_ in (("AttachFile", attach), ("DetachFile", detach)):
            error = error_of(neighbours.at.channel, method_of(name), [request_], neighbours.other)
            assert error is not None
            assert status_of(error) == "NOT_FOUND"


def test_a_run_step_of_another_tenant_is_no_cursor(neighbours: Neighbours) -> None:
    method = method_of("ListRunSteps")
    step = neighbours.things.step
    for request in (
        run_step_pb2.ListRunStepsRequest(after=step),
        run_step_pb2.ListRunStepsRequest(before=step),
    ):
        error = error_of(neighbours.at.channel, method, [request], neighbours.other)
        assert error is not None
        assert error.reason == "RUN_STEP_NOT_FOUND"


def test_the_owners_resources_are_unchanged_after_all_attacks(neighbours: Neighbours) -> None:
    things = neighbours.things
    for name in NOT_FOUND:
        for key in (neighbours.other, neighbours.at.admin):
            requests = NOT_FOUND[name](things)
            assert error_of(neighbours.at.channel, method_of(name), requests, key) is not None
    with neighbours.at.client(neighbours.owner) as client:
        session = client.sessions.get(things.session)
        assert session.run("1 + 2").text == "3"
        assert client.files.read(things.file) == b"the owner's"
