"""SessionService: translates between requests and use cases of sessions."""

from datetime import timedelta
from typing import Any, TypeAlias

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from cellblock.v1 import session_pb2 as pb
from cellblock.v1 import session_pb2_grpc
from cellblock_server.app.sessions import SessionUseCases, SessionView
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.rpc.caller import tenant
from cellblock_server.sessions.image_messages import description_message
from cellblock_server.sessions.messages import session_message
from cellblock_server.sessions.request import AttachmentRequest, NewSession
from cellblock_server.store.records import SessionFilter, SessionState

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class SessionServicer(session_pb2_grpc.SessionServiceServicer):
    """See `session.proto`."""

    def __init__(self, sessions: SessionUseCases) -> None:
        """Translate to and from `sessions`."""
        self._sessions = sessions

    async def CreateSession(  # noqa: N802
        self, request: pb.CreateSessionRequest, context: Context
    ) -> pb.CreateSessionResponse:
        """Create a session, or return the one that the same request created."""
        session = await self._sessions.create(tenant(), _new_session(request))
        return pb.CreateSessionResponse(session=_message(session))

    async def GetSession(  # noqa: N802
        self, request: pb.GetSessionRequest, context: Context
    ) -> pb.GetSessionResponse:
        """Return a session."""
        session = await self._sessions.get(tenant(), request.session_id)
        return pb.GetSessionResponse(session=_message(session))

    async def ListSessions(  # noqa: N802
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        """Return a page of sessions."""
        wanted = SessionFilter(request.thread_id, [_state(state) for state in request.states])
        page = await self._sessions.list(tenant(), wanted, request.page_size, request.page_token)
        return pb.ListSessionsResponse(
            sessions=(_message(item, with_output=False) for item in page.items),
            next_page_token=page.next_token,
        )

    async def UpdateSession(  # noqa: N802
        self, request: pb.UpdateSessionRequest, context: Context
    ) -> pb.UpdateSessionResponse:
        """Change labels or timeouts."""
        session = await self._sessions.update(
            tenant(),
            request.session_id,
            dict(request.labels.labels) if request.HasField("labels") else None,
            span("idle_timeout", request, request.idle_timeout),
            span("inactivity_limit", request, request.inactivity_limit),
        )
        return pb.UpdateSessionResponse(session=_message(session))

    async def KeepAlive(  # noqa: N802
        self, request: pb.KeepAliveRequest, context: Context
    ) -> pb.KeepAliveResponse:
        """Postpone the idle timeout."""
        session = await self._sessions.keep_alive(tenant(), request.session_id)
        return pb.KeepAliveResponse(session=_message(session))

    async def RestartSession(  # noqa: N802
        self, request: pb.RestartSessionRequest, context: Context
    ) -> pb.RestartSessionResponse:
        """Restart the kernel: variables are lost, files stay."""
        session = await self._sessions.restart(
            tenant(), request.session_id, request.kernel_generation
        )
        return pb.RestartSessionResponse(session=_message(session))

    async def DescribeImage(  # noqa: N802
        self, request: pb.DescribeImageRequest, context: Context
    ) -> pb.DescribeImageResponse:
        """Return what sessions with an image have."""
        described = await self._sessions.describe_image(request.image, request.network)
        return pb.DescribeImageResponse(description=description_message(described))

    async def DeleteSession(  # noqa: N802
        self, request: pb.DeleteSessionRequest, context: Context
    ) -> pb.DeleteSessionResponse:
        """Delete the session and its `/mnt/data`."""
        session = await self._sessions.delete(tenant(), request.session_id)
        return pb.DeleteSessionResponse(session=_message(session))


def span(name: str, request: Message, value: Duration) -> timedelta | None:
    """Return a duration field, None if not given. Raises InvalidArgumentError if malformed."""
    if not request.HasField(name):
        return None
    try:
        return value.ToTimedelta()
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(name, "is not a valid duration") from error


def _message(view: SessionView, *, with_output: bool = True) -> pb.Session:
    return session_message(view.record, view.expire_time, with_output=with_output)


def _state(value: int) -> SessionState:
    try:
        return SessionState(value)
    except ValueError as error:
        raise InvalidArgumentError("states", f"unknown state {value}") from error


def _new_session(request: pb.CreateSessionRequest) -> NewSession:
    limits = request.limits
    return NewSession(
        request_id=request.request_id,
        session_id=request.session_id,
        thread_id=request.thread_id,
        labels=dict(request.labels),
        memory_bytes=limits.memory_bytes,
        cpus=limits.cpus,
        pids=limits.pids,
        data_bytes=limits.data_bytes,
        tmp_bytes=limits.tmp_bytes,
        idle_timeout=span("idle_timeout", request, request.idle_timeout),
        lifetime=span("inactivity_limit", request, request.inactivity_limit),
        environment=dict(request.environment),
        attachments=tuple(
            AttachmentRequest(item.file_id, item.filename, item.unpack)
            for item in request.attachments
        ),
        image=request.image,
        runtime=request.runtime,
        network=request.network,
    )
