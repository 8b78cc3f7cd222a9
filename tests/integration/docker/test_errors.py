"""The table of docs/reference/errors.md, walked: each failure is a real one of a real server.

Of each is asked what the `openai` package raises when an executor hands it on.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import grpc
import pytest

from cellblock.v1 import (
    execution_pb2,
    execution_pb2_grpc,
    file_pb2,
    file_pb2_grpc,
    run_step_pb2,
    run_step_pb2_grpc,
    session_pb2,
    session_pb2_grpc,
)
from cellblock_client import Client, Limits
from cellblock_client.client import Session
from tests.support.engine import containers, docker
from tests.support.error_table import refused
from tests.support.waiting import until

MIB = 2**20


class Calls:
    """The services as they are, for what the client would not say."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.session = session_pb2_grpc.SessionServiceStub(channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(channel)
        self.file = file_pb2_grpc.FileServiceStub(channel)
        self.run_step = run_step_pb2_grpc.RunStepServiceStub(channel)

    def create(self, request_id: str, thread_id: str) -> str:
        request = session_pb2.CreateSessionRequest(request_id=request_id, thread_id=thread_id)
        return self.session.CreateSession(request).session.id

    def upload(self, upload_id: str, filename: str, offset: int = 0) -> None:
        """Start an upload of a few bytes."""
        metadata = file_pb2.UploadFileMetadata(
            upload_id=upload_id, filename=filename, offset=offset
        )
        self.file.UploadFile(
            iter(
                [
                    file_pb2.UploadFileRequest(metadata=metadata),
                    file_pb2.UploadFileRequest(end=file_pb2.EndOfData()),
                ]
            )
        )

    def execute(self, session: Session, **place: Any) -> None:
        request = execution_pb2.ExecuteRequest(session_id=session.id, code="1")
        request.place.CopyFrom(execution_pb2.RunStepPlace(**place))
        list(self.execution.Execute(request))


@pytest.fixture
def calls(server: str) -> Iterator[Calls]:
    with grpc.insecure_channel(server) as channel:
        yield Calls(channel)


def new(prefix: str) -> str:
    return f"{prefix}{token_hex(8)}"


@dataclass
class FailureSetup:
    """The server and clients with which a failure is provoked."""

    client: Client
    calls: Calls


def a_malformed_field(at: FailureSetup) -> None:
    with refused("INVALID_FIELD", status="INVALID_ARGUMENT", field="session_id"):
        at.client.sessions.create(session_id="not-a-session")


def a_field_past_its_bound(at: FailureSetup) -> None:
    with refused("OUT_OF_BOUNDS", status="OUT_OF_RANGE", field="limits.pids"):
        at.client.sessions.create(limits=Limits(pids=10))


def no_such_session(at: FailureSetup) -> None:
    with refused("SESSION_NOT_FOUND"):
        at.client.sessions.get("sess_nobody")


def no_such_execution(at: FailureSetup) -> None:
    with refused("EXECUTION_NOT_FOUND"):
        at.client.executions.get("call_nobody")


def no_such_file(at: FailureSetup) -> None:
    with refused("FILE_NOT_FOUND"):
        at.client.files.get("file-nothing")
    with refused("FILE_NOT_FOUND"):
        at.client.files.read("file-nothing")


def no_such_upload(at: FailureSetup) -> None:
    with refused("UPLOAD_NOT_FOUND"):
        at.calls.file.GetUpload(file_pb2.GetUploadRequest(upload_id="upload_nothing"))


def no_such_run_step(at: FailureSetup) -> None:
    with refused("RUN_STEP_NOT_FOUND"):
        at.calls.run_step.GetRunStep(run_step_pb2.GetRunStepRequest(step_id="step_nothing"))


def another_body_under_the_same_request_id(at: FailureSetup) -> None:
    request_id = new("request-")
    session_id = at.calls.create(request_id, "thread_1")
    try:
        with refused("REQUEST_EXISTS"):
            at.calls.create(request_id, "thread_2")
    finally:
        at.client.sessions.get(session_id).delete()


def another_file_under_the_same_upload_id(at: FailureSetup) -> None:
    upload_id = new("upload_")
    at.calls.upload(upload_id, "one")
    with refused("UPLOAD_EXISTS"):
        at.calls.upload(upload_id, "another")


def an_upload_that_goes_on_too_far(at: FailureSetup) -> None:
    with refused("UPLOAD_OFFSET"):
        at.calls.upload(new("upload_"), "a", offset=10)


OF_THE_SERVER = [
    a_malformed_field,
    a_field_past_its_bound,
    no_such_session,
    no_such_execution,
    no_such_file,
    no_such_upload,
    no_such_run_step,
    another_body_under_the_same_request_id,
    another_file_under_the_same_upload_id,
    an_upload_that_goes_on_too_far,
]


@pytest.mark.parametrize("provoke", OF_THE_SERVER, ids=lambda provoke: provoke.__name__)
def test_errors_of_calls_to_the_server(
    client: Client, calls: Calls, provoke: Callable[[FailureSetup], None]
) -> None:
    provoke(FailureSetup(client, calls))


@dataclass
class SessionFailureSetup(FailureSetup):
    """The server, its clients, and a session that other tests use, too."""

    session: Session


def a_file_that_is_not_attached(at: SessionFailureSetup) -> None:
    with refused("ATTACHMENT_NOT_FOUND"):
        at.session.detach("file-nothing")


def no_such_path(at: SessionFailureSetup) -> None:
    with refused("SESSION_FILE_NOT_FOUND"):
        at.session.files.read("nothing")


def a_taken_session_id(at: SessionFailureSetup) -> None:
    with refused("SESSION_EXISTS"):
        at.client.sessions.create(session_id=at.session.id)


def other_code_under_the_same_execution_id(at: SessionFailureSetup) -> None:
    execution_id = new("call_")
    at.session.run("1", execution_id=execution_id)
    with refused("EXECUTION_EXISTS"):
        at.session.run("2", execution_id=execution_id)


def another_run_of_the_same_run_step(at: SessionFailureSetup) -> None:
    step_id = new("step_")
    at.calls.execute(at.session, step_id=step_id, run_id="run_1", more_calls=True)
    with refused("RUN_STEP_EXISTS"):
        at.calls.execute(at.session, step_id=step_id, run_id="run_2")


def a_call_after_the_last_one_of_a_run_step(at: SessionFailureSetup) -> None:
    step_id = new("step_")
    at.calls.execute(at.session, step_id=step_id)
    with refused("RUN_STEP_ENDED"):
        at.calls.execute(at.session, step_id=step_id)


def a_taken_attachment_name(at: SessionFailureSetup) -> None:
    name = new("")
    at.session.attach(b"one", name)
    with refused("ATTACHMENT_EXISTS"):
        at.session.attach(b"another", name)


def a_file_where_a_folder_is_wanted(at: SessionFailureSetup) -> None:
    name = new("")
    at.session.files.write(name, b"x")
    with refused("SESSION_FILE_EXISTS"):
        at.session.files.create_folder(name)


def a_folder_that_is_not_empty(at: SessionFailureSetup) -> None:
    name = new("")
    at.session.files.write(f"{name}/file", b"x")
    with refused("SANDBOX_REFUSED"):
        at.session.files.delete(name)


def a_hostile_archive(at: SessionFailureSetup) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    with refused("SANDBOX_REFUSED"):
        at.session.attach(data.getvalue(), f"{new('')}.tar", unpack=True)


def a_deleted_session(at: SessionFailureSetup) -> None:
    session = at.client.sessions.create()
    session.delete()
    with refused("SESSION_DELETED"):
        session.run("1")


def an_expired_session(at: SessionFailureSetup) -> None:
    session = at.client.sessions.create(idle_timeout=0.01)
    until(lambda: session.refresh().end_time is not None)
    with refused("SESSION_EXPIRED"):
        session.run("1")


IN_A_SESSION = [
    a_file_that_is_not_attached,
    no_such_path,
    a_taken_session_id,
    other_code_under_the_same_execution_id,
    another_run_of_the_same_run_step,
    a_call_after_the_last_one_of_a_run_step,
    a_taken_attachment_name,
    a_file_where_a_folder_is_wanted,
    a_folder_that_is_not_empty,
    a_hostile_archive,
    a_deleted_session,
    an_expired_session,
]


@pytest.mark.parametrize("provoke", IN_A_SESSION, ids=lambda provoke: provoke.__name__)
def test_errors_of_calls_to_a_session(
    client: Client,
    calls: Calls,
    shared_session: Session,
    provoke: Callable[[SessionFailureSetup], None],
) -> None:
    provoke(SessionFailureSetup(client, calls, shared_session))


def test_a_session_whose_sandbox_was_lost(client: Client, instance: str) -> None:
    before = set(containers(instance))
    session = client.sessions.create()
    (name,) = set(containers(instance)) - before
    docker("rm", "--force", name)
    until(lambda: session.refresh().end_time is not None)
    with refused("SESSION_FAILED"):
        session.run("1")


def test_a_full_sandbox(client: Client) -> None:
    limits = Limits(data_bytes=MIB)
    with client.sessions.create(limits=limits) as session, refused("SANDBOX_FULL"):
        session.files.write("more", bytes(2 * MIB))


def test_a_full_queue(session: Session) -> None:
    streams = []
    for _ in range(17):  # one runs, sixteen wait
        streams.append(iter(session.execute("import time; time.sleep(30)")))
        next(streams[-1])
    with refused("QUEUE_FULL"):
        session.run("1")


def test_a_deadline_that_passes(session: Session) -> None:
    with refused("", status="DEADLINE_EXCEEDED"):
        session.run("import time; time.sleep(30)", timeout=0.2)
