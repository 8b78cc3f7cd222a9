"""Health service on a Unix socket, for a supervisor on the same machine."""

from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from cellblock_server.rpc.sockets import ListenError, clear_dead_socket, only_for_this_user


class HealthSocket:
    """A Unix socket without TLS and keys that serves only health checks.

    A container's health check has no certificate for mutual TLS.
    """

    def __init__(self, path: Path, servicer: health.aio.HealthServicer) -> None:
        """Serve `servicer` at `path`."""
        self._path = path
        self._server = grpc.aio.server()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, self._server)

    async def start(self) -> None:
        """Begin to serve. Raises ListenError."""
        clear_dead_socket(self._path)
        try:
            with only_for_this_user():
                self._server.add_insecure_port(f"unix:{self._path}")
        except RuntimeError as error:
            raise ListenError(f"server.health_socket: can't listen on {self._path}") from error
        await self._server.start()

    async def stop(self) -> None:
        """Stop serving."""
        await self._server.stop(None)
        self._path.unlink(missing_ok=True)
