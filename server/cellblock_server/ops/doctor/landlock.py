"""Check for Landlock, with which the kernel keeps code from ending its agent."""

import ctypes
import errno
import os
import re
from collections.abc import Mapping
from typing import Any

from cellblock_server.ops.doctor.finding import Finding, ok, warning

CREATE_RULESET = 444
"""Number of the system call, the same on every architecture."""
CREATE_RULESET_VERSION = 1
FIRST_RELEASE = (5, 19)
"""Linux release with ABI 2, the first one that the agent can use."""
FIRST_ABI = 2
ADVICE = "use Linux 5.19 or later with `landlock` in its `lsm=` boot parameter"


def landlock_finding(info: Mapping[str, Any], abi: int | None) -> Finding:
    """Return what the engine's kernel offers, by `GET /info` and the ABI that `landlock_abi` saw.

    Source: the kernel's `Documentation/userspace-api/landlock.rst`.
    """
    release = str(info.get("KernelVersion") or "")
    numbers = re.match(r"(\d+)\.(\d+)", release)
    loss = "code can have its own sandbox ended by using up its memory"
    if numbers and tuple(map(int, numbers.groups())) < FIRST_RELEASE:
        return warning("landlock", f"Linux {release} is too old for it: {loss}", ADVICE)
    if abi is not None and abi < FIRST_ABI:
        return warning("landlock", f"Linux {release} has it turned off: {loss}", ADVICE)
    if abi is None:
        return ok("landlock", f"Linux {release} has it; can't see from here if it is turned on")
    return ok("landlock", f"Linux {release} has it (ABI {abi})")


def landlock_abi() -> int | None:
    """Return the kernel's Landlock ABI; 0 if it has none, None if this process may not ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    abi = int(
        libc.syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_long(0), CREATE_RULESET_VERSION)
    )
    if abi >= 0:
        return abi
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EOPNOTSUPP):
        return 0
    if number == errno.EPERM:
        # A seccomp profile, such as the engine's own around the server's container.
        return None
    raise OSError(number, f"Landlock: {os.strerror(number)}")
