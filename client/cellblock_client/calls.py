"""Every call of the API as a value: request and meaning of the response.

The sync and the async client are thin shells around these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any, Generic, Literal, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from cellblock.v1 import execution_pb2, file_pb2, run_step_pb2, session_pb2
from cellblock_client.errors import Error
from cellblock_client.run_step_types import (
    Annotations,
    Place,
    RunStep,
    RunStepFormat,
    RunStepPage,
    annotations,
    place_message,
    run_step,
    run_step_page,
)
from cellblock_client.types import (
    Attachment,
    ExecutionInfo,
    File,
    FilePurpose,
    Limits,
    ListOrder,
    SessionFile,
    SessionFileList,
    SessionInfo,
    SessionState,
    UploadState,
    attachment,
    execution_info,
    file_of,
    session_file,
    session_info,
    upload_state,
)

T = TypeVar("T")
Seconds = float | timedelta

CALL_SECONDS = 120.0
"""Default time-out of a call that is not a stream."""
PAGE_SIZE = 100
SESSION_FILES_PAGE_SIZE = 1000


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call with one response."""

    service: Literal["session", "execution", "file", "run_step", "admin"]
    method: str
    request: Message
    parse: Callable[[Any], T]
    repeatable: bool = True
    """Whether making it twice does no more than making it once."""
    gone: str = ""
    """The reason by which a repetition is told that the first one has done it: what it was to
    remove is not there."""

    def is_done_by(self, error: Error) -> bool:
        """Whether `error`, of a repetition, says that there is nothing left to do."""
        return bool(self.gone) and error.reason == self.gone


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing."""

    items: list[T]
    next_token: str
    incomplete: bool = False
    """Whether there is more than the server ever looks at."""


def create_session(
    *,
    session_id: str,
    thread_id: str,
    labels: Mapping[str, str],
    limits: Limits,
    idle_timeout: Seconds | None,
    lifetime: Seconds | None,
    environment: Mapping[str, str],
    attachments: Sequence[file_pb2.Attachment],
    image: str,
    runtime: str,
    network: str,
) -> Call[SessionInfo]:
    """CreateSession; repeatable by a request id of its own."""
    request = session_pb2.CreateSessionRequest(
        request_id=token_hex(16),
        session_id=session_id,
        thread_id=thread_id,
        labels=dict(labels),
        limits=session_pb2.ResourceLimits(
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            data_bytes=limits.data_bytes,
            tmp_bytes=limits.tmp_bytes,
        ),
        idle_timeout=duration(idle_timeout),
        lifetime=duration(lifetime),
        environment=dict(environment),
        attachments=attachments,
        image=image,
        runtime=runtime,
        network=network,
    )
    return Call("session", "CreateSession", request, lambda r: session_info(r.session))


def get_session(session_id: str) -> Call[SessionInfo]:
    """GetSession."""
    request = session_pb2.GetSessionRequest(session_id=session_id)
    return Call("session", "GetSession", request, lambda r: session_info(r.session))


def list_sessions(
    token: str, thread_id: str, states: Sequence[SessionState]
) -> Call[Page[SessionInfo]]:
    """ListSessions."""
    request = session_pb2.ListSessionsRequest(
        page_size=PAGE_SIZE,
        page_token=token,
        thread_id=thread_id,
        states=[state.value for state in states],
    )
    return Call(
        "session",
        "ListSessions",
        request,
        lambda r: Page([session_info(item) for item in r.sessions], r.next_page_token),
    )


def update_session(
    session_id: str,
    labels: Mapping[str, str] | None,
    idle_timeout: Seconds | None,
    lifetime: Seconds | None,
) -> Call[SessionInfo]:
    """UpdateSession."""
    request = session_pb2.UpdateSessionRequest(
        session_id=session_id,
        labels=None if labels is None else session_pb2.Labels(labels=dict(labels)),
        idle_timeout=duration(idle_timeout),
        lifetime=duration(lifetime),
    )
    return Call("session", "UpdateSession", request, lambda r: session_info(r.session))


def keep_alive(session_id: str) -> Call[SessionInfo]:
    """KeepAlive."""
    request = session_pb2.KeepAliveRequest(session_id=session_id)
    return Call("session", "KeepAlive", request, lambda r: session_info(r.session))


def restart_session(session_id: str, kernel_generation: int) -> Call[SessionInfo]:
    """RestartSession; repeatable, for it names the kernel that is to go."""
    request = session_pb2.RestartSessionRequest(
        session_id=session_id, kernel_generation=kernel_generation
    )
    return Call("session", "RestartSession", request, lambda r: session_info(r.session))


def delete_session(session_id: str) -> Call[SessionInfo]:
    """DeleteSession."""
    request = session_pb2.DeleteSessionRequest(session_id=session_id)
    return Call("session", "DeleteSession", request, lambda r: session_info(r.session))


def execute(
    session_id: str,
    code: str,
    execution_id: str | None,
    time_limit: Seconds | None,
    *,
    environment: Mapping[str, str] | None,
    cancel_on_disconnect: bool,
    place: Place | None,
) -> execution_pb2.ExecuteRequest:
    """Execute; the stream is the client's to run."""
    return execution_pb2.ExecuteRequest(
        session_id=session_id,
        code=code,
        execution_id=execution_id or f"call_{token_hex(12)}",
        timeout=duration(time_limit),
        environment=dict(environment or {}),
        cancel_on_disconnect=cancel_on_disconnect,
        place=place_message(place) if place else None,
    )


def get_execution(execution_id: str) -> Call[ExecutionInfo]:
    """GetExecution."""
    request = execution_pb2.GetExecutionRequest(execution_id=execution_id)
    return Call("execution", "GetExecution", request, lambda r: execution_info(r.execution))


def list_executions(session_id: str, token: str) -> Call[Page[ExecutionInfo]]:
    """ListExecutions."""
    request = execution_pb2.ListExecutionsRequest(
        session_id=session_id, page_size=PAGE_SIZE, page_token=token
    )
    return Call(
        "execution",
        "ListExecutions",
        request,
        lambda r: Page([execution_info(item) for item in r.executions], r.next_page_token),
    )


def cancel_execution(execution_id: str) -> Call[ExecutionInfo]:
    """CancelExecution."""
    request = execution_pb2.CancelExecutionRequest(execution_id=execution_id)
    return Call("execution", "CancelExecution", request, lambda r: execution_info(r.execution))


def get_run_step(step_id: str, form: RunStepFormat) -> Call[RunStep]:
    """GetRunStep."""
    request = run_step_pb2.GetRunStepRequest(step_id=step_id, format=form.value)
    return Call("run_step", "GetRunStep", request, lambda r: run_step(r.step))


def list_run_steps(
    *,
    session_id: str,
    thread_id: str,
    run_id: str,
    limit: int,
    order: ListOrder | None,
    after: str,
    before: str,
    form: RunStepFormat,
) -> Call[RunStepPage]:
    """ListRunSteps."""
    request = run_step_pb2.ListRunStepsRequest(
        session_id=session_id,
        thread_id=thread_id,
        run_id=run_id,
        limit=limit,
        order=order.value if order else file_pb2.LIST_ORDER_UNSPECIFIED,
        after=after,
        before=before,
        format=form.value,
    )
    return Call("run_step", "ListRunSteps", request, run_step_page)


def iterate_run_steps(
    token: str,
    *,
    session_id: str,
    thread_id: str,
    run_id: str,
    order: ListOrder | None,
    form: RunStepFormat,
) -> Call[Page[RunStep]]:
    """ListRunSteps as one of the pages that are fetched as needed."""
    call = list_run_steps(
        session_id=session_id,
        thread_id=thread_id,
        run_id=run_id,
        limit=PAGE_SIZE,
        order=order,
        after=token,
        before="",
        form=form,
    )

    def parse(response: run_step_pb2.ListRunStepsResponse) -> Page[RunStep]:
        page = call.parse(response)
        return Page(list(page.data), page.last_id if page.has_more else "")

    return Call("run_step", "ListRunSteps", call.request, parse)


def watch_run_steps(
    *,
    step_id: str,
    run_id: str,
    thread_id: str,
    session_id: str,
    after_step_id: str,
    after_sequence: int,
    form: RunStepFormat,
) -> run_step_pb2.WatchRunStepsRequest:
    """WatchRunSteps; the stream is the client's to run."""
    return run_step_pb2.WatchRunStepsRequest(
        step_id=step_id,
        run_id=run_id,
        thread_id=thread_id,
        session_id=session_id,
        after_step_id=after_step_id,
        after_sequence=after_sequence,
        format=form.value,
    )


def resolve_annotations(session_id: str, text: str, form: RunStepFormat) -> Call[Annotations]:
    """ResolveAnnotations."""
    request = run_step_pb2.ResolveAnnotationsRequest(
        session_id=session_id, text=text, format=form.value
    )
    return Call("run_step", "ResolveAnnotations", request, annotations)


def get_file(file_id: str) -> Call[File]:
    """GetFile."""
    request = file_pb2.GetFileRequest(file_id=file_id)
    return Call("file", "GetFile", request, lambda r: file_of(r.file))


def list_files(
    token: str,
    *,
    session_id: str,
    execution_id: str,
    purpose: FilePurpose | None,
    filename: str,
    order: ListOrder | None,
) -> Call[Page[File]]:
    """ListFiles."""
    request = file_pb2.ListFilesRequest(
        page_size=PAGE_SIZE,
        page_token=token,
        session_id=session_id,
        execution_id=execution_id,
        purpose=purpose.value if purpose else file_pb2.FILE_PURPOSE_UNSPECIFIED,
        filename=filename,
        order=order.value if order else file_pb2.LIST_ORDER_UNSPECIFIED,
    )
    return Call(
        "file",
        "ListFiles",
        request,
        lambda r: Page([file_of(item) for item in r.files], r.next_page_token),
    )


def get_upload(upload_id: str) -> Call[UploadState]:
    """GetUpload."""
    request = file_pb2.GetUploadRequest(upload_id=upload_id)
    return Call("file", "GetUpload", request, upload_state)


def delete_file(file_id: str) -> Call[None]:
    """DeleteFile."""
    request = file_pb2.DeleteFileRequest(file_id=file_id)
    return Call("file", "DeleteFile", request, lambda _r: None, gone="FILE_NOT_FOUND")


def attach_file(session_id: str, wanted: file_pb2.Attachment) -> Call[Attachment]:
    """AttachFile."""
    request = file_pb2.AttachFileRequest(session_id=session_id, attachment=wanted)
    return Call("file", "AttachFile", request, lambda r: attachment(wanted.file_id, r))


def detach_file(session_id: str, file_id: str) -> Call[None]:
    """DetachFile."""
    request = file_pb2.DetachFileRequest(session_id=session_id, file_id=file_id)
    return Call("file", "DetachFile", request, lambda _r: None, gone="ATTACHMENT_NOT_FOUND")


def list_session_files(session_id: str, folder: str, token: str) -> Call[Page[SessionFile]]:
    """ListSessionFiles."""
    request = file_pb2.ListSessionFilesRequest(
        session_id=session_id, folder=folder, page_size=SESSION_FILES_PAGE_SIZE, page_token=token
    )
    return Call(
        "file",
        "ListSessionFiles",
        request,
        lambda r: Page(
            [session_file(item) for item in r.files], r.next_page_token, bool(r.incomplete)
        ),
    )


def session_file_list(pages: Sequence[Page[SessionFile]]) -> SessionFileList:
    """All pages of a listing as one."""
    files = SessionFileList(file for page in pages for file in page.items)
    files.incomplete = any(page.incomplete for page in pages)
    return files


def delete_session_file(session_id: str, path: str, *, recursive: bool) -> Call[None]:
    """DeleteSessionFile."""
    request = file_pb2.DeleteSessionFileRequest(
        session_id=session_id, path=path, recursive=recursive
    )
    return Call(
        "file", "DeleteSessionFile", request, lambda _r: None, gone="SESSION_FILE_NOT_FOUND"
    )


def create_session_folder(session_id: str, path: str) -> Call[SessionFile]:
    """CreateSessionFolder."""
    request = file_pb2.CreateSessionFolderRequest(session_id=session_id, path=path)
    return Call("file", "CreateSessionFolder", request, lambda r: session_file(r.folder))


def duration(value: Seconds | None) -> Duration | None:
    """For the wire."""
    if value is None:
        return None
    message = Duration()
    message.FromTimedelta(value if isinstance(value, timedelta) else timedelta(seconds=value))
    return message
