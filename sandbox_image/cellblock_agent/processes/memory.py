"""Memory limit, use and kills of the sandbox, as its control group reports them.

Sources: the kernel's cgroup-v2 documentation (`memory.events`, `memory.max`) and its cgroup-v1
memory documentation (`memory.oom_control`, `memory.limit_in_bytes`).
"""

import resource
from pathlib import Path

from cellblock_agent.processes import pseudo_files

EVENT_FILES = ("memory.events", "memory/memory.oom_control")
LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")
CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc")
OWN_MEMORY = "AnonPages"
"""Line of /proc/meminfo that counts against the limit; see `memory_watch.py`."""
UNLIMITED = 2**60
"""Threshold for no limit: cgroup v1 writes a number near 2⁶³."""


def count_oom_kills() -> int:
    """Return how many processes of the sandbox were killed for memory; 0 if that is unknown."""
    for name in EVENT_FILES:
        for line in _lines(name):
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
    return 0


def read_memory_limit() -> int | None:
    """Return the sandbox's memory limit in bytes; None if there is none or it is unknown."""
    for name in LIMIT_FILES:
        for line in _lines(name):
            if line.isdecimal() and int(line) < UNLIMITED:
                return int(line)
    return None


def read_free_bytes() -> int:
    """Return how many bytes of /proc/meminfo's total are free."""
    kib = {}
    for line in (PROC / "meminfo").read_text().splitlines():
        name, _, value = line.partition(":")
        kib[name] = int(value.split()[0])
    return 1024 * (kib["MemTotal"] - kib[OWN_MEMORY])


def read_resident_bytes(pid: int) -> int:
    """Return how many bytes of memory a process uses; 0 if it has ended."""
    try:
        pages = (PROC / str(pid) / "statm").read_text().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * resource.getpagesize()


def format_bytes(size: int) -> str:
    """Return a size for people: `1 GiB`, `1.5 GiB`, `100 MiB`."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def _lines(name: str) -> list[str]:
    try:
        return pseudo_files.read_pseudo_file(f"{CGROUP}/{name}").decode().splitlines()
    except OSError:
        # Another version of control groups, or none is visible here.
        return []
