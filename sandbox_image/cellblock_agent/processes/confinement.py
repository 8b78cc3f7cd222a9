"""Confinement of a kernel and all its processes with Landlock, which can't be undone.

User code has the same user as its agent. Two attacks follow that file permissions don't prevent:

- It may lower its own out-of-memory score to the agent's, by writing to
  `/proc/self/oom_score_adj`. With full directories and small processes of its own, the agent is
  then the largest process of the sandbox, and the one that is killed.
- It may send signals to the agent and to the fork server.

Landlock prevents both: no file of `/proc` may be written, and from ABI 6 on (Linux 6.12) no signal
leaves the domain.

Source: landlock(7), and the kernel's `Documentation/userspace-api/landlock.rst`.
"""

import ctypes
import os
import stat
import struct
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
ACCESS_WRITE_FILE = 1 << 1
ACCESS_REFER = 1 << 13
"""Access right to move and link between directories: refused unless it is granted explicitly."""
SCOPE_SIGNAL = 1 << 1
REFER_ABI = 2
"""First ABI version that can grant moving files between directories; the one before refuses it."""
SCOPE_ABI = 6

ROOT = Path("/")
CLOSED = frozenset({"proc"})
"""Directories of the root in which no file may be written."""


_libc = ctypes.CDLL(None, use_errno=True)


def is_landlock_available() -> bool:
    """Return whether this host supports what `confine_process` needs."""
    return _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION) >= REFER_ABI


def confine_process() -> bool:
    """Confine this thread and all that it starts; return whether the host supports it.

    Call it while the process has one thread. Raises OSError.
    """
    abi = _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    if abi < REFER_ABI:
        return False
    scopes = SCOPE_SIGNAL if abi >= SCOPE_ABI else 0
    # Access to files, to networks, and scopes. Older kernels have only the first field.
    attribute = struct.pack("=QQQ", ACCESS_WRITE_FILE | ACCESS_REFER, 0, scopes)
    size = len(attribute) if abi >= SCOPE_ABI else 8
    ruleset = _checked(_call(CREATE_RULESET, attribute, size, 0))
    try:
        for path in ROOT.iterdir():
            # A dangling link has nothing below it.
            if path.name not in CLOSED and path.exists():
                _allow_below(ruleset, path)
        _checked(_call(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def _allow_below(ruleset: int, path: Path) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        is_folder = stat.S_ISDIR(os.fstat(place).st_mode)
        access = ACCESS_WRITE_FILE | (ACCESS_REFER if is_folder else 0)
        rule = struct.pack("=Qi", access, place)
        _checked(_call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(place)


def _call(number: int, *arguments: bytes | int | None) -> int:
    longs = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(_libc.syscall(ctypes.c_long(number), *longs))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
