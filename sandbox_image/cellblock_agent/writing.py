"""Whether some process has a file open for writing."""

import fcntl
import signal


def is_open_for_writing(file: int) -> bool:
    """Ask by a read lease, which nobody gets while there is a writer; fcntl(2), "Leases".

    A writable mapping counts too. False where there are no leases, as under gVisor, or
    for the file of another user.
    """
    try:
        # Whoever opens the file while we have the lease makes the kernel send us a
        # signal: SIGIO would end this process, SIGURG is ignored by default.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    # At once: until then, who opens it has to wait.
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
