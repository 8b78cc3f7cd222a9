"""CPU time and memory of a container, from the host's cgroup files.

Reading them takes microseconds; the engine needs a second for the same numbers. One limit is
written here: version 1 does not count the buffers of TCP and UDP sockets as memory, and has a limit
of their own for them, which runc does not set any more.
"""

from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
SOCKET_BUFFERS = "memory.kmem.tcp.limit_in_bytes"
MICROSECONDS, NANOSECONDS = 1e6, 1e9


def cpu_seconds(
    pid: int, container: str, proc: Path = PROC, cgroups: Path = CGROUPS
) -> float | None:
    """Return the CPU time of all processes ever in a container whose first process is `pid`.

    None if this process can't see it: it runs in a container itself, or the first process has
    ended, and another process may have its number.
    """
    try:
        folders = _folders(pid, container, proc, cgroups)
        if (version_1 := folders.get("cpuacct")) is not None:
            return int((version_1 / "cpuacct.usage").read_text()) / NANOSECONDS
        if (version_2 := folders.get("")) is not None:
            return _of_version_2(version_2 / "cpu.stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None


def memory_bytes(
    pid: int, container: str, proc: Path = PROC, cgroups: Path = CGROUPS
) -> int | None:
    """Return the memory of all processes in that container, file caches included; or None."""
    try:
        folders = _folders(pid, container, proc, cgroups)
        if (version_1 := folders.get("memory")) is not None:
            return int((version_1 / "memory.usage_in_bytes").read_text())
        if (version_2 := folders.get("")) is not None:
            return int((version_2 / "memory.current").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None


def limit_socket_buffers(
    pid: int, container: str, size: int, proc: Path = PROC, cgroups: Path = CGROUPS
) -> bool:
    """Limit the buffers of a container's TCP and UDP sockets to `size` bytes.

    Return whether they are limited. Version 2 counts them as memory. False if this process may
    not write there, which takes root on the host, or does not see it.

    Source: the kernel's documentation of control groups, version 1, `memory.kmem.tcp.*`.
    """
    try:
        folders = _folders(pid, container, proc, cgroups)
        if "memory" not in folders:
            return "" in folders
        (folders["memory"] / SOCKET_BUFFERS).write_text(str(size))
    except OSError:
        return False
    return True


def _folders(pid: int, container: str, proc: Path, cgroups: Path) -> dict[str, Path]:
    """Return the container's folders, by their controllers; version 2 has one, under ``."""
    found: dict[str, Path] = {}
    for line in (proc / str(pid) / "cgroup").read_text().splitlines():
        _number, controllers, path = line.split(":", 2)
        if container in path:
            for controller in controllers.split(","):
                found[controller] = cgroups / controller / path.lstrip("/")
    return found


def _of_version_2(file: Path) -> float | None:
    for line in file.read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec":
            return int(value) / MICROSECONDS
    return None
