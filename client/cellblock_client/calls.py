"""Calls of the API as values: a request, and how to read the response.

The sync and the async client are thin shells around these. Sessions and executions are here;
`file_calls.py`, `run_step_calls.py` and `admin_calls.py` have the others.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any, Generic, Literal, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from cellblock.v1 import execution_pb2, file_pb2, session_pb2
from cellblock_client.errors import Error
from cellblock_client.run_step_types import (
    Place,
    place_message,
)
from cellblock_client.types import (
    ExecutionInfo,
    Limits,
    SessionInfo,
    SessionState,
    execution_info,
    session_info,
)

T = TypeVar("T")
Seconds = float | timedelta
"""Duration: seconds as a number, or a `timedelta`."""

CALL_SECONDS = 120.0
"""Default timeout of a call that is not a stream."""
PAGE_SIZE = 100


@dataclass(frozen=True)
class Call(Generic[T]):
    """Call with one response."""

    service: Literal["session", "execution", "file", "run_step", "admin"]
    method: str
    request: Message
    parse: Callable[[Any], T]
    repeatable: bool = True
    """Whether a second call has no further effect."""
    gone: str = ""
    """Reason of a repeated deletion that the first attempt completed: the object is gone."""

    def is_done_by(self, error: Error) -> bool:
        """Return whether `error`, of a retry, means that an earlier attempt succeeded."""
        return bool(self.gone) and error.reason == self.gone


@dataclass(frozen=True)
class Page(Generic[T]):
    """Page of a listing."""

    items: list[T]
    next_token: str
    incomplete: bool = False
    """Whether the server's limit for listings left items out."""


def preferred_limit(inactivity_limit: Seconds | None, lifetime: Seconds | None) -> Seconds | None:
    """Return the inactivity limit, which may have been passed by its former name, `lifetime`."""
    if lifetime is not None:
        warnings.warn("lifetime: use inactivity_limit", DeprecationWarning, stacklevel=3)
    return lifetime if inactivity_limit is None else inactivity_limit


def create_session(
    *,
    session_id: str,
    thread_id: str,
    labels: Mapping[str, str],
    limits: Limits,
    idle_timeout: Seconds | None,
    inactivity_limit: Seconds | None,
    environment: Mapping[str, str],
    attachments: Sequence[file_pb2.Attachment],
    image: str,
    runtime: str,
    network: str,
) -> Call[SessionInfo]:
    """Create a session; repeatable, because the request has an id."""
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
        inactivity_limit=duration(inactivity_limit),
        environment=dict(environment),
        attachments=attachments,
        image=image,
        runtime=runtime,
        network=network,
    )
    return Call("session", "CreateSession", request, lambda r: session_info(r.session))


def get_session(session_id: str) -> Call[SessionInfo]:
    """Get a session."""
    request = session_pb2.GetSessionRequest(session_id=session_id)
    return Call("session", "GetSession", request, lambda r: session_info(r.session))


def list_sessions(
    token: str, thread_id: str, states: Sequence[SessionState]
) -> Call[Page[SessionInfo]]:
    """List sessions."""
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
    inactivity_limit: Seconds | None,
) -> Call[SessionInfo]:
    """Change a session's settings."""
    request = session_pb2.UpdateSessionRequest(
        session_id=session_id,
        labels=None if labels is None else session_pb2.Labels(labels=dict(labels)),
        idle_timeout=duration(idle_timeout),
        inactivity_limit=duration(inactivity_limit),
    )
    return Call("session", "UpdateSession", request, lambda r: session_info(r.session))


def keep_alive(session_id: str) -> Call[SessionInfo]:
    """Reset a session's idle timeout."""
    request = session_pb2.KeepAliveRequest(session_id=session_id)
    return Call("session", "KeepAlive", request, lambda r: session_info(r.session))


def restart_session(session_id: str, kernel_generation: int) -> Call[SessionInfo]:
    """Restart a session's kernel; repeatable, because the request names the kernel to replace."""
    request = session_pb2.RestartSessionRequest(
        session_id=session_id, kernel_generation=kernel_generation
    )
    return Call("session", "RestartSession", request, lambda r: session_info(r.session))


def delete_session(session_id: str) -> Call[SessionInfo]:
    """Delete a session."""
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
    """Run code; the client runs the stream."""
    return execution_pb2.ExecuteRequest(
        session_id=session_id,
        code=code,
        execution_id=execution_id or f"call_{token_hex(12)}",
        time_limit=duration(time_limit),
        environment=dict(environment or {}),
        cancel_on_disconnect=cancel_on_disconnect,
        place=place_message(place) if place else None,
    )


def get_execution(execution_id: str) -> Call[ExecutionInfo]:
    """Get an execution."""
    request = execution_pb2.GetExecutionRequest(execution_id=execution_id)
    return Call("execution", "GetExecution", request, lambda r: execution_info(r.execution))


def get_model_text(execution_id: str, max_characters: int) -> Call[str]:
    """Get an execution as text for a language model."""
    request = execution_pb2.GetModelTextRequest(
        execution_id=execution_id, max_characters=max_characters
    )
    return Call("execution", "GetModelText", request, lambda r: str(r.text))


def list_executions(session_id: str, token: str) -> Call[Page[ExecutionInfo]]:
    """List executions."""
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
    """Cancel an execution."""
    request = execution_pb2.CancelExecutionRequest(execution_id=execution_id)
    return Call("execution", "CancelExecution", request, lambda r: execution_info(r.execution))


def duration(value: Seconds | None) -> Duration | None:
    """Convert a duration to its proto message."""
    if value is None:
        return None
    message = Duration()
    message.FromTimedelta(value if isinstance(value, timedelta) else timedelta(seconds=value))
    return message
