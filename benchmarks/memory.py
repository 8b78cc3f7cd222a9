"""Counters of processes: peak memory, and bytes written."""

from pathlib import Path


def peak_mib(pid: int) -> float:
    """Return a process's peak memory so far, in MiB, from the kernel's record (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def written_bytes(pid: int) -> int:
    """Return the bytes that a process has written to files and sockets (wchar, proc(5))."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["wchar"])
