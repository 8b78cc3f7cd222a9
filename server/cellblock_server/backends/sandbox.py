"""Values that backends and their callers exchange. None of them names a path of the host."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias


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
    """A sandbox that runs."""

    id: str
    has_egress: bool = False
    """As its spec had it."""


@dataclass(frozen=True)
class SandboxStats:
    """What a sandbox uses now."""

    memory_bytes: int
    cpu_seconds: float
    """Since its start."""
    pids: int


@dataclass(frozen=True)
class Capabilities:
    """Properties of a backend's sandboxes that its callers and operators depend on."""

    enforced_limits: frozenset[str]
    """Fields of `SandboxLimits` that hold against hostile code."""
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
    """A way to a sandbox's agent, for one connection at a time.

    What passes here is neither encrypted nor authenticated: where a sandbox runs on another
    machine, the target is the near end of a tunnel that is both.
    """

    target: str
    """What gRPC connects to, as often as it likes: `unix:…`, `ipv4:127.0.0.1:port`."""
    close: Callable[[], None]
    """Releases it. Idempotent. The sandbox and its agent keep running."""


class SandboxInput(Protocol):
    """Stored bytes that a sandbox is to read: a file of the session's tenant.

    Its methods raise DataLossError if the bytes are damaged, UnavailableError if they can't be
    had now, and ExhaustedError if there is no room to fetch them.
    """

    @property
    def name(self) -> str:
        """File name in the sandbox's inputs, chosen by the server: one part, no dots in front."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self) -> AsyncIterator[bytes]:
        """All bytes, in pieces."""

    async def link_to(self, destination: Path) -> bool:
        """Make a hard link on this machine, or a copy; return whether it is a link.

        The linked file is of this tenant alone. `destination` is in a folder that no sandbox
        can change.
        """


EgressHandler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection from inside a sandbox, as a task of its own, and closes it."""


class EgressListener(Protocol):
    """Takes a sandbox's connections to the outside until it is closed."""

    def close(self) -> None:
        """Take no more connections; those that are open are their handlers'."""
