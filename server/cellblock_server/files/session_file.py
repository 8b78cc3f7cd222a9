"""Files in a session's `/mnt/data`, as its agent lists them."""

from dataclasses import dataclass

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.files.messages import sandbox_path


@dataclass(frozen=True)
class SessionFile:
    """A file, folder or link in `/mnt/data`."""

    path: str
    bytes: int
    modify_time_ns: int
    """Nanoseconds since the epoch."""
    is_folder: bool
    mode: int
    """Permissions: the lowest twelve bits of `st_mode`."""
    is_link: bool = False
    link_target: str = ""
    """Target of a link, a claim of the sandbox; it is never followed."""


def session_file(entry: agent_pb.FileEntry) -> SessionFile:
    """Return a checked entry of an agent as a file."""
    return SessionFile(
        path=sandbox_path(entry.path),
        bytes=entry.bytes,
        modify_time_ns=entry.modify_time.ToNanoseconds(),
        is_folder=entry.is_folder,
        mode=entry.mode,
        is_link=entry.is_link,
        link_target=entry.link_target,
    )
