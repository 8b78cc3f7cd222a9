"""Interface between sessions and what runs their sandboxes.

No path of the host passes through it, so a backend may run sandboxes on another machine.

docker/    hardened containers of a Docker Engine
local/     processes of this machine, for trusted code
metered.py counts and times the calls of any of them
"""

from abc import ABC, abstractmethod

from cellblock_server.backends.sandbox import (
    AgentTransport,
    Capabilities,
    EgressHandler,
    EgressListener,
    Sandbox,
    SandboxEnd,
    SandboxInput,
    SandboxSpec,
    SandboxStats,
)

LOG_CHARACTERS = 4000
"""Maximum length of the part of an agent's log that is read when its sandbox did not start."""


class Backend(ABC):
    """Creates, connects and removes sandboxes. Called from `sessions/`, `files/` and `agent/`.

    For all methods:

    - They may be called concurrently, and never block the event loop.
    - A sandbox is *known* if this object created or listed it and has not destroyed it.
      Otherwise it is *absent*, and each method says what that means.
    - They raise UnavailableError while the machinery (the engine) does not answer. Every call
      may then be repeated. Other errors are named by the method.
    - Everything in a sandbox is hostile: a backend follows no path that a sandbox can change.

    `tests/integration/backends` states the same as tests, for every backend.
    """

    name: str
    """Value of `sandbox.backend` in the configuration, and of `Session.backend`."""

    capabilities: Capabilities

    @abstractmethod
    async def start(self) -> None:
        """Prepare. The server calls it once, before all else.

        It does not need the engine: a server may start before its engine.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release connections. The server calls it once, when it stops.

        Sandboxes keep running if `capabilities.outlives_server`, and end otherwise.
        """

    @abstractmethod
    async def check(self) -> None:
        """Raise UnavailableError if sandboxes can't be created now.

        Readiness calls it every few seconds.
        """

    @abstractmethod
    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Start a sandbox whose agent accepts `token`.

        Called for a new session, and by the pool. Not idempotent: an id is used once. Returns
        when it runs; its agent may need longer to listen. Leaves nothing behind when it fails
        or is cancelled. Raises WrongStateError (`IMAGE_MISSING`, `RUNTIME_MISSING`) when the
        operator has to act.
        """

    @abstractmethod
    async def connect(self, sandbox_id: str) -> AgentTransport:
        """Return a way to the sandbox's agent as soon as it listens.

        Called after `create`, before any code runs, and again by a later server process to adopt
        the sandbox. May be repeated; the caller closes each transport.

        The wait is not bounded, and does not end with the sandbox: the caller bounds it, and
        calls `wait` at the same time. An agent that was connected to before is not waited for.
        Raises NotFoundError for an absent sandbox, HostileSandboxError if something else than
        its agent listens, and UnavailableError if that can't be found out now.
        """

    @abstractmethod
    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        """Make stored bytes readable in the sandbox's inputs; return whether they were copied.

        Called before the agent is asked to link or unpack them. Code in the sandbox can't change
        them, and what it does to its view of them shows in no other tenant's sandbox.

        Idempotent: an input that is offered already is left as it is, and not copied. A failed
        call leaves nothing under the name. Raises NotFoundError for an absent sandbox, and what
        `SandboxInput` does.
        """

    @abstractmethod
    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        """Remove an input: it is detached, or unpacked.

        Idempotent: an absent input or sandbox is no error. Code that has it open may read on.
        """

    @abstractmethod
    async def open_egress(self, sandbox_id: str, handler: EgressHandler) -> EgressListener:
        """Have `handler` serve the connections that the sandbox opens to the outside.

        Called when a session with egress starts, and when it is adopted. A new listener replaces
        the one of an earlier process. Connections without a listener are refused in the sandbox.
        Raises NotFoundError for an absent sandbox, and WrongStateError (`EGRESS_UNAVAILABLE`)
        without `capabilities.egress`.
        """

    @abstractmethod
    async def update(self, spec: SandboxSpec) -> None:
        """Change the memory, CPU and process limits of a sandbox; its other limits are fixed.

        Called when a session takes a pooled sandbox, before any of its code runs. Idempotent.
        Limits that the backend does not enforce are ignored. Raises NotFoundError for an absent
        sandbox.
        """

    @abstractmethod
    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait until the sandbox has ended, and return how.

        Called while its agent starts, and when its agent stops answering. Returns immediately if
        it has ended; an absent sandbox "was removed". May be repeated and cancelled.
        """

    @abstractmethod
    async def last_log(self, sandbox_id: str) -> str:
        """Return the end of the agent's log, `LOG_CHARACTERS` at most. Hostile text.

        Called when a sandbox did not start, before it is destroyed. Never raises: it only adds to
        an error. Empty for an absent sandbox, or if the log can't be read.
        """

    @abstractmethod
    async def stats(self, sandbox_id: str) -> SandboxStats:
        """Return the sandbox's use of resources, which may take a second.

        Raises NotFoundError for an absent or ended sandbox.
        """

    @abstractmethod
    async def cpu_seconds(self, sandbox_id: str) -> float:
        """Return the sandbox's CPU time since its start, as the host measures it.

        Called for every live session every few seconds, and before its end. Raises
        NotFoundError for an absent or ended sandbox.
        """

    @abstractmethod
    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """Return the sandbox's memory, caches of files included, as the host measures it.

        Called for every live session when an operator looks. None for an absent sandbox, and
        where only `stats` could tell.
        """

    @abstractmethod
    async def list(self) -> list[Sandbox]:
        """Return the running sandboxes of this server's state that are not owned.

        This object owns those that it created, or adopted, and did not destroy. Called when the
        server starts, and when a session turns out to be lost: listed sandboxes are adopted or
        destroyed. Ended ones are removed. Empty without `capabilities.outlives_server`.
        """

    @abstractmethod
    def adopt(self, sandbox_id: str) -> None:
        """Own a listed sandbox: its session has been taken over. Idempotent."""

    @abstractmethod
    async def reap(self) -> None:
        """Remove everything that belongs to this server's state and is not owned.

        Called after each `list` when all that it returned is adopted or destroyed, and regularly:
        an engine may have created something for a server that was gone by then. Spares other
        servers' sandboxes. Idempotent; what can't be removed is left for the next call.
        """

    @abstractmethod
    async def destroy(self, sandbox_id: str) -> None:
        """Kill everything in the sandbox and remove it.

        Called when its session ends, and for what a failed start left. Idempotent: an absent
        sandbox is no error, so a call that raised may be repeated. Afterwards it is absent, and
        not owned even if it could not be removed.
        """
