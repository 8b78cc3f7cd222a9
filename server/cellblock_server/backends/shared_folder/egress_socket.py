"""Egress through a socket in the folder that a sandbox shares with the server."""

import asyncio
import os
import socket
from pathlib import Path

from cellblock_server.backends.sandbox import EgressHandler, EgressListener
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.errors import NotFoundError

NAME = "egress.sock"
SOCKET_MODE = 0o666
"""Mode of the socket: the sandbox's user differs from ours; the folder above keeps others out."""


async def listen_for_egress(folder: SandboxFolder, handler: EgressHandler) -> EgressListener:
    """Listen in the inputs, which the sandbox sees and can't change; see `Backend.open_egress`."""
    try:
        pinned = os.open(folder.inputs, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NotFoundError("sandbox", folder.path.name) from error
    try:
        # Through its descriptor: the path may exceed the 107 bytes of a socket's path.
        path = Path(f"/proc/self/fd/{pinned}") / NAME
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
    finally:
        os.close(pinned)
    return await asyncio.start_unix_server(handler, sock=listener)
