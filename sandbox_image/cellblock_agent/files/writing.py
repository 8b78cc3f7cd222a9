"""Detection of files that some process has open for writing."""

import errno
import fcntl
import os
import signal
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
    try:
        # A process that opens the file during the lease makes the kernel send a signal: SIGIO would
        # end this process, SIGURG is ignored by default.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError as error:
        has_leases = error.errno not in (errno.EINVAL, errno.ENOSYS)
        return not has_leases and _has_writer(os.fstat(file), max_descriptors)
    # Immediately: until then, a process that opens the file has to wait.
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _has_writer(wanted: os.stat_result, max_descriptors: int) -> bool:
    for opened in islice(_open_files(), max_descriptors):
        # A file that has been closed meanwhile, or whose process has ended, has no writer.
        with suppress(OSError):
            if os.path.samestat(opened.stat(), wanted) and _is_for_writing(opened):
                return True
    return False


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
