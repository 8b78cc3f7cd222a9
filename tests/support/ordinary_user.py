"""Work that is done without root's rights, for root may remove everything."""

import os
from collections.abc import Callable
from pathlib import Path

ORDINARY_USER = 65534


def as_ordinary_user(work: Callable[[], None]) -> int:
    """Run `work` in a child process without root's rights; return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
                os.setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
            work()
        except BaseException as error:  # noqa: BLE001 - the child must not go on with the tests
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def create_folder_for_ordinary_user(folder: Path) -> None:
    """Create a folder that belongs to the user of `as_ordinary_user`, and open the way to it."""
    folder.mkdir(parents=True)
    for path in folder.parents:
        status = path.stat()
        if status.st_uid == os.getuid() and status.st_mode & 0o011 != 0o011:
            path.chmod(status.st_mode | 0o011)
    if os.getuid() == 0:
        os.chown(folder.parent, ORDINARY_USER, ORDINARY_USER)
        os.chown(folder, ORDINARY_USER, ORDINARY_USER)
