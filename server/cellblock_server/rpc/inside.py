"""Second address of the listener, for calls from within this process, such as the console's.

Such calls pass the same stages as all others, so no check is written twice.
"""

import os
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from urllib.parse import unquote

import grpc

from cellblock_server.rpc.pipeline import Context
from cellblock_server.rpc.sockets import ListenError, clear_dead_socket, only_for_this_user

NAME = "inside.sock"
PEER_HEADER = "cellblock-peer"
Metadata = tuple[tuple[str, str], ...]


class InternalSocket:
    """A Unix socket in the state folder, which only this user can reach."""

    def __init__(self, folder: Path) -> None:
        """Use a socket in `folder`, created by `bind`."""
        self._path = folder / NAME
        self._folder = -1
        # A caller who reaches the socket otherwise must not choose the peer in the audit log.
        self._word = token_urlsafe(16)

    @property
    def address(self) -> str:
        """Return the address to call, while it is bound."""
        # Through the folder's descriptor: a socket's path has at most 107 bytes.
        return f"unix:/proc/self/fd/{self._folder}/{NAME}"

    def metadata(self, peer: str) -> Metadata:
        """Return the metadata of a call made for `peer`: `ip:port`."""
        return ((PEER_HEADER, f"{self._word} {peer}"),)

    def bind(self, server: grpc.aio.Server) -> None:
        """Have `server` listen here as well. Raises ListenError."""
        clear_dead_socket(self._path)
        self._folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            with only_for_this_user():
                server.add_insecure_port(self.address)
        except RuntimeError as error:
            raise ListenError(f"can't listen on {self._path}") from error

    def close(self) -> None:
        """Remove the socket; the server has stopped."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1
            self._path.unlink(missing_ok=True)

    def peer_of(self, context: Context) -> str:
        """Return the peer of a call; for an internal call, the peer that it is made for."""
        for name, value in context.invocation_metadata() or ():
            word, _, peer = str(value).partition(" ")
            if name == PEER_HEADER and compare_digest(word.encode(), self._word.encode()):
                return f"console:{peer}"
        return peer_of(context)


def peer_of(context: Context) -> str:
    """Return the peer of a call, in gRPC's form."""
    return unquote(context.peer())
