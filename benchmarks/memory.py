"""What processes have had."""

from pathlib import Path


def peak_mib(pid: int) -> float:
    """The most memory that a process has had so far, in MiB: the kernel's own record (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def written_bytes(pid: int) -> int:
    """How much a process has written so far, to files and sockets (wchar, proc(5))."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["wchar"])
