"""Memory of processes, in MiB."""

import re
from pathlib import Path

MIB = 2**20


def resident(pid: int) -> float:
    """Return the current memory, with the process's share of shared pages."""
    return _kib(Path(f"/proc/{pid}/status"), "VmRSS") / 1024


def forget_peak(pid: int) -> None:
    """Reset the value that `peak` returns."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> float:
    """Return the maximum since `forget_peak`."""
    return _kib(Path(f"/proc/{pid}/status"), "VmHWM") / 1024


def _kib(path: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    assert found is not None, path
    return int(found[1])
