"""The gRPC server: its services, address and limits."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
from grpc_health.v1 import health as standard_health
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from cellblock.v1 import (
    admin_pb2_grpc,
    execution_pb2_grpc,
    file_pb2_grpc,
    run_step_pb2_grpc,
    session_pb2_grpc,
)
from cellblock_server.app.draining import Draining
from cellblock_server.rpc.admin import AdminServicer
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.execution import ExecutionServicer
from cellblock_server.rpc.file import FileServicer
from cellblock_server.rpc.health import SERVICES, Health
from cellblock_server.rpc.inside import InternalSocket
from cellblock_server.rpc.pipeline import Pipeline
from cellblock_server.rpc.run_step import RunStepServicer
from cellblock_server.rpc.session import SessionServicer
from cellblock_server.rpc.sockets import ListenError, clear_dead_socket, only_for_this_user
from cellblock_server.rpc.tls import TlsError, TlsFiles, server_credentials
from cellblock_server.upstream.grpc_registration import found_by_name

MAX_METADATA_BYTES = 16 * 1024
PING_MILLISECONDS = 20_000
"""Interval of pings on a silent connection, to notice a caller that vanished."""
PING_TIMEOUT_MILLISECONDS = 10_000
MIN_CALLER_PING_MILLISECONDS = 5_000
"""Minimum interval of callers' pings; connections that ping more often are closed."""
CLOSE_SECONDS = 1.0
"""Seconds allowed for sending the statuses of calls that a stop ended."""
UNREAD_BYTES = 2**16
"""Bytes of a call that gRPC reads before a handler asks for its message.

By default it reads 4 MiB and more, of every call.
"""
MAX_PENDING_CALLS = 4_000
"""Maximum number of calls that wait for Python.

Over it gRPC cancels some of the new calls of any caller; at twice as many it cancels all.
`Strangers` prevents that.
"""
ROOM = 0.25
"""Share of connections that gRPC accepts over the limit; `Strangers` chooses which are closed.

With none, the last connection is refused, even one with a valid key.
"""
MIN_ROOM = 16


@dataclass(frozen=True)
class ListenerLimits:
    """Bounds on what callers send, with or without a key."""

    max_message_bytes: int
    max_connections: int
    max_calls_per_connection: int
    handshake_timeout: timedelta

    @property
    def accepted_connections(self) -> int:
        """Return the maximum number of connections that gRPC accepts."""
        return self.max_connections + max(MIN_ROOM, int(self.max_connections * ROOM))


class Listener:
    """Serves the public API on one address."""

    def __init__(
        self,
        address: str,
        limits: ListenerLimits,
        sessions: SessionServicer,
        executions: ExecutionServicer,
        files: FileServicer,
        run_steps: RunStepServicer,
        admin: AdminServicer,
        health: Health,
        pipeline: Pipeline,
        draining: Draining,
        strangers: Strangers,
        tls: TlsFiles | None,
        inside: InternalSocket | None,
    ) -> None:
        """Serve these on `address`: `host:port` or `unix:/path`, behind `pipeline`.

        `draining` has the open calls. The server also listens at `inside`, if another part of this
        process makes calls.
        """
        self._tls = tls
        self._draining = draining
        self._inside = inside
        self._address = address
        self._strangers = strangers
        handshake = int(limits.handshake_timeout.total_seconds() * 1000)
        self._server = grpc.aio.server(
            interceptors=[pipeline],
            options=[
                ("grpc.max_receive_message_length", limits.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                # Per address: strangers can not use up the connections for internal calls.
                ("grpc.max_allowed_incoming_connections", limits.accepted_connections),
                ("grpc.max_concurrent_streams", limits.max_calls_per_connection),
                # Without it gRPC refuses calls of callers within the limit: it counts ended calls
                # until it has cleaned up after them.
                ("grpc.http2.max_deallocating_streams", limits.max_calls_per_connection),
                ("grpc.server_handshake_timeout_ms", handshake),
                ("grpc.server.max_pending_requests", MAX_PENDING_CALLS),
                ("grpc.server.max_pending_requests_hard_limit", 2 * MAX_PENDING_CALLS),
                ("grpc.max_metadata_size", MAX_METADATA_BYTES),
                ("grpc.keepalive_time_ms", PING_MILLISECONDS),
                ("grpc.keepalive_timeout_ms", PING_TIMEOUT_MILLISECONDS),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", MIN_CALLER_PING_MILLISECONDS),
                # A stream that no handler reads may send this much, instead of gRPC's estimate.
                ("grpc.http2.lookahead_bytes", UNREAD_BYTES),
                ("grpc.http2.bdp_probe", 0),
                # Two servers must not share a port by accident.
                ("grpc.so_reuseport", 0),
            ],
        )
        added = found_by_name(self._server)
        session_pb2_grpc.add_SessionServiceServicer_to_server(sessions, added)
        execution_pb2_grpc.add_ExecutionServiceServicer_to_server(executions, added)
        file_pb2_grpc.add_FileServiceServicer_to_server(files, added)
        run_step_pb2_grpc.add_RunStepServiceServicer_to_server(run_steps, added)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(admin, added)
        health_pb2_grpc.add_HealthServicer_to_server(health.servicer, added)
        # It checks the type of the server that it is added to, and calls one method of it.
        reflection.enable_server_reflection([*SERVICES, *STANDARD_SERVICES], self._server)

    async def start(self) -> str:
        """Begin to serve; return the address, with the port that was chosen for port 0.

        Raises ListenError.
        """
        path = self._socket_path()
        if path is not None:
            clear_dead_socket(path)
        try:
            with only_for_this_user():
                port = self._bind()
        except TlsError as error:
            raise ListenError(f"server.tls_…: {error}") from error
        except RuntimeError as error:
            raise ListenError(f"can't listen on {self._address}: is it in use?") from error
        if self._inside is not None:
            self._inside.bind(self._server)
        await self._server.start()
        if path is None:
            self._strangers.watch_port(port)
        host, separator, _ = self._address.rpartition(":")
        return self._address if path is not None else f"{host}{separator}{port}"

    async def stop(self, grace: float) -> None:
        """Accept no more calls, and give those in flight that can't be resumed `grace` seconds."""
        self._draining.begin()
        stopping = asyncio.create_task(
            self._server.stop(grace + CLOSE_SECONDS), name="stop listening"
        )
        await asyncio.wait({stopping}, timeout=grace)
        self._draining.end_all()
        await stopping
        path = self._socket_path()
        if path is not None:
            path.unlink(missing_ok=True)
        if self._inside is not None:
            self._inside.close()

    def _bind(self) -> int:
        if self._tls is None:
            return self._server.add_insecure_port(self._address)
        return self._server.add_secure_port(self._address, server_credentials(self._tls))

    def _socket_path(self) -> Path | None:
        if not self._address.startswith("unix:"):
            return None
        return Path(self._address.removeprefix("unix:"))


STANDARD_SERVICES = (standard_health.SERVICE_NAME, reflection.SERVICE_NAME)
