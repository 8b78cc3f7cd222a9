"""The seam between sessions and whatever makes their sandboxes."""

from abc import ABC, abstractmethod

from cellblock_server.backends.sandbox import Sandbox, SandboxEnd, SandboxSpec, SandboxStats

LOG_CHARACTERS = 4000
"""Of an agent's log, when its sandbox did not start."""


class Backend(ABC):
    """Makes and removes sandboxes. Called only from `sessions/`.

    Implementations may be called concurrently for different sandboxes and must
    not block the event loop. All raise `UnavailableError` when whatever makes
    sandboxes (the engine) does not answer.
    """

    name: str
    """`docker` or `local`, as in the configuration and in `Session.backend`."""

    sessions_outlive_server: bool
    """Whether sandboxes keep running when the server process ends."""

    @abstractmethod
    async def start(self) -> None:
        """Get ready; called once, before anything else, when the server starts.

        Does not need the engine to answer: a server may start before its engine.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release connections; called once, when the server stops.

        Sandboxes keep running if `sessions_outlive_server`, and end otherwise.
        """

    @abstractmethod
    async def check(self) -> None:
        """Ask whether sandboxes can be made; called every few seconds.

        Raises `UnavailableError` if not.
        """

    @abstractmethod
    async def create(self, spec: SandboxSpec, token: str) -> Sandbox:
        """Start a sandbox whose agent accepts `token`; called when a session is created.

        Returns when it has been started; the agent may need longer to answer.
        Leaves nothing behind when it fails or is cancelled. Raises
        `WrongStateError` (`IMAGE_MISSING`, `RUNTIME_MISSING`) when the operator
        has to act.
        """

    @abstractmethod
    async def list(self) -> list[Sandbox]:
        """All running sandboxes of this server's state that this process has not made or adopted.

        Called at start, to adopt or destroy them, and when a session turns out to be lost.
        """

    @abstractmethod
    def adopt(self, sandbox_id: str) -> None:
        """Take a sandbox of an earlier process for one of our own.

        Called when its session has been taken over: from then on it is not reaped.
        """

    @abstractmethod
    async def reap(self) -> None:
        """Remove all that bears the mark of this server's state and is nobody's.

        Called when all that ran before has been adopted or destroyed, and now and then from
        then on: what an engine made for a server that was gone by then, what another hand
        made, what could not be removed at its time. Spares what this process has made or
        adopted, and other servers' sandboxes. What can't be removed is left for the next time.
        """

    @abstractmethod
    async def wait(self, sandbox_id: str) -> SandboxEnd:
        """Wait until a sandbox has ended and say how.

        Called while its agent starts, and when its agent stops answering. Returns at
        once if it has ended already or is absent.
        """

    @abstractmethod
    async def last_log(self, sandbox_id: str) -> str:
        """The end of what a sandbox's agent has logged, `LOG_CHARACTERS` at most.

        Called when a sandbox did not start, before it is destroyed. Empty if there is none, or
        if it can't be had: it only adds to an error that is raised anyway. Hostile text.
        """

    @abstractmethod
    async def stats(self, sandbox_id: str) -> SandboxStats:
        """What a sandbox uses now. Raises `NotFoundError` if it is gone."""

    @abstractmethod
    async def update(self, spec: SandboxSpec) -> None:
        """Change memory, CPU and processes of a sandbox that runs; all else of it is settled.

        Called when a session takes a sandbox that was started ahead, before any of its
        code runs. Raises `NotFoundError` if it is gone.
        """

    @abstractmethod
    async def cpu_seconds(self, sandbox_id: str) -> float:
        """CPU time of a sandbox since its start, as the host's kernel counts it.

        Called for every live session every few seconds, and before its end. Raises
        `NotFoundError` if it is gone.
        """

    @abstractmethod
    async def memory_bytes(self, sandbox_id: str) -> int | None:
        """Memory of a sandbox now, as the host's kernel counts it, caches of files included.

        Called for every live session when an operator looks. None if only the engine could
        tell, which takes a second, or if the sandbox is gone.
        """

    @abstractmethod
    async def destroy(self, sandbox_id: str) -> None:
        """Remove a sandbox with everything in it; called when its session ends.

        Running processes are killed. Idempotent: an absent sandbox is no error.
        """
