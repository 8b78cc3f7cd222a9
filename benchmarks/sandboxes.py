"""Resources of all sandboxes of a server on this machine. Needs root for other users' memory."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service import INSTANCE_LABEL, docker

MIB = 1024
"""KiB per MiB, because /proc counts in KiB."""
NANOSECONDS = 1e9


@dataclass(frozen=True)
class Memory:
    """Memory of some processes, in MiB. Source: proc(5), `smaps_rollup`."""

    private: float
    """Memory that no other process has mapped."""
    pss: float
    """Private memory, and a share of shared memory: half of what two processes share."""
    pss_anonymous: float
    """Anonymous part of `pss`, which only the end of its processes frees."""


@dataclass(frozen=True)
class Container:
    """Container of one sandbox."""

    id: str
    first_pid: int

    def processes(self) -> list[int]:
        """Return the host's ids of all its processes."""
        return [int(pid) for pid in (self._cgroup("pids") / "cgroup.procs").read_text().split()]

    def cpu_seconds(self) -> float:
        """Return the CPU time of all processes that ever ran in it."""
        folder = self._cgroup("cpuacct")
        if (file := folder / "cpuacct.usage").exists():
            return int(file.read_text()) / NANOSECONDS
        usage = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
        return int(usage["usage_usec"]) / 1e6

    def _cgroup(self, controller: str) -> Path:
        """Return its control group: one for each controller, or one for all (version 2)."""
        for line in Path(f"/proc/{self.first_pid}/cgroup").read_text().splitlines():
            _number, controllers, path = line.split(":", 2)
            if controllers == "" and not (Path("/sys/fs/cgroup") / controller).exists():
                return Path("/sys/fs/cgroup") / path.lstrip("/")
            if controller in controllers.split(","):
                return Path("/sys/fs/cgroup") / controller / path.lstrip("/")
        raise RuntimeError(f"process {self.first_pid} has no control group for {controller}")


def containers(instance: str) -> list[Container]:
    """Return the running sandboxes of a server."""
    label = f"label={INSTANCE_LABEL}={instance}"
    ids = docker("ps", "--quiet", "--no-trunc", "--filter", label).split()
    if not ids:
        return []
    pids = docker("inspect", "--format", "{{.State.Pid}}", *ids).split()
    return [Container(*pair) for pair in zip(ids, map(int, pids), strict=True)]


def memory(pids: Sequence[int]) -> Memory:
    """Return the memory of existing processes, together."""
    sums: Counter[str] = Counter()
    for pid in pids:
        for name, kib in _rollup(pid):
            sums[name] += kib
    return Memory(
        private=(sums["Private_Clean"] + sums["Private_Dirty"]) / MIB,
        pss=sums["Pss"] / MIB,
        pss_anonymous=sums["Pss_Anon"] / MIB,
    )


def _rollup(pid: int) -> Iterator[tuple[str, int]]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    for line in lines[1:]:
        name, value = line.split(":")
        yield name, int(value.split()[0])
