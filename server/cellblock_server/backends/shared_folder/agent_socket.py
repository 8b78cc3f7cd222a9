"""Connection to the agent's socket through a folder that a sandbox may have tampered with.

The path is never given to `connect`: the socket's inode is pinned by a file descriptor that was
opened without following links, checked, and then connected to through `/proc/self/fd`, so that
every later connection reaches that very socket, whatever happens to the name.
"""

import errno
import os
import socket
import stat
import struct
from pathlib import Path

from asyncinotify import Inotify, Mask

from cellblock_server.backends.errors import HostileSandboxError
from cellblock_server.common.errors import CellblockError, UnavailableError

NAME = "agent.sock"
CLOSED = -1
"""File descriptor of a closed socket."""
OUTSIDE = 0
"""Process id that the kernel gives for a process outside this process's namespace.

If the server is in a container, all sandboxes are outside; only processes inside the same container
can be distinguished from an agent.
"""

TAMPERED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Errors of opening the socket that a sandbox may have caused. All others are the host's."""
LACKING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC)
"""Errors that say that the host or this process has no more of something."""


async def wait_for_socket(folder: Path) -> None:
    """Return when something is called `agent.sock`; has no time limit."""
    with Inotify() as inotify:
        inotify.add_watch(folder, Mask.CREATE | Mask.MOVED_TO)
        # Checked after the watch is set, so that its creation can't be missed.
        if (folder / NAME).is_symlink() or (folder / NAME).exists():
            return
        async for event in inotify:
            if event.name is not None and event.name.name == NAME:
                return


class PinnedSocket:
    """The agent's socket, held by its inode. Close it when the connection is closed."""

    def __init__(self, folder: Path, first_pid: int | None) -> None:
        """Open and check `agent.sock` in `folder`.

        If `first_pid` is given, that process of the sandbox must be the one that listens,
        or the sandbox's machinery, as far as this process can see the host's; see
        `_check_listener`. Raises HostileSandboxError, and UnavailableError if the host lacks
        something, such as file descriptors.
        """
        try:
            directory = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                self._fd = os.open(NAME, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise socket_fault(error) from error
        try:
            if not stat.S_ISSOCK(os.fstat(self._fd).st_mode):
                raise HostileSandboxError("not a socket")
            if first_pid is not None:
                self._check_listener(first_pid)
        except OSError as error:
            self.close()
            raise _unavailable(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def target(self) -> str:
        """The gRPC target that reaches the pinned socket."""
        return f"unix:/proc/self/fd/{self._fd}"

    def close(self) -> None:
        """Release the socket. Idempotent: another file may have its descriptor by then."""
        descriptor, self._fd = self._fd, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    def _check_listener(self, first_pid: int) -> None:
        """Compare the credentials that the kernel recorded when the socket began to listen.

        Where the sandbox has its own kernel, as under gVisor, the host sees none of its processes:
        a process of the runtime listens for the agent, in the sandbox's control groups, as a user
        that nothing in a plain container can become.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # Non-blocking: a hostile process may have filled the queue, to hold up the event loop.
            probe.setblocking(False)
            try:
                probe.connect(f"/proc/self/fd/{self._fd}")
            except OSError as error:
                if error.errno in LACKING:
                    raise
                raise HostileSandboxError(f"does not accept: {error}") from error
            size = struct.calcsize("3i")
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        pid, uid, _gid = struct.unpack("3i", credentials)
        if pid == OUTSIDE:
            return
        if pid != first_pid and not _is_machinery(pid, uid, first_pid):
            raise HostileSandboxError(f"process {pid} listens, not the agent ({first_pid})")


def socket_fault(error: OSError) -> CellblockError:
    """Return what an error of looking for the socket means: a hostile sandbox, or a poor host."""
    return HostileSandboxError(str(error)) if error.errno in TAMPERED else _unavailable(error)


def _unavailable(error: OSError) -> UnavailableError:
    return UnavailableError(
        "SANDBOX_START_FAILED", "the server can't reach the sandbox now", detail=str(error)
    )


def _is_machinery(pid: int, uid: int, first_pid: int) -> bool:
    """Whether a listener is the runtime's own process for the sandbox of `first_pid`."""
    first, other = Path(f"/proc/{first_pid}"), Path(f"/proc/{pid}")
    try:
        same_groups = (first / "cgroup").read_text() == (other / "cgroup").read_text()
        return same_groups and uid not in _users(first)
    except OSError as error:
        if error.errno in LACKING:
            raise
        # One of them has ended, or is hidden from this process.
        return False


def _users(process: Path) -> set[int]:
    """Return all user ids of a process; the owner of its folder in /proc may differ."""
    for line in (process / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Uid":
            return {int(uid) for uid in value.split()}
    raise HostileSandboxError(f"{process} does not show its user")
