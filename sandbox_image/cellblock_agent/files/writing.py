"""Detection of files that some process has open for writing."""

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

MAX_DESCRIPTORS = 2000
"""Default maximum of open files of processes that are examined where there are no leases."""


def is_open_for_writing(file: int, max_descriptors: int = MAX_DESCRIPTORS) -> bool:
    """Return whether a file has a writer, by trying a read lease; fcntl(2), "Leases".

    A writable mapping is a writer, too. Where there are no leases, as under gVisor, the open files
    of processes are examined, at most `max_descriptors`, and mappings are ignored. Returns False
    for the file of another user.
    """
    has_writer = has_writer_by_lease(file)
    if has_writer is None:
        info = os.fstat(file)
        return (info.st_dev, info.st_ino) in inodes_open_for_writing(max_descriptors)
    return has_writer


def has_writer_by_lease(file: int) -> bool | None:
    """Return whether a file has a writer; None where there are no leases."""
    try:
        # A process that opens the file during the lease makes the kernel send a signal: SIGIO would
        # end this process, SIGURG is ignored by default.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError as error:
        return None if error.errno in (errno.EINVAL, errno.ENOSYS) else False
    # Immediately: until then, a process that opens the file has to wait.
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def inodes_open_for_writing(max_descriptors: int = MAX_DESCRIPTORS) -> set[tuple[int, int]]:
    """Return the devices and inodes of files that other processes have open for writing."""
    found = set()
    for opened in islice(_open_files(), max_descriptors):
        # A file that has been closed meanwhile, or whose process has ended, has no writer.
        with suppress(OSError):
            info = opened.stat()
            if stat.S_ISREG(info.st_mode) and _is_for_writing(opened):
                found.add((info.st_dev, info.st_ino))
    return found


def _open_files() -> Iterator[Path]:
    """Yield the open files of all other processes that this one may examine."""
    own = str(os.getpid())
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and process.name != own:
            with suppress(OSError):
                yield from (process / "fd").iterdir()


def _is_for_writing(opened: Path) -> bool:
    """Return whether an open file is for writing. Source: proc(5), `/proc/pid/fdinfo`."""
    for line in (opened.parent.parent / "fdinfo" / opened.name).read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "flags":
            return int(value, 8) & os.O_ACCMODE != os.O_RDONLY
    return False
