"""The health service by itself, for whoever looks after this process from beside it."""

from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from cellblock_server.rpc.sockets import ListenError, clear_dead_socket, only_for_this_user


class HealthSocket:
    """A Unix socket without TLS and keys, where nothing but health can be asked.

    A container's check has no certificate that mutual TLS would take.
    """

    def __init__(self, path: Path, servicer: health.aio.HealthServicer) -> None:
        """Answer at `path` what `servicer` says."""
        self._path = path
        self._server = grpc.aio.server()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, self._server)

    async def start(self) -> None:
        """Begin to answer. Raises ListenError."""
        clear_dead_socket(self._path)
        try:
            with only_for_this_user():
                self._server.add_insecure_port(f"unix:{self._path}")
        except RuntimeError as error:
            raise ListenError(f"server.health_socket: can't listen on {self._path}") from error
        await self._server.start()

    async def stop(self) -> None:
        """Answer no more."""
        await self._server.stop(None)
        self._path.unlink(missing_ok=True)
