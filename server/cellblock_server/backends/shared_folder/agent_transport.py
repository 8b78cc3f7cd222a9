"""Connection to the agent of a sandbox that shares a folder with the server."""

from cellblock_server.backends.sandbox import AgentTransport
from cellblock_server.backends.shared_folder.agent_socket import (
    PinnedSocket,
    socket_fault,
    wait_for_socket,
)
from cellblock_server.backends.shared_folder.folder import SandboxFolder


async def connect_agent(folder: SandboxFolder, first_pid: int | None) -> AgentTransport:
    """Wait for the agent's socket, seal its folder, and pin the socket.

    A sealed folder has its socket already, so there is no wait. See `Backend.connect`, and
    `PinnedSocket` for `first_pid`.
    """
    try:
        is_sealed = folder.is_sealed()
        if not is_sealed:
            await wait_for_socket(folder.agent)
    except OSError as error:
        raise socket_fault(error) from error
    if not is_sealed:
        folder.seal()
    pinned = PinnedSocket(folder.agent, first_pid)
    return AgentTransport(pinned.target, pinned.close)
