"""Confines a kernel and all that it starts with Landlock, for good.

Code has the same user as its agent. Two things follow that no permission prevents:

- It may lower its own score for the out-of-memory killer to the agent's, by writing to
  `/proc/self/oom_score_adj`. With its folders full and its own processes small, the agent is
  the largest process of the sandbox then, and is the one that is killed.
- It may send signals to the agent and to the fork server.

Landlock takes both away: no file of `/proc` may be written, and from ABI 6 on (Linux 6.12) no
signal leaves the domain.

Source: landlock(7), and the kernel's `Documentation/userspace-api/landlock.rst`.
"""

import ctypes
import os
import stat
import struct
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls, which have these numbers on every architecture."""
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
ACCESS_WRITE_FILE = 1 << 1
ACCESS_REFER = 1 << 13
"""Moving and linking between folders: refused unless it is allowed by name."""
SCOPE_SIGNAL = 1 << 1
REFER_ABI = 2
"""The first one that can allow moving files between folders; the one before refuses it."""
SCOPE_ABI = 6

ROOT = Path("/")
CLOSED = frozenset({"proc"})
"""Folders of the root in which no file may be written."""


_libc = ctypes.CDLL(None, use_errno=True)


def is_landlock_available() -> bool:
    """Return whether this host has what `confine_process` needs."""
    return _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION) >= REFER_ABI


def confine_process() -> bool:
    """Confine this thread and all that it starts; return whether the host can do that.

    To be called while the process has one thread. Raises OSError.
    """
    abi = _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    if abi < REFER_ABI:
        return False
    scopes = SCOPE_SIGNAL if abi >= SCOPE_ABI else 0
    # Access to files, to networks, and scopes. Older kernels know the first field only.
    attribute = struct.pack("=QQQ", ACCESS_WRITE_FILE | ACCESS_REFER, 0, scopes)
    size = len(attribute) if abi >= SCOPE_ABI else 8
    ruleset = _checked(_call(CREATE_RULESET, attribute, size, 0))
    try:
        for path in ROOT.iterdir():
            # A link that leads nowhere has nothing below.
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
