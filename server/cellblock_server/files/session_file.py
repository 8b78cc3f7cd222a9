"""Files in a session's `/mnt/data`, as its agent lists them."""

from dataclasses import dataclass

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.files.messages import sandbox_path


@dataclass(frozen=True)
class SessionFile:
    """A file or folder in `/mnt/data`."""

    path: str
    bytes: int
    modify_time_ns: int
    """Nanoseconds since the epoch."""
    is_folder: bool


def session_file(entry: agent_pb.FileEntry) -> SessionFile:
    """Return a checked entry of an agent as a file."""
    return SessionFile(
        path=sandbox_path(entry.path),
        bytes=entry.bytes,
        modify_time_ns=entry.modify_time.ToNanoseconds(),
        is_folder=entry.is_folder,
    )
