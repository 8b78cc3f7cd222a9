"""Sandboxes as their backends and callers name them: limits, specification, end, use."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxLimits:
    """What one sandbox may use. All are enforced by the kernel, none by trust."""

    memory_bytes: int
    """Memory with everything in it, tmpfs included; there is no swap."""
    cpus: float
    """Share of CPU time: 0.5 is half of one CPU."""
    pids: int
    """Processes and threads."""
    data_bytes: int
    """Size of `/mnt/data`."""
    tmp_bytes: int
    """Size of `/tmp`."""
    home_bytes: int
    """Size of the home folder."""
    open_files: int
    """File descriptors of one process."""
    file_bytes: int
    """Size of one file."""


@dataclass(frozen=True)
class Overhead:
    """What a runtime needs for itself, over the limits of what runs in the sandbox."""

    memory_bytes: int = 0
    pids: int = 0


@dataclass(frozen=True)
class SandboxSpec:
    """What to make."""

    id: str
    """`sbx_…`, unique for ever: a sandbox is never reused."""
    image: str
    runtime: str
    """Name of an OCI runtime that the engine knows; empty for the engine's default."""
    limits: SandboxLimits
    overhead: Overhead = Overhead()
    has_egress: bool = False
    """Whether there is a way out, through the server's proxy; there is no network either way."""
    preload: tuple[str, ...] = ()
    """Modules that its kernels have imported before they start."""


@dataclass(frozen=True)
class SandboxEnd:
    """How a sandbox ended."""

    words: str
    """For people: `exited with code 137 (out of memory)`, `was removed`."""
    out_of_memory: bool = False
    """Whether the host killed it for its memory."""
    detail: str = ""
    """What the engine says of it, for those who run the server: it may name paths of the host."""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs, as its backend knows it."""

    id: str
    agent_folder: Path
    """Folder on the host that holds `agent.sock`. Untrusted: see `shared_folder`."""
    inputs_folder: Path
    """Folder on the host that the sandbox sees read-only as `/mnt/inputs`."""
    first_pid: int | None
    """The sandbox's first process as this host sees it, if the backend can tell: the agent,
    or what runs a kernel of the sandbox's own."""
    has_egress: bool = False
    """As its spec had it."""


@dataclass(frozen=True)
class SandboxStats:
    """What a sandbox uses now."""

    memory_bytes: int
    cpu_seconds: float
    """Since its start."""
    pids: int
