"""Values that backends and their callers exchange. None of them has a path of the host."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias


@dataclass(frozen=True)
class SandboxLimits:
    """Limits of one sandbox. The kernel enforces all of them."""

    memory_bytes: int
    """Memory, tmpfs included; there is no swap."""
    cpus: float
    """CPU time as a number of CPUs: 0.5 is half of one CPU."""
    pids: int
    """Number of processes and threads."""
    data_bytes: int
    """Size of `/mnt/data`."""
    tmp_bytes: int
    """Size of `/tmp`."""
    home_bytes: int
    """Size of the home folder."""
    open_files: int
    """Number of file descriptors of one process."""
    file_bytes: int
    """Size of one file."""


@dataclass(frozen=True)
class Overhead:
    """Resources that a runtime needs for itself, on top of the sandbox's limits."""

    memory_bytes: int = 0
    pids: int = 0


@dataclass(frozen=True)
class SandboxSpec:
    """Specification of a sandbox to create."""

    id: str
    """Id of the sandbox, `sbx_…`. Never used again: sandboxes are not reused."""
    image: str
    runtime: str
    """Name of an OCI runtime that the engine knows; empty for the engine's default."""
    limits: SandboxLimits
    overhead: Overhead = Overhead()
    has_egress: bool = False
    """Whether it has egress through the server's proxy; it has no network either way."""
    preload: tuple[str, ...] = ()
    """Modules that its kernels have imported before they start."""


@dataclass(frozen=True)
class SandboxEnd:
    """Description of a sandbox's end."""

    words: str
    """Description for people: `exited with code 137 (out of memory)`, `was removed`."""
    out_of_memory: bool = False
    """Whether the host killed it for its memory."""
    detail: str = ""
    """The engine's message, for operators only: it may contain paths of the host."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    id: str
    has_egress: bool = False
    """Whether it has egress, as in its spec."""


@dataclass(frozen=True)
class SandboxStats:
    """Resources that a sandbox uses now."""

    memory_bytes: int
    cpu_seconds: float
    """CPU time since its start."""
    pids: int


@dataclass(frozen=True)
class Capabilities:
    """Properties of a backend's sandboxes that its callers and operators depend on."""

    enforced_limits: frozenset[str]
    """Fields of `SandboxLimits` that are enforced against hostile code."""
    links_inputs: bool
    """Whether `offer_input` usually makes a hard link, which takes no time and no space."""
    outlives_server: bool
    """Whether sandboxes keep running when the server's process ends, and can be adopted."""
    egress: bool
    """Whether `open_egress` works."""
    gpu: bool = False
    """Whether code can use a GPU."""


@dataclass(frozen=True)
class AgentTransport:
    """Connection point of a sandbox's agent, for one connection at a time.

    The connection is neither encrypted nor authenticated: where a sandbox runs on another machine,
    the target is the near end of a tunnel that is both.
    """

    target: str
    """gRPC target, for repeated use: `unix:…`, `ipv4:127.0.0.1:port`."""
    close: Callable[[], None]
    """Releases the transport. Idempotent. The sandbox and its agent keep running."""


class SandboxInput(Protocol):
    """Stored bytes that a sandbox may read: a file of the session's tenant.

    Its methods raise DataLossError if the bytes are damaged, UnavailableError if they are not
    available now, and ExhaustedError if the disk has no space to fetch them.
    """

    @property
    def name(self) -> str:
        """Return the server's name for the file in the inputs: one part, no leading dot."""

    @property
    def size(self) -> int:
        """Return the size in bytes."""

    def read(self) -> AsyncIterator[bytes]:
        """Yield all bytes, in pieces."""

    async def link_to(self, destination: Path) -> bool:
        """Make a hard link on this machine, or a copy; return whether it is a link.

        Only files of the same tenant share the linked file. `destination` is in a folder that no
        sandbox can change.
        """


EgressHandler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Handler that serves one connection from inside a sandbox in its own task, and closes it."""


class EgressListener(Protocol):
    """Accepts a sandbox's connections to the outside until it is closed."""

    def close(self) -> None:
        """Accept no more connections; open ones belong to their handlers."""
